"""Notebooks run on copies: nothing tracked changes, nobody's edits are lost, a newer notebook arrives."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.panels import notebook_files
from workbench.panels.notebook_files import copy_notebooks, main, results_folder

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CELLS = st.lists(st.tuples(st.sampled_from(["code", "markdown"]), st.text(max_size=30)), max_size=4)


def _notebook(cells: list[tuple[str, str]]) -> dict[str, Any]:
    made: list[dict[str, Any]] = []
    for kind, source in cells:
        cell = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
        made.append(cell | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _put(path: Path, notebook: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _run(path: Path) -> None:
    """What JupyterLab saves after a run: outputs and counts, a source as one text."""
    notebook = json.loads(path.read_text("utf-8"))
    for number, cell in enumerate(notebook["cells"]):
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            text = {"output_type": "stream", "name": "stdout", "text": "printed"}
            cell.update(execution_count=number, outputs=[text])
    _put(path, notebook)


def _cells(path: Path) -> list[tuple[str, str]]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]


@settings(max_examples=40)
@given(CELLS, CELLS, CELLS, st.booleans())
def test_edits_survive_and_what_was_only_run_is_updated(
    shipped: list[tuple[str, str]],
    edited: list[tuple[str, str]],
    newer: list[tuple[str, str]],
    again: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        original, mine = Path(folder) / "from" / "a.ipynb", Path(folder) / "to" / "a.ipynb"
        _put(original, _notebook(shipped))
        bytes_before = original.read_bytes()
        assert not list(copy_notebooks(original.parent, mine.parent))
        assert _cells(mine) == _cells(original)
        _run(mine)
        ran = mine.read_bytes()
        assert not list(copy_notebooks(original.parent, mine.parent))
        assert mine.read_bytes() == ran  # outputs stay while nothing is newer
        assert original.read_bytes() == bytes_before

        if edited != shipped:
            notebook = json.loads(mine.read_text("utf-8"))
            notebook["cells"] = _notebook(edited)["cells"]
            _put(mine, notebook)
        before = mine.read_bytes()
        _put(original, _notebook(newer))
        messages = list(copy_notebooks(original.parent, mine.parent))
        if again:
            list(copy_notebooks(original.parent, mine.parent))
        if edited == shipped:
            assert _cells(mine) == _cells(original)
        else:
            assert mine.read_bytes() == before
            assert bool(messages) == (newer not in (shipped, edited))
            assert all("is edited and stays" in each for each in messages)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}', "[" * 100_000])
def test_a_copy_that_cannot_be_read_stays(tmp_path: Path, text: str) -> None:
    _put(tmp_path / "from" / "a.ipynb", _notebook([("code", "1")]))
    damaged = tmp_path / "to" / "a.ipynb"
    damaged.parent.mkdir()
    damaged.write_text(text)
    (message,) = copy_notebooks(tmp_path / "from", damaged.parent)
    assert "cannot be read" in message and "stays as it is" in message and "\n" not in message
    assert damaged.read_text() == text


def test_the_shipped_ones_are_copied_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in NOTEBOOKS.rglob("*") if path.is_file()}
    assert main([str(NOTEBOOKS), str(tmp_path / "copies")]) == 0
    assert "run and edit them freely" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "copies").iterdir()}
    assert names == {path.name for path in NOTEBOOKS.glob("*.ipynb")}
    after = {path: path.read_bytes() for path in NOTEBOOKS.rglob("*") if path.is_file()}
    assert after == before


def test_make_lab_opens_the_copies() -> None:
    rules = (NOTEBOOKS.parent / "Makefile").read_text("utf-8").split("\nlab:")[1].split("\n\n")[0]
    assert "workbench.panels.notebook_files notebooks out/notebooks" in rules
    assert rules.rstrip().endswith("jupyterlab out/notebooks")


@pytest.mark.parametrize("words", [[], ["a"], ["a", "b", "c"]])
def test_a_mistake_is_a_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_no_notebooks_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="no notebooks"):
        list(copy_notebooks(tmp_path, tmp_path / "to"))
    module = [sys.executable, "-m", "workbench.panels.notebook_files", str(tmp_path), "x"]
    done = subprocess.run(module, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("checkout", "checkout/out/notebooks/results/map"),
        ("checkout/notebooks", "checkout/out/notebooks/results/map"),
        ("checkout/out/notebooks", "checkout/out/notebooks/results/map"),
        ("checkout/out/notebooks/mine", "checkout/out/notebooks/mine/results/map"),
        ("elsewhere", "elsewhere/results/map"),
    ],
)
def test_results_never_lie_among_tracked_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, expected: str
) -> None:
    (tmp_path / where).mkdir(parents=True)
    (tmp_path / "checkout").mkdir(exist_ok=True)
    (tmp_path / "checkout" / "pyproject.toml").touch()
    monkeypatch.setattr(notebook_files, "_ROOT", tmp_path.resolve() / "checkout")
    monkeypatch.chdir(tmp_path / where)
    folder = results_folder("map")
    assert folder == tmp_path.resolve() / expected and folder.is_dir()


def test_a_copy_forgets_nothing_of_the_original(tmp_path: Path) -> None:
    original = _notebook([("code", "1"), ("markdown", "# 2")])
    original["metadata"] = {"kernelspec": {"name": "python3"}}
    _put(tmp_path / "from" / "a.ipynb", copy.deepcopy(original))
    list(copy_notebooks(tmp_path / "from", tmp_path / "to"))
    made = json.loads((tmp_path / "to" / "a.ipynb").read_text("utf-8"))
    made["metadata"].pop("workbench")
    assert made == original
