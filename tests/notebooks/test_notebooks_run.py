"""Every notebook runs from top to bottom, is thin, and is stored without what it printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from browsers import can_browse
from lab import code_cells
from test_notebook_in_browser import RUN_HERE
from waiting import LIMIT_S

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LONGEST_CELL_LINES = 10
ALSO_IMPORTED = {"09_bring_your_own_model.ipynb": {"import torch"}}  # to build a network with
# Counts in them that cost time and change nothing about what is shown.
QUICKER = {
    "08_train_your_own_voice.ipynb": {"steps=(300, 100)": 'preset="tiny", steps=(6, 4)'},
    "09_bring_your_own_model.ipynb": {"range(150)": "range(40)"},
    "10_a_devices_lifetime.ipynb": {"range(10)": "range(2)"},
}


def _named(path: Path) -> str:
    return path.stem


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_named)
def test_stored_thin_and_without_outputs(path: Path) -> None:
    import nbformat  # slow to import, and no other test needs it

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert len(cell.source.splitlines()) <= LONGEST_CELL_LINES
            assert "def " not in cell.source
    assert path.stat().st_size < 20_000


def test_all_run_from_top_to_bottom(tmp_path: Path) -> None:
    """Where there is a browser, most of them do so in test_notebook_in_browser, and not once more."""
    for path in NOTEBOOKS:
        if not (can_browse() and path.name in RUN_HERE):
            _run(path, tmp_path / path.stem)


def _run(path: Path, folder: Path) -> None:
    """In a folder of its own, where it writes nothing but what lies in `results`."""
    import nbformat
    from nbclient import NotebookClient

    folder.mkdir()
    text = path.read_text(encoding="utf-8")
    for usual, quick in QUICKER.get(path.name, {}).items():
        stored, quicker = json.dumps(usual)[1:-1], json.dumps(quick)[1:-1]
        assert text.count(stored) == 1, usual
        text = text.replace(stored, quicker)
    (folder / path.name).write_text(text, encoding="utf-8")
    NotebookClient(
        nbformat.reads(text, as_version=4),
        timeout=None,  # a kernel that dies ends it
        startup_timeout=int(LIMIT_S),
        kernel_name="python3",
        resources={"metadata": {"path": folder}},
    ).execute()
    assert {made.name for made in folder.iterdir()} <= {path.name, "results"}
    assert (folder / path.name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_named)
def test_only_the_public_face_is_used(path: Path) -> None:
    """Its calls show what takes long; see `tests/face`."""
    imports = [
        line.strip()
        for cell in code_cells(path)
        for line in cell.splitlines()
        if line.strip().startswith(("import ", "from "))
    ]
    assert set(imports) == {"import workbench as wb", *ALSO_IMPORTED.get(path.name, set())}
    assert not any("wb._" in cell for cell in code_cells(path))
