"""A paper from its study: the numbers are those of the trials, the same each time, and lies are found."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from browsers import browser, needs_browser
from small_study import SMALL

from workbench.audio.scales import harm
from workbench.cli import main
from workbench.experiments.campaigns.store import open_results
from workbench.experiments.monitors import watching_strategies
from workbench.papers.kinds.fault_trials import FaultTrials
from workbench.papers.kinds.strategies import Strategies
from workbench.papers.page import page_of
from workbench.papers.paper import MANIFEST, NUMBERS, Paper
from workbench.papers.study import QUICK, open_study, study_of
from workbench.papers.trial_rows import TrialRows
from workbench.sealed import read_sealed, write_sealed


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """The small paper."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "small.toml").write_text(SMALL)
    paper = Paper(open_study(folder / "small.toml"), QUICK, folder / "out", jobs=1)
    paper.make(study_text=SMALL, page=page_of)
    return paper


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and "data" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_shares_are_counted_from_the_trials(made: Paper) -> None:
    cells = [cell for cell in made.cells["flips"] if not cell.by]
    for size in ("2", "40"):
        kind = made.kinds["flips"]
        assert isinstance(kind, FaultTrials)
        table = open_results(kind._folder("int8", f"flips={size}")).table()
        for cell in cells:
            if cell.labels["size"] != size:
                continue
            if cell.measure == "harm":
                expected = harm(table["snr_db"].to_numpy()).mean()
            else:
                expected = (
                    pc.sum(pc.equal(table["quality"].cast("string"), cell.measure)).as_py() / 80
                )
            assert cell.value == pytest.approx(expected) and cell.count == 80
            assert cell.low is not None and cell.low <= cell.value <= (cell.high or 0)


def test_strategies_that_watch_behaviour_are_calibrated_once_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = '"none", "sound-sanity"'
    text = SMALL.replace('"none", "crc-scrub"', asked)
    assert asked in text
    for _ in range(2):
        paper = Paper(study_of(text, "watching", tmp_path), QUICK, tmp_path / "out", jobs=1)
        kind = paper.kinds["fleets"]
        assert isinstance(kind, Strategies)
        names = [each.strategy.name for each in kind.variants["int8"]]
        assert names == ["none", "sound-sanity"]
        monkeypatch.setattr(watching_strategies, "calibrate", None)


FACE = """
title = "A face, 100 % {"
question = "?"
[models]
face = "viseme"
[[data]]
name = "flips"
kind = "campaign"
faults = ["flips=400"]
trials = 3
utterances = ["3"]
[[table]]
name = "all"
data = "flips"
rows = "model"
columns = "measure"
caption = "c"
"""


def test_what_cannot_be_heard_is_told(tmp_path: Path) -> None:
    (tmp_path / "face.toml").write_text(FACE)
    paper = Paper(open_study(tmp_path / "face.toml"), QUICK, tmp_path / "out", jobs=1)
    page = paper.make(study_text=FACE, page=page_of).read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    found = [each["example"] for each in data["numbers"].values() if each["example"]]
    assert found and not data["sounds"]
    for each in found:
        assert each["sound"] is each["clean"] is None and each["events"]
        assert each["again"].startswith("workbench replay ")
    assert r"title = {A face, 100 \% \{}," in paper.citation


def test_groups_are_those_of_the_first_event(made: Paper) -> None:
    cells = [cell for cell in made.cells["flips"] if cell.by == ("section",)]
    for size in ("2", "40"):
        counts = {c.labels["section"]: c.count for c in cells if c.labels["size"] == size}
        assert sum(counts.values()) == 80 and {*counts} <= {"weights", "bias", "shift", "embed"}


def test_the_same_study_gives_the_same_bytes(made: Paper, tmp_path: Path) -> None:
    again = Paper(made.study, QUICK, tmp_path, jobs=1)
    again.make(study_text=SMALL, page=page_of)
    first, second = files(made.folder), files(tmp_path)
    assert (
        {*first}
        == {*second}
        > {"index.html", "tables/all.csv", "figures/map.pdf", NUMBERS, MANIFEST}
    )
    assert [name for name in first if first[name] != second[name]] == []


