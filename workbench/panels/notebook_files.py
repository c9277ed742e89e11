"""Copies of notebooks under out/, so that running and editing them leaves tracked files unchanged.

`python -m workbench.panels.notebook_files FROM TO` makes the copies. A copy remembers in its metadata
(`workbench.copied`, a SHA-256 of its cells) what it was copied from: one that was only run gets the
newer notebook after an update, one that was edited stays.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import output_folder, read_bytes, write_text

_ROOT = Path(__file__).parents[2]  # of a checkout
_RESULTS = "results"


def results_folder(name: str) -> Path:
    """The folder for what a notebook writes: results/`name` beside it, or under out/ of the checkout.

    Raises WorkbenchError when it cannot be made or written.
    """
    here = Path.cwd().resolve()
    out = _ROOT / "out"
    tracked = here.is_relative_to(_ROOT) and not here.is_relative_to(out)
    if tracked and (_ROOT / "pyproject.toml").exists():
        here = out / "notebooks"
    return output_folder(here / _RESULTS / name)


def copy_notebooks(source: Path, target: Path) -> Iterator[str]:
    """Copy the notebooks of `source` to `target` where nobody's work is lost; yields a sentence for each that stays behind or is replaced.

    Raises WorkbenchError when there are none, one cannot be read, or `target` cannot be written.
    """
    paths = sorted(source.glob("*.ipynb"))
    if not paths:
        raise WorkbenchError(f"there are no notebooks in {str(source)!r}; name their folder")
    output_folder(target)
    for path in paths:
        original, copy = _read(path), target / path.name
        if not copy.exists():
            _write(copy, original)
            continue
        try:
            present = _read(copy)
        except WorkbenchError as error:
            yield f"{error}; it stays as it is"
            continue
        newest, now, before = _cells(original), _cells(present), _copied(present)
        if now in (newest, before):  # not edited
            if now != newest:
                _write(copy, original)
                yield f"{copy} is the newer notebook now; it had not been edited"
        elif before != newest:
            yield f"{copy} is edited and stays; rename it and start again to get the newer {path}"


def _read(path: Path) -> dict[str, Any]:
    try:
        notebook = json.loads(read_bytes(path))
        _cells(notebook)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WorkbenchError(
            f"{str(path)!r} cannot be read as a notebook ({type(error).__name__}); mend or remove it"
        ) from error
    return dict(notebook)


def _write(path: Path, notebook: dict[str, Any]) -> None:
    metadata = {**notebook["metadata"], "workbench": {"copied": _cells(notebook)}}
    text = json.dumps({**notebook, "metadata": metadata}, indent=1, ensure_ascii=False)
    write_text(path, text + "\n")


def _cells(notebook: dict[str, Any]) -> str:
    """SHA-256 of kinds and sources of the cells: outputs, counts and metadata do not matter."""
    cells = [[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _copied(notebook: dict[str, Any]) -> str:
    """What `_write` remembered, "" where there is nothing of it."""
    known = notebook.get("metadata", {}).get("workbench", {})
    return str(known.get("copied", "")) if isinstance(known, dict) else ""


def main(words: list[str]) -> int:
    """Copy FROM TO and report on standard output; exit status 2 with one sentence where it cannot."""
    try:
        if len(words) != 2:
            raise WorkbenchError(f"two folders are needed, FROM and TO, and {len(words)} are given")
        source, target = map(Path, words)
        for message in copy_notebooks(source, target):
            print(message)
    except WorkbenchError as error:
        print(f"notebooks: {error}", file=sys.stderr)
        return 2
    print(f"the notebooks in {target} are copies: run and edit them freely")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
