"""Records of a comparison on disk, named by a hash of their inputs and sealed by a digest.

Layout: NAME-HASH.json, a sealed JSON object; the record's own keys, `key` (SHA-256 over all that the
figures depend on, whose first digits are HASH), and `commit` and `versions` of the code that made it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.experiments.provenance import provenance
from workbench.sealed import read_sealed, write_sealed

_RECORDS = "records"
_HASH_DIGITS = 12
_LONGEST_NAME = 40
_only_kept: ContextVar[bool] = ContextVar("_only_kept", default=False)


@contextmanager
def only_kept() -> Iterator[None]:
    """Within it a record that is not there raises WorkbenchError, instead of being measured and written."""
    before = _only_kept.set(True)
    try:
        yield
    finally:
        _only_kept.reset(before)


def check_may_be_made(path: Path) -> None:
    """Raise WorkbenchError within `only_kept`; path: what is missing."""
    if _only_kept.get():
        raise WorkbenchError(
            f"{path} is missing, damaged, or was made by another version of the workbench; run the command that made "
            "these results again, or check out the commit that their manifest names"
        )


class RecordFile:
    """The place of one record in the folder of a comparison."""

    def __init__(self, folder: Path, name: str, dependencies: str) -> None:
        """name: for people. dependencies: text that differs wherever the figures may differ."""
        self.key = hashlib.sha256(dependencies.encode()).hexdigest()
        plain = re.sub(r"[^\w.-]", "_", name)[:_LONGEST_NAME]
        file_name = f"{plain}-{self.key[:_HASH_DIGITS]}.json"
        self.path = folder / _RECORDS / file_name

    def read(self) -> dict[str, Any] | None:
        """The record, None where there is none: missing, damaged, edited, or of other dependencies.

        Within `only_kept` raises WorkbenchError instead of None.
        """
        try:
            contents = read_sealed(self.path, "it is measured again")
        except (OSError, WorkbenchError):
            contents = {}
        if contents.get("key") != self.key:
            check_may_be_made(self.path)
            return None
        beside = {"key", *provenance()}  # of the file, not of the record in it
        return {key: value for key, value in contents.items() if key not in beside}

    def forget(self) -> None:
        """Remove it, and its folders where nothing else is in them."""
        with suppress(OSError):
            self.path.unlink()
            self.path.parent.rmdir()
            self.path.parent.parent.rmdir()

    def write(self, record: dict[str, Any]) -> None:
        """Replace it, all or nothing; WorkbenchError when it cannot be written."""
        write_sealed(self.path, {**record, "key": self.key, **provenance()})
