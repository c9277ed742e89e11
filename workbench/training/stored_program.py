"""The integer program beside a checkpoint: opened without torch, lowered again after a hash mismatch.

Layout: `program.wbp`, a container of kind "lowered" with a program's header and arrays (`integer.storage`) and,
under "lowered_from", the digests of configuration and weights and the version of lowering. `model.json` holds
the content hash of the program, so that the file cannot be exchanged alone.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError, WorkbenchWarning
from workbench.files import exists
from workbench.integer.lowering import LOWERING_VERSION
from workbench.integer.program import Program
from workbench.integer.pruning import pruned_program
from workbench.integer.storage import program_from, program_header, program_payload
from workbench.sealed import write_sealed
from workbench.training.checkpoint_files import (
    METADATA_FILE,
    PROGRAM_FILE,
    checked_weights,
    configuration_digest,
    read_metadata,
)
from workbench.training.kept_blocks import masks_of

_KIND = "lowered"
_HASH = "program_sha256"  # key in model.json


class _OtherVersionError(WorkbenchError):
    """A stored program that an earlier or later workbench lowered."""


def program_of(folder: Path, metadata: dict[str, Any]) -> Program:
    """The program of the checkpoint in `folder`, whose metadata `read_metadata` gave.

    The stored one where it is that of these weights; else the network is lowered, compared with its program
    and stored, where the folder can be written. A WorkbenchWarning says which file was damaged or exchanged.
    Raises WorkbenchError as `load_checkpoint` and `lower`.
    """
    checked_weights(folder, metadata)
    stored = _stored(folder, metadata)
    return _lowered(folder) if stored is None else stored


def _stored(folder: Path, metadata: dict[str, Any]) -> Program | None:
    """The stored program; None where there is none, one of another version, or a wrong one, with a warning."""
    path = folder / PROGRAM_FILE
    if not exists(path) or _HASH not in metadata:
        return None
    try:
        return read_stored(path, metadata)
    except _OtherVersionError:
        return None
    except WorkbenchError as error:
        warnings.warn(f"{error}; it is made again", WorkbenchWarning, stacklevel=4)
        return None


def read_stored(path: Path, metadata: dict[str, Any]) -> Program:
    """The program in the file `path`; WorkbenchError unless it is the one that the checkpoint `metadata` names."""
    header, payload = read_container(path, kind=_KIND)
    origin = header.get("lowered_from")
    if isinstance(origin, dict) and origin.get("lowering") != LOWERING_VERSION:
        raise _OtherVersionError(f"{path} was made by another version of the workbench")
    if origin != _origin(metadata):
        raise WorkbenchError(
            f"{path} was not lowered from {METADATA_FILE} and the weights beside it"
        )
    program = program_from(header.get("program", {}), payload, str(path))
    if program.content_hash != metadata.get(_HASH):
        raise WorkbenchError(f"{path} is not the program that {METADATA_FILE} beside it names")
    return program


def _lowered(folder: Path) -> Program:
    """Lower the network of a checkpoint, and store its program where that is possible."""
    from workbench.integer.lowered_generator import lower_generator
    from workbench.training.checkpoint import load_checkpoint
    from workbench.training.checkpoint_files import generator_of

    model, metadata = load_checkpoint(folder)
    program = lower_generator(generator_of(metadata, folder), model, check=True).program
    program = pruned_program(program, masks_of(metadata, str(folder / METADATA_FILE)))
    if metadata.get(_HASH, program.content_hash) != program.content_hash:
        warnings.warn(
            f"{folder} lowers to another program ({program.content_hash[:12]}) than the one that "
            f"{METADATA_FILE} names, by another version of the workbench or of its generator",
            WorkbenchWarning,
            stacklevel=4,
        )
    header = {"program": program_header(program), "lowered_from": _origin(metadata)}
    payload = program_payload(program)
    with suppress(WorkbenchError):  # a folder that cannot be written: lowered again next time
        write_container(folder / PROGRAM_FILE, kind=_KIND, header=header, payload=payload)
        now = read_metadata(folder)  # as it is after the time that lowering took
        if now.get(_HASH) != program.content_hash and _origin(now) == _origin(metadata):
            write_sealed(folder / METADATA_FILE, {**now, _HASH: program.content_hash})
    return program


def _origin(metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "configuration_sha256": configuration_digest(metadata),
        "weights_sha256": metadata.get("weights_sha256"),
        "lowering": LOWERING_VERSION,
    }
