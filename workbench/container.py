"""The one file format of the workbench: a JSON header and raw bytes, checked from end to end.

Layout, little endian: magic (8 bytes), format version (uint32), header length (uint32), payload
length (uint64), header (JSON, UTF-8), payload, SHA-256 of everything before it (32 bytes).
"""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import open_regular, path_of, write_bytes
from workbench.sealed import json_object

FORMAT_VERSION = 1
_PREFIX = struct.Struct("<8sIIQ")
_DIGEST_BYTES = hashlib.sha256().digest_size


def write_container(path: Path | str, *, kind: str, header: dict[str, Any], payload: bytes) -> None:
    """Replace the file `path`, all or nothing.

    kind: at most 8 ASCII letters, the file's magic. header: JSON-ready data. Raises WorkbenchError
    when the file cannot be written.
    """
    words = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    prefix = _PREFIX.pack(_magic(kind), FORMAT_VERSION, len(words), len(payload))
    body = prefix + words + payload
    write_bytes(path, body + hashlib.sha256(body).digest())


def read_container(path: Path | str, *, kind: str) -> tuple[dict[str, Any], bytes]:
    """Return (header, payload) of the file `path`.

    Raises WorkbenchError when it is missing, of another kind or version, cut short or altered.
    """
    path = path_of(path, f"the file of the kind {kind}")
    try:
        with open_regular(path) as file:  # what is of another kind may be large, and is not read
            data = file.read(_PREFIX.size + _DIGEST_BYTES)
            _check_prefix(path, data, kind)
            data += file.read()
    except OSError as error:
        raise WorkbenchError(
            f"cannot read {path} ({error.strerror or error}); check its name"
        ) from error
    _, _, header_bytes, payload_bytes = _PREFIX.unpack_from(data)
    expected = _PREFIX.size + header_bytes + payload_bytes + _DIGEST_BYTES
    if len(data) != expected:
        raise WorkbenchError(
            f"{path} has {len(data)} bytes where its header announces {expected}; "
            "it was cut short or added to, so copy or make it again"
        )
    body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise WorkbenchError(f"{path} was altered (its checksum differs); copy or make it again")
    end = _PREFIX.size + header_bytes
    header = json_object(body[_PREFIX.size : end], f"the header of {path}", "make it again")
    return header, body[end:]


def _check_prefix(path: Path, data: bytes, kind: str) -> None:
    if len(data) < _PREFIX.size + _DIGEST_BYTES:
        raise WorkbenchError(f"{path} is too short to be of the kind {kind}; copy or make it again")
    magic, version, _, _ = _PREFIX.unpack_from(data)
    if magic != _magic(kind):
        raise WorkbenchError(
            f"{path} is not of the kind {kind} (it starts with {magic!r}); name another file"
        )
    if version != FORMAT_VERSION:
        raise WorkbenchError(
            f"{path} has format version {version} and this workbench reads {FORMAT_VERSION}; "
            "use the version that wrote it"
        )


def _magic(kind: str) -> bytes:
    return kind.encode("ascii").ljust(8, b"\0")
