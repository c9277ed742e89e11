"""Studies as files: what can be wrong in one is said in one sentence, and those that ship are whole."""

from __future__ import annotations

from pathlib import Path
from string import ascii_letters, digits

import pytest
from small_study import SMALL

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.face.publishing import paper as paper_of
from workbench.memory.faults.plan import Plan
from workbench.papers.drawing import DRAWINGS
from workbench.papers.kinds import KINDS, kind_named
from workbench.papers.options import read_options
from workbench.papers.paper import Paper
from workbench.papers.study import FULL, QUICK, open_study, shipped_studies, study_of


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_ask_for_what_there_is(name: str) -> None:
    study = open_study(name)
    for data in study.data:
        kind = kind_named(data.kind)
        for budget in (QUICK, "full"):
            read_options(kind.OPTIONS, data.of(budget), data.name)
            for fault in data.of(budget).get("faults", ()):
                Plan.parse(fault)
    of_kind = {data.name: kind_named(data.kind) for data in study.data}
    for table in study.tables:
        assert {*table.keep.get("measure", ())} <= {*of_kind[table.data].MEASURES}
    for figure in study.figures:
        assert figure.kind in DRAWINGS and figure.y in of_kind[figure.data].MEASURES
    assert study.question.strip().endswith("?") or len(study.question) > 100


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_there(name: str) -> None:
    assert kind_named(name).MEASURES


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "A small study"', "title = 3", "title in the study s is 3 (int); give text"),
        ('title = "A small study"\n', "", "the study s has no title; give it"),
        ("seed = 3", "sead = 3", "unknown key 'sead'; did you mean seed?"),
        ("seed = 3", "seed = ", "is no TOML"),
        ('int8 = "challenge"', "int8 = 8", "int8 of models in the study s is 8 (int); give text"),
        ('data = "fleets"\nrows', 'data = "fleet"\nrows', "shows the data 'fleet'; did you mean fleets?"),
        ('name = "left"', 'name = "all"', "calls a table or figure 'all'"),
        ('name = "left"', 'name = "../left"', "letters, digits and dashes"),
        ('caption = "A map."', "", "[[figure]] map has no caption; give it"),
        ('kind = "comparison"', 'kind = "comparison"\nmodels = ["int9"]', "names the model 'int9'; did you mean int8?"),
        ('columns = "environment"', 'columns = ["a"]', "columns in [[table]] left is ['a'] (list); give text"),
        ('keep = { measure = ["harm"] }', "keep = 3", "give a table of keys and values"),
        ('keep = { measure = ["harm"] }', "keep = { measure = [3] }", "give a list of texts"),
        ('int8 = "challenge"', '"../int8" = "challenge"', "calls a model '../int8'"),
        ('int8 = "challenge"', '"" = "challenge"', "calls a model ''"),
        ('log = ["y"]', 'log = ["z"]', "the figure bars has log 'z'; name axes"),
        ('caption = "Harm."', 'caption = "Harm."\nintervals = 1', "is 1 (int); give true or false"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(WorkbenchError) as caught:
        study_of(SMALL.replace(old, new, 1), "s", Path())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tables_are_lists_of_tables() -> None:
    text = 'title = "t"\nquestion = "q"\ntable = 3\n[models]\na = "challenge"\n'
    with pytest.raises(WorkbenchError, match=r"is no list of tables; write \[\[table\]\]"):
        study_of(text, "s", Path())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"flips=2", ', '"flops=2", ', "flops"),
        ("trials = 40", "trials = 0", "give their number as trials"),
        ("trials = 40", "trials = -1", "wants -1 trials"),
        ('"section bit"]', '"section bite"]', "there is no place of a fault 'bite'; did you mean bit?"),
        ('utterances = ["3", "7"]', 'utterances = ["73"]', "cannot say '73'"),
        ("devices = 3", "devices = 0", "has devices = 0; give at least 1"),
        ('"crc-scrub"]', '"crc-scrap"]', "crc-scrub"),
        ('"ber"]', '"bear"]', "bear"),
        ("words = 2", "word = 2", "unknown key 'word'; did you mean words?"),
        ('kind = "comparison"', 'kind = "comparisons"', "there is no kind of experiment 'comparisons'"),
        ('kind = "bars"', 'kind = "bar"', "bars is of the kind 'bar'; did you mean bars?"),
        ('y = "broken"', 'y = "broke"', "curve draws 'broke', which is not measured; did you mean broken?"),
        ('int8 = "challenge"', 'int8 = "chalenge"', "there is no generator, shipped checkpoint or folder"),
    ],
)  # fmt: skip
def test_impossible_experiments_are_refused_before_any_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    assert old in SMALL
    path = tmp_path / "mine.toml"
    path.write_text(SMALL.replace(old, new, 1))
    assert main(["paper", str(path), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 1
    assert not list(tmp_path.glob("out/data/*/*/*"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["paper"], "name a study: behaviour, bits"),
        (["paper", "bitz"], "did you mean bits?"),
        (["paper", "bits", "--verify", "0"], "give at least 1"),
        (["paper", "bits", "--verify", "2", "--out", "nowhere"], "nowhere holds no paper"),
        (["paper", "bits", "--jobs", "0"], "--jobs is 0; it must be at least 1"),
    ],
)
def test_what_cannot_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_study_of_ones_own_is_a_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    assert main(["paper", "precision", "--copy", str(path)]) == 0
    assert open_study(path).models == open_study("precision").models
    assert main(["paper", "precision", "--copy", str(path)]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("bits.toml", "workbench paper bits.toml --full"),  # not the one that ships
        ("bits", "workbench paper ./bits --full"),
        ("my study.toml", "workbench paper 'my study.toml' --full"),
    ],
)
def test_the_command_names_the_file(tmp_path: Path, file: str, command: str) -> None:
    (tmp_path / file).write_text(SMALL)
    paper = Paper(open_study(tmp_path / file), FULL, tmp_path / "out")
    assert paper.command == command
    assert Paper(open_study("bits"), FULL, tmp_path).command == "workbench paper bits --full"
    key, title = paper.citation.splitlines()[:2]
    assert set(key.removeprefix("@misc{").removesuffix(",")) <= {*ascii_letters, *digits, "-"}
    assert title == "  title = {A small study},"


def test_models_without_sound_are_not_measured_as_voices(tmp_path: Path) -> None:
    text = 'title = "t"\nquestion = "q"\n[models]\nint8 = "viseme"\n[[data]]\nname = "q"\nkind = "quality"'
    paper = Paper(study_of(text, "s", Path()), QUICK, tmp_path)
    with pytest.raises(WorkbenchError, match="how models speak, and int8 gives a face"):
        _ = paper.kinds


def test_a_folder_that_is_none() -> None:
    with pytest.raises(WorkbenchError, match="the folder of a paper is None"):
        paper_of("bits", None)  # type: ignore[arg-type]
