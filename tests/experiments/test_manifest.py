"""Manifests of campaigns: what results are of and where they came from cannot be edited unnoticed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from small_campaign import run_small, small_campaign

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns import manifest
from workbench.experiments.campaigns.store import open_results, read_results
from workbench.sealed import write_sealed

FEW = small_campaign(trials=20)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    run_small(folder, FEW)
    return folder


@pytest.fixture(scope="module")
def rows(whole: Path) -> pa.Table:
    return read_results(whole)


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


@pytest.mark.parametrize("key", ["commit", "versions", "seed", "plan_hash", "shards", "identity"])
def test_where_results_came_from_cannot_be_edited(key: str, copy: Path) -> None:
    path = copy / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: "0" * 40}))
    with pytest.raises(WorkbenchError, match=r"manifest\.json was edited since it was written"):
        open_results(copy)


@pytest.mark.parametrize(
    "change",
    [{"utterances": "ab"}, {"utterances": []}, {"utterances": [["a"], "b"]}, {"utterances": ["a", "a"]}, {"utterances": 3},
     {"trials": 0}, {"trials": "9"}, {"trials_a_shard": 0}, {"image": None}, {"population": "all"},
     {"log_mel": -1}, {"seed": 3}, {"plan_hash": "0"}, {"shards": 1}, {"plan": "flips=2,seed=0"}],
)  # fmt: skip
def test_a_sealed_manifest_that_cannot_be_is_refused(change: dict, copy: Path) -> None:
    contents = json.loads((copy / "manifest.json").read_text())
    write_sealed(copy / "manifest.json", contents | change)
    with pytest.raises(WorkbenchError, match=r"manifest\.json is damaged"):
        open_results(copy)


def test_results_of_before_the_digest_are_sealed_on_request(
    copy: Path, rows: pa.Table, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = copy / "manifest.json"
    contents = json.loads(manifest.read_text())
    earlier = {key: value for key, value in contents.items() if key != "sha256"}
    manifest.write_text(json.dumps(earlier))
    with pytest.raises(WorkbenchError, match="workbench seal"):
        open_results(copy)
    assert main(["seal", str(copy)]) == 0
    assert FEW.image[:12] in capsys.readouterr().out
    assert json.loads(manifest.read_text()) == contents and read_results(copy).equals(rows)
    assert main(["seal", str(copy)]) == 2
    manifest.write_text(json.dumps(earlier | {"trials": 3}))
    assert main(["seal", str(copy)]) == 2
    assert "is damaged" in capsys.readouterr().err


def test_whoever_goes_on_with_a_campaign_is_named_beside_who_began(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = json.loads((copy / "manifest.json").read_text())
    run_small(copy, FEW)
    assert json.loads((copy / "manifest.json").read_text()) == begun
    for commit in ("1" * 40, "2" * 40, "1" * 40):
        monkeypatch.setattr(
            manifest, "provenance", lambda commit=commit: {"commit": commit, "versions": {}}
        )
        run_small(copy, FEW)
    contents = json.loads((copy / "manifest.json").read_text())
    assert contents["commit"] == begun["commit"]
    assert [each["commit"] for each in contents["continued_by"]] == ["1" * 40, "2" * 40]
    assert open_results(copy).campaign == FEW
