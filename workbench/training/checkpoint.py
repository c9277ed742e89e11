"""Checkpoints: a folder with `model.safetensors` (float32 weights) and `model.json` (its story).

The JSON names the generator, its configuration, how it was trained and the SHA-256 of the weights;
a folder in which the two do not belong together is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save

from workbench.audio.resources import data_folder
from workbench.errors import WorkbenchError
from workbench.files import output_folder, write_bytes, write_text
from workbench.models.challenge import Challenge, ChallengeConfig
from workbench.models.quantisers import WEIGHTS
from workbench.training.progress import PROGRESS_FILE

WEIGHTS_FILE, STORY_FILE = "model.safetensors", "model.json"
FORMAT_VERSION = 1

# What keeps a damaged configuration from asking for more memory than there is.
_MOST_FRAMES, _MOST_CHANNELS = 1 << 16, 1 << 10
# Fields of several numbers -> how many; None for any.
_SEVERAL = {"channels": 3, "upsampling": 3, "trunk_dilations": None, "upper_dilations": None}


def save_checkpoint(model: Challenge, story: dict[str, Any], folder: Path | str) -> None:
    """Write model and story to `folder`; `story` is what `model.json` says beyond the essentials."""
    folder = output_folder(folder)
    # Residual blocks share a quantiser; safetensors wants every name to own its tensor.
    state = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
    weights = save(state)
    essentials = {
        "format_version": FORMAT_VERSION,
        "generator": "challenge",
        "config": dataclasses.asdict(model.config),
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    write_bytes(folder / WEIGHTS_FILE, weights)
    write_text(folder / STORY_FILE, json.dumps({**essentials, **story}, indent=1) + "\n")


def shipped_checkpoint(name: str = "seed0") -> Path:
    """The folder of a checkpoint of `challenge` that ships: "seed0", "seed1", "seed2", "int4"."""
    return data_folder() / "checkpoints" / "challenge" / name


def record_measured(folder: Path | str, figures: dict[str, Any]) -> None:
    """Put what was measured of the checkpoint in `folder` into its story."""
    folder = Path(folder)
    story = {**read_story(folder), "measured": figures}
    write_text(folder / STORY_FILE, json.dumps(story, indent=1) + "\n")


def refuse_replacing(path: Path, folder: Path | str) -> None:
    """Raise WorkbenchError when the file `path` is one of the checkpoint in `folder`."""
    if path.resolve() in {(Path(folder) / name).resolve() for name in (WEIGHTS_FILE, STORY_FILE)}:
        raise WorkbenchError(f"{path} is part of the checkpoint; choose another place")


def load_checkpoint(folder: Path | str) -> tuple[Challenge, dict[str, Any]]:
    """Read (quantised model in evaluation mode, story) from `folder`.

    Raises WorkbenchError when a file is missing, damaged, of a newer format or of another model.
    """
    folder = Path(folder)
    story = read_story(folder)
    path = folder / WEIGHTS_FILE
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise WorkbenchError(f"cannot read {path} ({error.strerror}); train it again") from error
    if hashlib.sha256(weights).hexdigest() != story.get("weights_sha256"):
        raise WorkbenchError(
            f"{path} is not the file that {STORY_FILE} beside it describes (checksum differs); "
            "restore both from one copy or train again"
        )
    try:
        model = Challenge(_config(story, folder), quantised=True)
        model.load_state_dict(load(weights))
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise WorkbenchError(
            f"{path} does not fit the configuration in {STORY_FILE} ({reason}); "
            "restore both from one copy or train again"
        ) from error
    return model.eval(), story


def read_story(folder: Path) -> dict[str, Any]:
    """The checked contents of `model.json` in `folder`."""
    path = folder / STORY_FILE
    try:
        story = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if (folder / PROGRESS_FILE).exists():
            raise WorkbenchError(
                f"the training in {folder} is not finished; the `workbench train` command that began "
                "it, given again, goes on with it"
            ) from error
        raise WorkbenchError(
            f"no checkpoint in {folder} ({error.strerror}: {STORY_FILE}); "
            "make one with `workbench train challenge --out DIR`"
        ) from error
    except (ValueError, RecursionError) as error:
        raise WorkbenchError(f"{path} is not valid JSON ({error}); restore or retrain") from error
    if not isinstance(story, dict) or story.get("generator") != "challenge":
        raise WorkbenchError(f"{path} does not describe a checkpoint of a generator known here")
    if story.get("format_version") != FORMAT_VERSION:
        raise WorkbenchError(
            f"{path} has format version {story.get('format_version')}, this workbench reads "
            f"{FORMAT_VERSION}; use the version that wrote it"
        )
    return story


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
    return all(type(size) is int and 1 <= size <= most for size in sizes)
