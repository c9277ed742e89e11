"""Checkpoints: a folder with `model.safetensors` (float32 weights) and `model.json` (its story).

The JSON names the generator, its configuration, how it was trained and the SHA-256 of the weights, and
is sealed (`workbench.sealed`); the metadata of the weights hold a digest of generator and configuration.
So neither file can be edited or exchanged alone: what decides which program comes out is proved. The
digests guard against accidents and edits; they are no signature.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shlex
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from workbench.audio.resources import data_folder
from workbench.errors import WorkbenchError
from workbench.files import as_argument, exists, output_folder, path_of, write_bytes
from workbench.generators.challenge import Challenge, ChallengeConfig
from workbench.generators.quantisers import WEIGHTS
from workbench.sealed import digest_of, json_object, unsealed, write_sealed
from workbench.training.progress import PROGRESS_FILE

WEIGHTS_FILE, STORY_FILE = "model.safetensors", "model.json"
FORMAT_VERSION = 2
_UNPROVED_VERSION = 1  # the same without digests; `seal_checkpoint` adds them
_CONFIGURATION = "configuration_sha256"  # key in the metadata of the weights
_RESTORE = "restore both files from one copy or train again"

# What keeps a damaged configuration from asking for more memory than there is.
_MOST_FRAMES, _MOST_CHANNELS, _MOST_BLOCKS = 1 << 16, 1 << 10, 64
# Fields of several numbers -> how many; None for any.
_SEVERAL = {"channels": 3, "upsampling": 3, "trunk_dilations": None, "upper_dilations": None}


def save_checkpoint(model: Challenge, story: dict[str, Any], folder: Path | str) -> None:
    """Write model and story to `folder`; `story` is what `model.json` says beyond the essentials."""
    folder = output_folder(folder)
    # Residual blocks share a quantiser; safetensors wants every name to own its tensor.
    state = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    essentials = {"generator": "challenge", "config": dataclasses.asdict(model.config)}
    _write(folder, {**essentials, **story}, state)


def seal_checkpoint(folder: Path | str) -> None:
    """Put a checkpoint of format version 1 under digests, as it is; its weights stay the same.

    Nothing proves that it was not edited before. Raises WorkbenchError as `load_checkpoint`, and for a
    checkpoint that has its digests already.
    """
    folder = path_of(folder, "the folder of a checkpoint")
    story = _parsed(folder)
    if story["format_version"] != _UNPROVED_VERSION:
        read_story(folder)
        raise WorkbenchError(f"{folder / STORY_FILE} is under a digest already; leave it as it is")
    _, state = _loaded(folder, story, _weights(folder, story))
    _write(folder, story, state)


def _write(folder: Path, story: dict[str, Any], state: dict[str, torch.Tensor]) -> None:
    weights = save(state, {_CONFIGURATION: _configuration_digest(story)})
    digest = hashlib.sha256(weights).hexdigest()
    told = {**story, "format_version": FORMAT_VERSION, "weights_sha256": digest}
    write_bytes(folder / WEIGHTS_FILE, weights)
    write_sealed(folder / STORY_FILE, told)


def shipped_checkpoint(name: str = "seed0") -> Path:
    """The folder of a checkpoint of `challenge` that ships: "seed0", "seed1", "seed2", "int4"."""
    return data_folder() / "checkpoints" / "challenge" / name


def record_measured(folder: Path | str, figures: dict[str, Any]) -> None:
    """Put what was measured of the checkpoint in `folder` into its story."""
    folder = path_of(folder, "the folder of a checkpoint")
    write_sealed(folder / STORY_FILE, {**read_story(folder), "measured": figures})


def refuse_replacing(path: Path, folder: Path | str) -> None:
    """Raise WorkbenchError when the file `path` is one of the checkpoint in `folder`."""
    own = {os.path.realpath(Path(folder) / name) for name in (WEIGHTS_FILE, STORY_FILE)}
    if os.path.realpath(path) in own:  # Path.resolve raises for links in a circle
        raise WorkbenchError(f"{path} is part of the checkpoint; choose another place")


def load_checkpoint(folder: Path | str) -> tuple[Challenge, dict[str, Any]]:
    """Read (quantised model in evaluation mode, story) from `folder`.

    Raises WorkbenchError when a file is missing, damaged, of a newer format or of another model.
    """
    folder = path_of(folder, "the folder of a checkpoint")
    story = read_story(folder)
    weights = _weights(folder, story)
    if _metadata(weights).get(_CONFIGURATION) != _configuration_digest(story):
        raise WorkbenchError(
            f"the configuration in {folder / STORY_FILE} is not the one that {WEIGHTS_FILE} beside it "
            f"was trained with (its digest differs); {_RESTORE}"
        )
    model, _ = _loaded(folder, story, weights)
    return model.eval(), story


def read_story(folder: Path) -> dict[str, Any]:
    """The checked contents of `model.json` in `folder`; WorkbenchError as `load_checkpoint`."""
    folder = path_of(folder, "the folder of a checkpoint")
    story = _parsed(folder)
    path = folder / STORY_FILE
    if story["format_version"] == _UNPROVED_VERSION:
        raise WorkbenchError(
            f"{path} is of an earlier format, in which nothing proves the configuration; if nobody "
            f"edited it, put it under a digest with `workbench seal {shlex.quote(as_argument(folder))}`"
        )
    return unsealed(story, str(path), "restore it, or train again")


def _parsed(folder: Path) -> dict[str, Any]:
    """The contents of `model.json`, of a known format but with nothing proved."""
    path = folder / STORY_FILE
    try:
        text = path.read_bytes()
    except OSError as error:
        if exists(folder / PROGRESS_FILE):
            raise WorkbenchError(
                f"the training in {folder} is not finished; the `workbench train` command that began "
                "it, given again, goes on with it"
            ) from error
        raise WorkbenchError(
            f"no checkpoint in {folder} ({error.strerror}: {STORY_FILE}); "
            "make one with `workbench train challenge --out DIR`"
        ) from error
    story = json_object(text, str(path), "restore it or train again")
    if story.get("generator") != "challenge":
        raise WorkbenchError(f"{path} does not describe a checkpoint of a generator known here")
    version = story.get("format_version")
    if type(version) is not int or version not in (_UNPROVED_VERSION, FORMAT_VERSION):
        raise WorkbenchError(
            f"{path} has format version {version!r:.40}, this workbench reads {FORMAT_VERSION}; use "
            "the version that wrote it"
        )
    return story


def _weights(folder: Path, story: dict[str, Any]) -> bytes:
    """The bytes of the weights, which are those that the story belongs to."""
    path = folder / WEIGHTS_FILE
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise WorkbenchError(f"cannot read {path} ({error.strerror}); train it again") from error
    if hashlib.sha256(weights).hexdigest() != story.get("weights_sha256"):
        raise WorkbenchError(
            f"{path} is not the file that {STORY_FILE} beside it describes (checksum differs); "
            f"{_RESTORE}"
        )
    return weights


def _loaded(
    folder: Path, story: dict[str, Any], weights: bytes
) -> tuple[Challenge, dict[str, torch.Tensor]]:
    """The model that story and weights make, and its state as stored."""
    config = _config(story, folder)
    try:
        if _least_bytes(config) > len(weights):  # before so much memory is asked for
            raise ValueError("it is too small")
        state = load(weights)
        model = Challenge(config, quantised=True)
        model.load_state_dict(state)
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[-1].strip()
        raise WorkbenchError(
            f"{folder / WEIGHTS_FILE} does not fit the configuration in {STORY_FILE} ({reason}); "
            f"{_RESTORE}"
        ) from error
    return model, state


def _configuration_digest(story: dict[str, Any]) -> str:
    return digest_of({key: story.get(key) for key in ("generator", "config")})


def _metadata(weights: bytes) -> dict[str, Any]:
    """The metadata of a safetensors file: its header's length, uint64, then the header as JSON."""
    stop = 8 + int.from_bytes(weights[:8], "little")
    header = json_object(weights[8:stop], f"the header of {WEIGHTS_FILE}", _RESTORE)
    metadata = header.get("__metadata__")
    return metadata if isinstance(metadata, dict) else {}


