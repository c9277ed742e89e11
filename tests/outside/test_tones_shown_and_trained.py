"""The generator from outside in the demonstration, the benchmarks and a notebook's training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tones import RATE_HZ, SAMPLES_A_FRAME, Tones

import workbench as wb
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.demo import demo

pytestmark = pytest.mark.usefixtures("registered")


def test_it_is_demonstrated(
    of: list[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the firmware, which other tests build."""
    monkeypatch.setattr(demo, "run_device", lambda *_, **__: (None, "left out of this test"))
    assert main(["demo", *of, "--out", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["spoken"] == "a low tone" and summary["clips"]["healed"]["clean"]["identical"]
    assert summary["clips"]["recording"]["sound"]["seconds"] == 24 * SAMPLES_A_FRAME / RATE_HZ
    assert summary["life"]["words"] == (["low", "middle", "high"] * 3)[:8]
    assert (
        summary["recogniser_absent"] == "no recogniser listens: the generator tones makes no speech"
    )
    page = (tmp_path / "index.html").read_text()
    assert "workbench train tones --preset default --seed 0 --out DIR" in page
    assert f"workbench demo tones --checkpoint {folder} --word low --seed 0" in page
    assert "a middle tone</text>" in page and "0–4 kHz upwards" in page and "--classes" not in page


def test_it_is_trained_in_a_notebook(tmp_path: Path) -> None:
    voice = wb.train("tones", tmp_path / "c", preset="tiny", settings={"frames": 6}, seed=3)
    assert (len(voice.speak("high")), voice.metadata["seed"]) == (6 * SAMPLES_A_FRAME, 3)
    wb.save_program(voice.program, tmp_path / "t.program")
    assert wb.load_program(tmp_path / "t.program").content_hash == voice.program.content_hash
    for arguments, words in (
        (dict(), "holds a finished checkpoint already; open it with wb.load"),
        (dict(preset="tny"), "has no preset 'tny'; did you mean tiny"),
        (dict(seed=1.5), "the seed of a training is 1.5"),
        (dict(generator="tonse"), "no generator 'tonse'; did you mean tones"),
        (dict(generator=Tones()), "is of the type Tones; give its name; wb.register"),
    ):
        with pytest.raises(WorkbenchError, match=words):
            wb.train(**{"generator": "tones", "out": tmp_path / "c", **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("benchmark", "options", "says"),
    [
        ("codes", ["--trials", "20"], "golden inputs of"),
        ("diagnoses", ["--trials", "1", "--strategy", "crc-scrub"], "crc-scrub"),
        ("estimate", ["--repeats", "2"], "saying 'low'"),
    ],
)
def test_it_is_benchmarked(
    of: list[str], benchmark: str, options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", benchmark, "--generator", *of, *options]) == 0
    assert says in capsys.readouterr().out


def test_a_benchmark_refuses_options_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "start", "--generator", "tones", "--repeats", "1"]) == 2
    assert "`bench start` has no use for --generator, which is for " in capsys.readouterr().err
