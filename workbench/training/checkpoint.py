"""Checkpoints of trained networks: written, read back and put under digests (needs torch).

`training.checkpoint_files` says what the files are and what proves them.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from workbench.errors import WorkbenchError
from workbench.files import output_folder, path_of, write_bytes
from workbench.generators.generator import Generator
from workbench.sealed import write_sealed
from workbench.training.checkpoint_files import (
    CONFIGURATION,
    FORMAT_VERSION,
    METADATA_FILE,
    RESTORE,
    UNPROVED_VERSION,
    WEIGHTS_FILE,
    checked_weights,
    config_of,
    configuration_digest,
    generator_of,
    parsed_metadata,
    read_metadata,
    stored_weights,
)


def save_checkpoint(
    generator: Generator, model: Any, metadata: dict[str, Any], folder: Path | str
) -> None:
    """Write a network and its metadata to `folder`.

    model: made by `generator`. metadata: of `model.json`, beyond the essentials. The program is not made
    here, see `training.stored_program`.
    """
    folder = output_folder(folder)
    # Residual blocks share a quantiser; safetensors wants every name to own its tensor.
    state = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    essentials = {"generator": generator.name, "config": dataclasses.asdict(model.config)}
    _write(folder, {**essentials, **metadata}, state)


def seal_checkpoint(folder: Path | str) -> None:
    """Seal a checkpoint of format version 1; its weights stay the same.

    Nothing proves that it was not edited before. Raises WorkbenchError as `load_checkpoint`, and for a
    checkpoint that has its digests already.
    """
    folder = path_of(folder, "the folder of a checkpoint")
    metadata = parsed_metadata(folder)
    if metadata["format_version"] != UNPROVED_VERSION:
        read_metadata(folder)
        raise WorkbenchError(
            f"{folder / METADATA_FILE} is under a digest already; leave it as it is"
        )
    _, state = _loaded(folder, metadata, stored_weights(folder, metadata))
    _write(folder, metadata, state)


def _write(folder: Path, metadata: dict[str, Any], state: dict[str, torch.Tensor]) -> None:
    weights = save(state, {CONFIGURATION: configuration_digest(metadata)})
    digest = hashlib.sha256(weights).hexdigest()
    contents = {**metadata, "format_version": FORMAT_VERSION, "weights_sha256": digest}
    write_bytes(folder / WEIGHTS_FILE, weights)
    write_sealed(folder / METADATA_FILE, contents)


def load_checkpoint(folder: Path | str) -> tuple[Any, dict[str, Any]]:
    """Read (quantised network in evaluation mode, metadata) from `folder`.

    Raises WorkbenchError when a file is missing, damaged, of a newer format, of another model or of a
    generator that is not registered.
    """
    folder = path_of(folder, "the folder of a checkpoint")
    metadata = read_metadata(folder)
    model, _ = _loaded(folder, metadata, checked_weights(folder, metadata))
    return model.eval(), metadata


def _loaded(
    folder: Path, metadata: dict[str, Any], weights: bytes
) -> tuple[nn.Module, dict[str, torch.Tensor]]:
    """The network that metadata and weights make, and its state as stored."""
    generator = generator_of(metadata, folder)
    config = config_of(generator, metadata, folder)
    try:
        if generator.least_bytes(config) > len(weights):  # before so much memory is asked for
            raise ValueError("it is too small")
        state = load(weights)
        model = generator.network(config, quantised=True)
        model.load_state_dict(state)
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[-1].strip()
        raise WorkbenchError(
            f"{folder / WEIGHTS_FILE} does not fit the configuration in {METADATA_FILE} ({reason}); "
            f"{RESTORE}"
        ) from error
    return model, state
