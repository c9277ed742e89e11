"""The store of versions, copied into an exported folder."""

from __future__ import annotations

from pathlib import Path

from workbench.files import output_folder, write_text
from workbench.firmware.toolchain import package_texts

STORE = "store"


def export_store(folder: Path | str) -> None:
    """Write its C headers and their README to `folder`/store; WorkbenchError where that cannot be done."""
    output_folder(Path(folder) / STORE)
    for name, text in package_texts(STORE).items():
        write_text(Path(folder) / name, text)
