"""Folders of results: damaged ones are noticed and redone, others refused, parts merged exactly."""

from __future__ import annotations

import errno
import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path

import duckdb
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_campaign import IMAGE, run_small, small_campaign

from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.manifest import FORMAT_VERSION, Campaign
from workbench.experiments.campaigns.shards import encode, read_shard, shard_name
from workbench.experiments.campaigns.store import Store, merge, open_results, read_results
from workbench.experiments.campaigns.trial_table import SCHEMA


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    run_small(folder)
    return folder


@pytest.fixture(scope="module")
def rows(whole: Path) -> pa.Table:
    return read_results(whole)


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    (tmp_path / "copy" / "shards").mkdir(parents=True)
    for path in (whole / "manifest.json", *(whole / "shards").iterdir()):
        (tmp_path / "copy" / path.relative_to(whole)).write_bytes(path.read_bytes())
    return tmp_path / "copy"


def shards(folder: Path) -> list[Path]:
    return sorted((folder / "shards").glob("*.parquet"))


def test_results_are_read_in_one_line(whole: Path, rows: pa.Table) -> None:
    assert rows.schema == SCHEMA
    assert rows.num_rows == 2 * 1500 and len(shards(whole)) == 60
    assert rows["trial"].to_pylist() == 2 * list(range(1500))
    frame = pandas.read_parquet(f"{whole}/shards")
    assert list(frame.columns) == SCHEMA.names
    assert (frame["error_energy"].to_numpy() == rows["error_energy"].to_numpy()).all()
    assert frame["quality"].tolist() == rows["quality"].to_pylist()
    counted = duckdb.sql(f"select quality, count(*) from '{whole}/shards/*.parquet' group by all")
    assert dict(counted.fetchall()) == frame["quality"].astype(str).value_counts().to_dict()


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def renamed(path: Path) -> None:
    path.rename(path.with_name(f"000059-{path.name.partition('-')[2]}"))


def no_parquet(path: Path) -> None:
    path.rename(path.with_name(shard_name(3, b"nothing")))
    path.with_name(shard_name(3, b"nothing")).write_bytes(b"nothing")


def from_elsewhere(path: Path) -> None:
    table = pa.table({"trial": [1]})
    data = encode(table, number=3, campaign="another")
    path.unlink()
    path.with_name(shard_name(3, data)).write_bytes(data)


def of_other_columns(path: Path) -> None:
    table = pa.table({"trial": [1]})
    data = encode(table, number=3, campaign=small_campaign().identity)
    path.unlink()
    path.with_name(shard_name(3, data)).write_bytes(data)


def without_its_last_row(path: Path) -> None:
    data = encode(read_shard(path)[:-1], number=3, campaign=small_campaign().identity)
    path.unlink()
    path.with_name(shard_name(3, data)).write_bytes(data)


def badly_named(path: Path) -> None:
    path.rename(path.with_name("best results.parquet"))


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (cut_short, "was cut short or altered"),
        (altered, "was cut short or altered"),
        (renamed, "has the name of another shard"),
        (no_parquet, "is no Parquet file"),
        (from_elsewhere, "belongs to another campaign"),
        (of_other_columns, "has other columns than a shard"),
        (without_its_last_row, "has 49 rows and not 50"),
        (badly_named, "is no shard by its name"),
    ],
)
def test_a_damaged_shard_is_named_and_redone(
    harm: object, why: str, copy: Path, rows: pa.Table
) -> None:
    harm(shards(copy)[3])  # type: ignore[operator]
    with pytest.raises(WorkbenchError, match=f"{why}; run the same"):
        open_results(copy)
    with Store(copy, small_campaign()) as store:
        assert [damage.why for damage in store.damaged] == [why]
        assert store.damaged[0].path.parent == copy / "damaged"
        assert store.done == set(range(60)) - {3}
    run_small(copy)
    assert read_results(copy).equals(rows)