def _least_bytes(config: ChallengeConfig) -> int:
    """What embeddings and the convolutions between the stages need at least, in float32."""
    (c0, c1, c2), (u0, u1, u2) = config.channels, config.upsampling
    rows = len(config.words) + config.frames + 2 * 3 * c0
    return 4 * (rows * config.embedding + 2 * (u0 * c0 * c1 + u1 * c1 * c2 + u2 * c2))


def _config(story: dict[str, Any], folder: Path) -> ChallengeConfig:
    try:
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in story["config"].items()
        }
        config = ChallengeConfig(**plain)
    except (KeyError, TypeError, AttributeError) as error:
        raise WorkbenchError(f"{folder / STORY_FILE}: bad configuration ({error})") from error
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if not _is_possible(field.name, value):
            raise WorkbenchError(
                f"{folder / STORY_FILE}: bad configuration ({field.name} is {repr(value)[:40]}); "
                "restore it or train again"
            )
    return config


def _is_possible(name: str, value: Any) -> bool:
    """Whether a generator could be built with this value, and soon."""
    if name == "words":
        words = value if isinstance(value, tuple) else ()
        return all(isinstance(word, str) for word in words) and 0 < len(words) == len(set(words))
    if name == "trunk_weight_bits":
        return type(value) is int and value in WEIGHTS
    sizes = value if name in _SEVERAL else (value,)
    if not isinstance(sizes, tuple) or _SEVERAL.get(name) not in (None, len(sizes)):
        return False
    most = _MOST_FRAMES if name == "frames" else _MOST_CHANNELS
    return len(sizes) <= _MOST_BLOCKS and all(
        type(size) is int and 1 <= size <= most for size in sizes
    )
