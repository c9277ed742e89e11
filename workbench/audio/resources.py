"""Where the shipped data lies: inside the installed package, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

from workbench.errors import WorkbenchError

_PACKAGE = Path(__file__).resolve().parents[1]


def data_folder() -> Path:
    """Return the folder that holds `recordings/` and `checkpoints/`.

    Raises WorkbenchError when neither an installed nor a checked-out package has one.
    """
    for folder in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        if (folder / "recordings").is_dir():
            return folder
    raise WorkbenchError(
        f"the data folder is missing beside the package {_PACKAGE}; "
        "install the package again or clone the repository again"
    )


def checkpoint_folder(name: str) -> Path:
    """Where a checkpoint would ship, by the name of its generator and its own, as "challenge/int4"."""
    return data_folder() / "checkpoints" / name


def recordings_folder() -> Path:
    """Return the folder of the shipped recordings, with its `checksums.json` and `CARD.md`."""
    return data_folder() / "recordings"
