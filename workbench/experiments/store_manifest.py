"""What a folder of results is the results of, as manifest.json beside the shards.

Layout: JSON; the fields of `Campaign` decide what a trial is, the rest tells how it came about.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from workbench import __version__
from workbench.errors import WorkbenchError
from workbench.files import write_text
from workbench.integer.native_build import kernels_here
from workbench.memory.plan import Plan

# Of the columns in `trial_table.SCHEMA` and the fields of `Campaign`: counted up with either.
FORMAT_VERSION = 2
MANIFEST_FILE = "manifest.json"
_PACKAGES = ("joblib", "numpy", "pyarrow", "torch")
_SHOWN = 60  # characters of a value in a message


class Shard(NamedTuple):
    """A part of a campaign: the trials start .. stop - 1 of one word."""

    number: int
    word: str
    start: int
    stop: int

    @property
    def indexes(self) -> np.ndarray:
        """Numbers of the trials, int64 [stop - start]."""
        return np.arange(self.start, self.stop, dtype=np.int64)


@dataclass(frozen=True)
class Campaign:
    """Which trials there are, and how they are cut; folders with equal campaigns can be merged.

    plan: its text. image: content hash of what is hit, its program included. program: content hash.
    words: what is spoken. inputs: SHA-256 over what the words feed in. trials: a word's; their numbers
    are 0 .. trials - 1. trials_a_shard: at most. population: how many different trials the plan has,
    None when it draws them at random. log_mel, listen: about so many trials of a word have their
    log-mel distance measured, or are heard by a recogniser and PESQ. protection: digest of a
    protection mask, "" for none.
    """

    plan: str
    image: str
    program: str
    words: tuple[str, ...]
    inputs: str
    trials: int
    trials_a_shard: int
    population: int | None = None
    log_mel: int = 0
    listen: int = 0
    protection: str = ""
    format: int = FORMAT_VERSION

    @property
    def identity(self) -> str:
        """SHA-256 over all fields, 64 hexadecimal digits."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def shards_a_word(self) -> int:
        """How many shards the trials of one word make."""
        return -(-self.trials // self.trials_a_shard)

    @property
    def shards(self) -> int:
        """How many shards there are in all."""
        return len(self.words) * self.shards_a_word

    @property
    def rows(self) -> int:
        """How many trials there are in all."""
        return len(self.words) * self.trials

    def shard(self, number: int) -> Shard:
        """Shard number 0 .. shards - 1."""
        word, part = divmod(number, self.shards_a_word)
        start = part * self.trials_a_shard
        return Shard(number, self.words[word], start, min(start + self.trials_a_shard, self.trials))

    def difference(self, other: Campaign) -> str:
        """What differs first, in words, "" when nothing does."""
        for field in fields(self):
            mine, its = getattr(self, field.name), getattr(other, field.name)
            if mine != its:
                return f"{field.name.replace('_', ' ')} {_short(its)} and not {_short(mine)}"
        return ""

    def save(self, folder: Path) -> None:
        """Replace the manifest in `folder`; WorkbenchError when it cannot be written."""
        told = asdict(self) | {
            "plan_hash": Plan.parse(self.plan).hash,
            "seed": Plan.parse(self.plan).seed,
            "shards": self.shards,
            "identity": self.identity,
            "commit": _commit(),
            "kernels": kernels_here(),  # of who wrote this; workers of a cluster may have others
            "versions": {
                "workbench": __version__,
                "python": platform.python_version(),
                **{name: importlib.metadata.version(name) for name in _PACKAGES},
            },
        }
        write_text(folder / MANIFEST_FILE, json.dumps(told, indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Campaign:
        """The campaign of the results in `folder`.

        Raises WorkbenchError when the manifest is missing, damaged or of another format.
        """
        path = folder / MANIFEST_FILE
        try:
            told = json.loads(path.read_text())
        except OSError as error:
            raise WorkbenchError(
                f"{folder} holds no results of a campaign ({MANIFEST_FILE}: {error.strerror}); "
                "name a folder that `workbench campaign` wrote"
            ) from error
        except ValueError as error:
            raise _damaged(path) from error
        if not isinstance(told, dict):
            raise _damaged(path)
        if told.get("format") != FORMAT_VERSION:
            raise WorkbenchError(
                f"{path} was written by another version of the workbench (format "
                f"{told.get('format')}, this one has {FORMAT_VERSION}); run it again in another "
                "folder, or read it with the version that wrote it"
            )
        return cls._read(told, path)

    @classmethod
    def _read(cls, told: dict[str, Any], path: Path) -> Campaign:
        try:
            words = tuple(str(word) for word in told["words"])
            found = cls(**{**{f.name: told[f.name] for f in fields(cls)}, "words": words})
            if found.identity == told["identity"]:
                return found
        except (KeyError, TypeError) as error:
            raise _damaged(path) from error
        raise _damaged(path)


def _damaged(path: Path) -> WorkbenchError:
    return WorkbenchError(
        f"{path} is damaged; move its folder away, or copy the manifest from another part of the "
        "same campaign"
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _commit() -> str | None:
    """The commit of the checkout that this code is in, None when it is installed otherwise."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
