"""JSON files under a digest: whoever reads one knows that no value in it was changed since.

Layout: a JSON object whose key "sha256" is the SHA-256 over all its other keys, written canonically
(sorted keys, no blanks, ASCII), so that a file may be reformatted but not edited. The digest guards
against accidents and edits. It is no signature: whoever means to deceive can compute it anew.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import read_bytes, write_text

DIGEST = "sha256"
_DEEPEST = 32  # of lists and objects in one another; nothing here is deeper than 8


def json_object(text: str | bytes, where: str, cure: str) -> dict[str, Any]:
    """Parse a JSON object.

    where, cure: begin and end of the sentence with which a WorkbenchError refuses what is no JSON,
    no object, or nested more than 32 deep.
    """
    try:
        contents = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WorkbenchError(f"{where} is not valid JSON ({error}); {cure}") from error
    if not isinstance(contents, dict):
        raise WorkbenchError(f"{where} is not a JSON object; {cure}")
    if _is_too_deep(contents):
        raise WorkbenchError(f"{where} is nested more than {_DEEPEST} deep; {cure}")
    return contents


def digest_of(contents: dict[str, Any]) -> str:
    """SHA-256 over JSON-ready data without its key "sha256", 64 hexadecimal digits."""
    plain = json.loads(json.dumps(contents))  # the keys as they will be read: all of them text
    plain.pop(DIGEST, None)
    text = json.dumps(plain, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(contents: dict[str, Any]) -> dict[str, Any]:
    """The contents with their digest, in place of an earlier one."""
    return {**contents, DIGEST: digest_of(contents)}


def write_sealed(path: Path | str, contents: dict[str, Any]) -> None:
    """Replace the file `path`, all or nothing; WorkbenchError when it cannot be written."""
    write_text(path, json.dumps(sealed(contents), indent=1) + "\n")


def unsealed(contents: dict[str, Any], where: str, cure: str) -> dict[str, Any]:
    """The contents without their digest; WorkbenchError, as `json_object`, when it is not theirs."""
    if DIGEST not in contents:
        raise WorkbenchError(f"{where} has no {DIGEST} that would prove it; {cure}")
    if contents[DIGEST] != digest_of(contents):
        raise WorkbenchError(f"{where} was edited since it was written ({DIGEST} differs); {cure}")
    return {key: value for key, value in contents.items() if key != DIGEST}


def read_sealed(path: Path, cure: str) -> dict[str, Any]:
    """The contents of the file `path` without their digest.

    Raises OSError where it cannot be read, so that callers say what is missing, and WorkbenchError
    for anything but what `write_sealed` wrote. cure: the end of the sentence.
    """
    return unsealed(json_object(read_bytes(path), str(path), cure), str(path), cure)


def _is_too_deep(contents: object) -> bool:
    level: list[object] = [contents]
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
    return bool(level)


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