def test_a_page_loads_nothing_and_knows_every_number(made: Paper) -> None:
    html = (made.folder / "index.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)
    numbers = json.loads(re.search(r'id="data">(.*?)</script>', html, re.S)[1])["numbers"]  # type: ignore[index]
    shown = set(re.findall(r'data-number="(n\d+)"', html))
    drawn = set(re.findall(r'<g id="(n\d+)"', html))
    assert shown and drawn and shown | drawn <= {*numbers}
    assert len(numbers) == len(made.shown)
    for number in numbers.values():
        assert number["origin"]
        if number["data"] == "flips" and number["title"].startswith("broken") and number["example"]:
            assert number["example"]["again"].startswith("workbench replay ")
            assert number["example"]["events"]


def test_numbers_come_out_again(made: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    study = str(made.folder.parent / "small.toml")
    before = files(made.folder)
    assert main(["paper", study, "--out", str(made.folder), "--verify", "12", "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert said.count("\nequal  ") == 12 and "NOT EQUAL" not in said
    assert "0 of them changed" in said and "0 of them otherwise" in said
    assert files(made.folder) == before


def test_the_playing_is_what_is_compared(
    made: Paper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Trials that were kept with another energy of the error than the reference gives."""
    kind = made.kinds["flips"]
    cell = next(c for c in made.cells["flips"] if not c.by and c.labels["size"] == "40")
    assert kind.again(cell, np.random.default_rng(0)).equal
    assert isinstance(kind, FaultTrials)
    rows = kind._rows["int8", "flips=40"]
    monkeypatch.setitem(rows.__dict__, "error", rows.error + 1)
    assert not kind.again(cell, np.random.default_rng(0)).equal


@pytest.mark.parametrize(
    ("measure", "kept"),
    [
        ("harm", "harm_of_devices"),
        ("broken", "words_of_devices"),
        ("latency", "detected_of_devices"),
        ("left", "bits_left_of_devices"),
    ],
)
def test_a_device_alone_is_what_is_compared(
    made: Paper, monkeypatch: pytest.MonkeyPatch, measure: str, kept: str
) -> None:
    kind = made.kinds["fleets"]
    assert isinstance(kind, Strategies)
    cells = [
        c for c in made.cells["fleets"] if c.measure == measure and c.labels["environment"] == "ber"
    ]
    assert len(cells) == 2
    assert all(kind.again(cell, np.random.default_rng(1)).equal for cell in cells)
    for record in kind._records:
        changed = (np.array(record[kept]) + 1e-6).tolist()
        monkeypatch.setitem(record, kept, changed)
    assert not any(kind.again(cell, np.random.default_rng(1)).equal for cell in cells)


def test_a_difference_is_of_two_devices(made: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = made.kinds["fleets"]
    assert isinstance(kind, Strategies)
    (cell,) = (
        c
        for c in made.cells["fleets"]
        if c.measure == "difference"
        and (c.labels["environment"], c.labels["strategy"]) == ("ber", "none")
    )
    assert kind.again(cell, np.random.default_rng(1)).equal
    (other,) = (
        r for r in kind._records if (r["environment"], r["strategy"]) == ("ber", "crc-scrub")
    )
    monkeypatch.setitem(other, "harm_of_devices", [h + 1e-6 for h in other["harm_of_devices"]])
    assert not kind.again(cell, np.random.default_rng(1)).equal


def test_shares_of_words_have_intervals_over_devices(made: Paper) -> None:
    kind = made.kinds["fleets"]
    assert isinstance(kind, Strategies)
    for cell in made.cells["fleets"]:
        if cell.measure in ("broken", "unheard"):
            assert cell.low is not None and cell.low <= cell.value <= cell.high
            _, record = kind._found(cell)
            kept = (
                record["quality"]["broken"] if cell.measure == "broken" else record["availability"]
            )
            assert cell.value == pytest.approx(kept, abs=1e-12)


def test_changed_data_come_out_again(tmp_path: Path) -> None:
    text = SMALL.replace('"single", "ber"', '"drift", "stalled"')
    paper = Paper(study_of(text, "drifts", tmp_path), QUICK, tmp_path / "out", jobs=1)
    kind = paper.kinds["fleets"]
    kind.run()
    cells = [cell for cell in kind.cells() if cell.measure == "harm"]
    assert len(cells) == 4 and all(cell.value for cell in cells)
    for cell in cells:
        example = kind.example(cell)
        assert example is not None and example.clean is not None
        assert (example.sound != example.clean).any()
        assert kind.again(cell, np.random.default_rng(1)).equal


def test_what_was_edited_is_found(
    made: Paper, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = str(made.folder.parent / "small.toml")
    copy = tmp_path / "copy"
    shutil.copytree(made.folder, copy)

    def verified() -> str:
        assert main(["paper", study, "--out", str(copy), "--verify", "1", "--jobs", "1"]) == 2
        return capsys.readouterr().err

    table = copy / "tables" / "all.csv"
    table.write_text(table.read_text().replace("2,", "3,", 1))
    assert "the first: the file tables/all.csv" in verified()
    shutil.copy(made.folder / "tables" / "all.csv", table)

    numbers = read_sealed(copy / NUMBERS, "")
    numbers["flips"][0]["value"] += 0.01
    write_sealed(copy / NUMBERS, numbers)
    assert "flips, {" in verified()
    shutil.copy(made.folder / NUMBERS, copy / NUMBERS)

    manifest = (copy / MANIFEST).read_text()
    (copy / MANIFEST).write_text(manifest.replace('"quick"', '"full"'))
    assert "was edited" in verified()


def test_verifying_measures_nothing_anew(
    made: Paper, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made.folder, copy)
    words = ["paper", str(made.folder.parent / "small.toml"), "--out", str(copy), "--verify", "1"]
    record = next((copy / "data/fleets").rglob("crc-scrub-single*.json"))
    record.unlink()
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert main([*words, "--jobs", "1"]) == 2
    assert (
        f"{record.relative_to(copy)} is missing, damaged, or was made by" in capsys.readouterr().err
    )
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
    shutil.rmtree(copy / "data")
    assert main([*words, "--jobs", "1"]) == 2
    assert "data" in capsys.readouterr().err and not (copy / "data").exists()


def test_a_paper_of_another_model_is_not_verified(
    made: Paper, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = read_sealed(made.folder / MANIFEST, "")
    manifest["models"]["int8"]["program"] = "0" * 64
    write_sealed(tmp_path / MANIFEST, manifest)
    study = str(made.study.folder / "small.toml")
    assert main(["paper", study, "--verify", "1", "--out", str(tmp_path)]) == 2
    assert "was made of another model than challenge is now" in capsys.readouterr().err


def test_a_paper_of_another_study_is_not_verified(
    made: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    other = made.folder.parent / "other.toml"
    other.write_text(SMALL.replace("seed = 3", "seed = 4"))
    assert main(["paper", str(other), "--out", str(made.folder), "--verify", "1"]) == 2
    assert "was made from another study or budget" in capsys.readouterr().err


def test_rows_have_a_place_of_their_own(made: Paper) -> None:
    kind = made.kinds["flips"]
    assert isinstance(kind, FaultTrials)
    for rows in kind._rows.values():
        assert isinstance(rows, TrialRows)
        for grouping in ("", "section", "section bit"):
            every = np.concatenate([where for _, where in rows.groups(grouping)])
            assert sorted(every.tolist()) == list(range(80))
            for labels, where in rows.groups(grouping):
                assert (rows.members(grouping.split(), labels) == where).all()


@needs_browser
def test_a_click_plays_what_is_behind_a_number(made: Paper, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with browser(tmp_path / "profile", width=1100, height=900) as context:
        page = context.new_page()
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on(
            "console", lambda line: failures.append(line.text) if line.type == "error" else None
        )
        page.goto((made.folder / "index.html").as_uri())
        text = page.locator("#behind-text")
        expect(page.locator("#behind")).to_be_hidden()
        page.locator("figure#all tbody tr:nth-child(2) td:last-child button").click()
        expect(text).to_contain_text("workbench replay")
        audio = text.locator("audio")
        expect(audio).to_have_count(2)
        lengths_s = page.evaluate(
            "Promise.all([...document.querySelectorAll('audio')].map(async (a) => {"
            "if (!a.duration) await new Promise((ready) => a.addEventListener('loadedmetadata', ready));"
            "return a.duration; }))"
        )
        assert len(lengths_s) == 2 and min(lengths_s) > 0.3
        page.keyboard.press("Escape")
        expect(page.locator("#behind")).to_be_hidden()
        mark = page.locator("figure#map [data-number]").last
        mark.focus()
        page.keyboard.press("Enter")
        expect(text).to_contain_text("From flips:")
        assert page.locator(".drawn [data-number]").count() > 10
        assert not failures