def test_a_shard_that_is_there_twice_counts_once(copy: Path, rows: pa.Table) -> None:
    """As after another version, which compresses otherwise, did it as well."""
    sink = pa.BufferOutputStream()
    pq.write_table(pq.read_table(shards(copy)[4]), sink, compression="gzip")
    again = sink.getvalue().to_pybytes()
    (copy / "shards" / shard_name(4, again)).write_bytes(again)
    with Store(copy, small_campaign()) as store:
        assert ["repeats" in str(damage) for damage in store.damaged] == [True]
        assert store.done == set(range(60))
    assert read_results(copy).equals(rows)


def test_shards_that_contradict_each_other_are_both_redone(copy: Path, rows: pa.Table) -> None:
    wrong = encode(read_results(copy).slice(1, 50), number=0, campaign=small_campaign().identity)
    (copy / "shards" / shard_name(0, wrong)).write_bytes(wrong)
    with Store(copy, small_campaign()) as store:
        assert len(store.damaged) == 2 and 0 not in store.done
        assert all("contradicts" in str(damage) for damage in store.damaged)
    run_small(copy)
    assert read_results(copy).equals(rows)


def test_leftovers_of_killed_writers_are_removed(copy: Path) -> None:
    shard = shards(copy)[0].name
    leftovers = [
        copy / "shards" / f".{shard}.abcdefg_.parquet",
        copy / ".manifest.json.q0q0q0q0.json",
    ]
    for path in leftovers:
        path.write_bytes(b"half")
    assert open_results(copy).campaign == small_campaign()
    Store(copy, small_campaign()).close()
    assert not any(path.exists() for path in leftovers)


def test_what_others_put_there_with_a_dot_stays(copy: Path, rows: pa.Table) -> None:
    (copy / "shards" / ".ipynb_checkpoints").mkdir()
    others = [copy / "shards" / ".DS_Store", copy / ".manifest.json.swp"]
    others.append(copy / "shards" / ".ipynb_checkpoints" / "note")
    for path in others:
        path.write_bytes(b"mine")
    Store(copy, small_campaign()).close()
    assert read_results(copy).equals(rows)
    assert all(path.read_bytes() == b"mine" for path in others)


def test_what_is_stored_has_a_format_of_its_own() -> None:
    """Whoever changes columns or manifest counts FORMAT_VERSION up and then this digest changes.

    Not so for `own_code`, `scale` and `choices`, which are left out where they are empty, as they were in every manifest
    before.
    """
    columns = [f"{field.name} {field.type}" for field in SCHEMA]
    text = repr((FORMAT_VERSION, columns, [field.name for field in fields(Campaign)]))
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == "d81690b4d79d"


def test_results_of_another_version_are_not_called_damaged(copy: Path) -> None:
    """As before the columns of what was heard."""
    manifest = copy / "manifest.json"
    altered = json.loads(manifest.read_text()) | {"format": 1}
    del altered["listen"]
    manifest.write_text(json.dumps(altered))
    for opened in (open_results, lambda folder: Store(folder, small_campaign())):
        with pytest.raises(
            WorkbenchError, match=r"written by another version .*read it with the ver"
        ):
            opened(copy)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"plan": "flips=2,seed=0"}, "plan 'each=flip,frame=0,seed=0' and not 'flips=2,seed=0'"),
        ({"image": "0" * 64}, "image '"),
        ({"utterances": ("one",)}, "utterances "),
        ({"inputs": "0"}, "inputs "),
        ({"trials": 3}, "trials 1500 and not 3"),
        ({"log_mel": 3}, "log mel 0 and not 3"),
        ({"listen": 3}, "listen 0 and not 3"),
        ({"protection": "abc"}, "protection '' and not 'abc'"),
    ],
)
def test_a_folder_of_another_campaign_is_refused(
    change: dict[str, object], named: str, whole: Path
) -> None:
    other = replace(small_campaign(), **change)  # type: ignore[arg-type]
    with pytest.raises(WorkbenchError) as refusal:
        Store(whole, other)
    assert named in str(refusal.value) and "--out" in str(refusal.value)


