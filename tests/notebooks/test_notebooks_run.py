"""Every notebook runs from top to bottom, is thin, and is stored without what it printed."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from waiting import LIMIT_S

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LONGEST_CELL_LINES = 10


def _named(path: Path) -> str:
    return path.stem


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_named)
def test_stored_thin_and_without_outputs(path: Path) -> None:
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_named)
def test_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    """In a folder of its own, where it writes nothing but what lies in `results`."""
    shutil.copy(path, tmp_path)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=None,  # a kernel that dies ends it
        startup_timeout=int(LIMIT_S),
        kernel_name="python3",
        resources={"metadata": {"path": tmp_path}},
    ).execute()
    assert {made.name for made in tmp_path.iterdir()} <= {path.name, "results"}
    assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_named)
def test_what_takes_long_says_what_it_does(path: Path) -> None:
    """Opening a voice, fleets of devices, curves, maps and firmware: each under a line or a bar."""
    slow = ("open_voice()", "trial_table(", "record_of(", "write_map_products(", "measure_cost(",
            " export(")  # fmt: skip
    for cell in nbformat.read(path, as_version=4).cells:
        lines = cell.source.splitlines() if cell.cell_type == "code" else []
        for line in lines:
            if any(call in line for call in slow) and "import" not in line:
                assert "with doing(" in cell.source or "tqdm(" in cell.source, line
