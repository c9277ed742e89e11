"""Every notebook runs from top to bottom, is thin, and is stored without what it printed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from browsers import can_browse
from lab import code_cells
from test_notebook_in_browser import RUN_HERE
from waiting import LIMIT_S

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LONGEST_CELL_LINES = 10


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
    shutil.copy(path, folder)
    NotebookClient(
        nbformat.read(path, as_version=4),
        timeout=None,  # a kernel that dies ends it
        startup_timeout=int(LIMIT_S),
        kernel_name="python3",
        resources={"metadata": {"path": folder}},
    ).execute()
    assert {made.name for made in folder.iterdir()} <= {path.name, "results"}
    assert (folder / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_named)
def test_only_the_public_face_is_used(path: Path) -> None:
    """Its calls show what takes long; see `tests/face`."""
    imports = [
        line.strip()
        for cell in code_cells(path)
        for line in cell.splitlines()
        if line.strip().startswith(("import ", "from "))
    ]
    assert imports == ["import workbench as wb"]
    assert not any("wb._" in cell for cell in code_cells(path))