def test_what_is_no_results_folder_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="holds no results"):
        open_results(tmp_path)
    manifest = copy / "manifest.json"
    text = manifest.read_text()
    for wrong, why in (
        (text[:-20], "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        (text.replace('"trials": 1500', '"trials": 1400'), "was edited since it was written"),
        (
            text.replace('"format": 3', '"format": 5'),
            r"another version.*\(format 5, this one has 4\)",
        ),
        ("[]", "is not a JSON object"),
        ("{}", "format None"),
    ):
        manifest.write_text(wrong)
        with pytest.raises(WorkbenchError, match=why):
            open_results(copy)
        with pytest.raises(WorkbenchError, match=why):
            Store(copy, small_campaign())
    manifest.unlink()
    with pytest.raises(WorkbenchError, match=r"holds shards without manifest\.json"):
        Store(copy, small_campaign())


def test_a_shard_that_arrow_cannot_read_is_named(copy: Path) -> None:
    """Its name is right, as if a faulty machine had written it."""
    path = shards(copy)[3]
    data = bytearray(path.read_bytes())
    data[200:600] = bytes(400)
    path.unlink()
    path.with_name(shard_name(3, bytes(data))).write_bytes(data)
    with pytest.raises(WorkbenchError, match=r"cannot read .*000003-.*which redoes it"):
        read_results(copy)


def test_two_writers_at_once_are_refused(copy: Path) -> None:
    with Store(copy, small_campaign()):
        with pytest.raises(WorkbenchError, match="another campaign is writing"):
            Store(copy, small_campaign())
        assert read_results(copy).num_rows == 3000
    Store(copy, small_campaign()).close()


def test_results_of_another_image_are_refused(whole: Path) -> None:
    open_results(whole).check(IMAGE)
    with pytest.raises(WorkbenchError, match="name its checkpoint or image"):
        open_results(whole).check(IMAGE.flip([1]))


def test_a_full_disk_is_one_sentence_and_loses_nothing(
    tmp_path: Path, rows: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, room = Path.write_bytes, [17]

    def full(path: Path, data: bytes) -> int:
        if path.suffix == ".parquet":
            room[0] -= 1
            if room[0] < 0:
                write(path, data[:10])
                raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(WorkbenchError, match=r"No space left on device.*free some space"):
            run_small(tmp_path)
    assert len(open_results(tmp_path, whole=False).shards) == 17
    assert not list((tmp_path / "shards").glob(".*"))
    with pytest.raises(WorkbenchError, match="43 of 60 shards are missing"):
        read_results(tmp_path)
    run_small(tmp_path)
    assert read_results(tmp_path).equals(rows)


def test_parts_merge_to_the_whole(whole: Path, tmp_path: Path, rows: pa.Table) -> None:
    parts = [tmp_path / f"part{n}" for n in (1, 2, 3)]
    for n, part in enumerate(parts, 1):
        run_small(part, part=(n, 3))
    merge(parts[:2], tmp_path / "two")
    assert len(open_results(tmp_path / "two", whole=False).shards) == 40
    cut_short(shards(parts[0])[5])
    damaged = merge([*parts, whole, tmp_path / "two"], tmp_path / "out")
    assert [damage.path.parent.parent for damage in damaged] == [parts[0]]
    assert read_results(tmp_path / "out").equals(rows)
    assert merge(parts[1:], tmp_path / "out") == []
    assert read_results(tmp_path / "out").equals(rows)


def test_merging_refuses_what_does_not_belong_together(
    whole: Path, copy: Path, tmp_path: Path
) -> None:
    run_small(tmp_path / "other", small_campaign("flips=1"))
    with pytest.raises(
        WorkbenchError, match=r"cannot merge .*other.*plan 'flips=1,seed=0' and not"
    ):
        merge([whole, tmp_path / "other"], tmp_path / "out")
    wrong = encode(read_results(copy).slice(1, 50), number=7, campaign=small_campaign().identity)
    shards(copy)[7].unlink()
    (copy / "shards" / shard_name(7, wrong)).write_bytes(wrong)
    for folders in ([whole, copy], [copy]):
        target = tmp_path / "out" if len(folders) == 2 else whole
        with pytest.raises(WorkbenchError, match="contradict each other"):
            merge(folders, target)
    assert not (tmp_path / "out").exists()
    with pytest.raises(WorkbenchError, match="nothing to merge"):
        merge([], tmp_path / "out")
