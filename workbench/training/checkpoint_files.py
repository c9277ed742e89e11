"""The files of a checkpoint and their hash checks, read without torch.

A folder with `model.safetensors` (float32 weights), `model.json` (metadata) and, made from both,
`program.wbp`, the integer program (`training.stored_program`). The JSON names the generator, its
configuration, how it was trained, the SHA-256 of the weights and the content hash of the program, and is
sealed (`workbench.sealed`); the metadata of the weights hold a digest of generator and configuration. So no
file can be edited or exchanged alone: what decides which program comes out is proved. The digests guard
against accidents and edits; they are no signature.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import as_argument, exists, path_of, read_bytes
from workbench.generators.configuration import configuration_of
from workbench.generators.generator import Generator
from workbench.generators.generator_registry import DEFAULT, generator_named, is_known
from workbench.sealed import digest_of, json_object, unsealed, write_sealed

WEIGHTS_FILE, METADATA_FILE, PROGRAM_FILE = "model.safetensors", "model.json", "program.wbp"
PROGRESS_FILE = "training.safetensors"  # of a training that is not finished
FORMAT_VERSION = 2
UNPROVED_VERSION = 1  # the same without digests; `seal_checkpoint` adds them
CONFIGURATION = "configuration_sha256"  # key in the metadata of the weights
RESTORE = "restore both files from one copy or train again"


def shipped_checkpoint(name: str | None = None, *, generator: str = DEFAULT) -> Path:
    """The folder of a checkpoint that ships with `generator`; without a name its default."""
    return generator_named(generator).checkpoint(name)


def record_measured(folder: Path | str, figures: dict[str, Any]) -> None:
    """Write the quality figures of the checkpoint in `folder` into its metadata."""
    folder = path_of(folder, "the folder of a checkpoint")
    write_sealed(folder / METADATA_FILE, {**read_metadata(folder), "measured": figures})


def refuse_replacing(path: Path, folder: Path | str) -> None:
    """Raise WorkbenchError when the file `path` is one of the checkpoint in `folder`."""
    files = (WEIGHTS_FILE, METADATA_FILE, PROGRAM_FILE)
    own = {os.path.realpath(Path(folder) / name) for name in files}
    if os.path.realpath(path) in own:  # Path.resolve raises for links in a circle
        raise WorkbenchError(f"{path} is part of the checkpoint; choose another place")


def read_metadata(folder: Path) -> dict[str, Any]:
    """The checked contents of `model.json` in `folder`; WorkbenchError as `load_checkpoint`."""
    folder = path_of(folder, "the folder of a checkpoint")
    metadata = parsed_metadata(folder)
    path = folder / METADATA_FILE
    if metadata["format_version"] == UNPROVED_VERSION:
        raise WorkbenchError(
            f"{path} is of an earlier format, in which nothing proves the configuration; if nobody "
            f"edited it, put it under a digest with `workbench seal {shlex.quote(as_argument(folder))}`"
        )
    return unsealed(metadata, str(path), "restore it, or train again")


def parsed_metadata(folder: Path) -> dict[str, Any]:
    """The contents of `model.json`, of a known format but with nothing proved."""
    path = folder / METADATA_FILE
    try:
        text = read_bytes(path)
    except OSError as error:
        if exists(folder / PROGRESS_FILE):
            raise WorkbenchError(
                f"the training in {folder} is not finished; the `workbench train` command that began "
                "it, given again, goes on with it"
            ) from error
        raise WorkbenchError(
            f"no checkpoint in {folder} ({error.strerror}: {METADATA_FILE}); "
            f"make one with `workbench train {DEFAULT} --out DIR`"
        ) from error
    metadata = json_object(text, str(path), "restore it or train again")
    if not isinstance(metadata.get("generator"), str):
        raise WorkbenchError(f"{path} does not describe a checkpoint of a generator; {RESTORE}")
    version = metadata.get("format_version")
    if type(version) is not int or version not in (UNPROVED_VERSION, FORMAT_VERSION):
        raise WorkbenchError(
            f"{path} has format version {version!r:.40}, this workbench reads {FORMAT_VERSION}; use "
            "the version that wrote it"
        )
    return metadata


def checked_weights(folder: Path, metadata: dict[str, Any]) -> bytes:
    """The bytes of the weights, which were trained with the configuration of `metadata`.

    Raises WorkbenchError when they are missing or others.
    """
    weights = stored_weights(folder, metadata)
    if _weights_metadata(weights).get(CONFIGURATION) != configuration_digest(metadata):
        raise WorkbenchError(
            f"the configuration in {folder / METADATA_FILE} is not the one that {WEIGHTS_FILE} beside it "
            f"was trained with (its digest differs); {RESTORE}"
        )
    return weights


def stored_weights(folder: Path, metadata: dict[str, Any]) -> bytes:
    """The bytes of the weights, which must have the hash that the metadata name."""
    path = folder / WEIGHTS_FILE
    try:
        weights = read_bytes(path)
    except OSError as error:
        raise WorkbenchError(f"cannot read {path} ({error.strerror}); train it again") from error
    if hashlib.sha256(weights).hexdigest() != metadata.get("weights_sha256"):
        raise WorkbenchError(
            f"{path} is not the file that {METADATA_FILE} beside it describes (checksum differs); "
            f"{RESTORE}"
        )
    return weights


def generator_of(metadata: dict[str, Any], folder: Path) -> Generator:
    """The generator that `model.json` names; WorkbenchError where it is not known here."""
    name = metadata["generator"]
    if not is_known(name):
        raise WorkbenchError(
            f"{folder / METADATA_FILE} is a checkpoint of the generator {name!r:.60}, which is not registered "
            "here; install the package that brings it, or, in a notebook, give it to "
            "workbench.generators.generator_registry.register"
        )
    return generator_named(name)


def refuse_other_generator(asked: str | None, actual: Generator, folder: Path) -> None:
    """Raise WorkbenchError where the checkpoint in `folder` is of another generator than the one asked for."""
    if asked is not None and asked != actual.name:
        raise WorkbenchError(
            f"the checkpoint in {folder} is of the generator {actual.name}, not of {asked}; name that one, or "
            "leave it out"
        )


def config_of(generator: Generator, metadata: dict[str, Any], folder: Path) -> Any:
    """The checked configuration in `model.json`."""
    return configuration_of(generator, metadata.get("config"), str(folder / METADATA_FILE))


def configuration_digest(metadata: dict[str, Any]) -> str:
    """SHA-256 over generator and configuration."""
    return digest_of({key: metadata.get(key) for key in ("generator", "config")})


def _weights_metadata(weights: bytes) -> dict[str, Any]:
    """The metadata of a safetensors file: its header's length, uint64, then the header as JSON."""
    stop = 8 + int.from_bytes(weights[:8], "little")
    header = json_object(weights[8:stop], f"the header of {WEIGHTS_FILE}", RESTORE)
    metadata = header.get("__metadata__")
    return metadata if isinstance(metadata, dict) else {}
