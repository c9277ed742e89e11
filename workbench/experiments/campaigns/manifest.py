"""The manifest of a folder of results: everything that the trials depend on, as manifest.json.

Layout: a sealed JSON object (`workbench.sealed`); the fields of `Campaign` decide what a trial is, the rest
tells how it came about.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from workbench.audio.scales import scale_of_text
from workbench.errors import WorkbenchError
from workbench.experiments.provenance import provenance
from workbench.files import as_argument, path_of, read_bytes
from workbench.memory.faults.plan import Plan
from workbench.sealed import DIGEST, json_object, unsealed, write_sealed

# Of the columns in `trial_table.SCHEMA` and the fields of `Campaign`: counted up with either.
FORMAT_VERSION = 3
_OF_WORDS = 2  # the same with `words` for `utterances`, in shards `word`
BY_SPECTRUM_VERSION = 4  # the same with a scale by the spectrum, and the columns of its figures
_FORMATS = (FORMAT_VERSION, BY_SPECTRUM_VERSION, _OF_WORDS)
MANIFEST_FILE = "manifest.json"
_CONTINUED = (
    "continued_by"  # commit and versions of the code that went on with a campaign, if other
)
_OWN_CODE = "own_code"
_OPTIONAL = (_OWN_CODE, "scale", "choices")  # fields that are written only where they say something
_SHOWN = 60  # characters of a value in a message
_CURE = "move its folder away, or copy the manifest from another part of the same campaign"


class Shard(NamedTuple):
    """A part of a campaign: the trials start .. stop - 1 of one utterance."""

    number: int
    utterance: str
    start: int
    stop: int

    @property
    def indexes(self) -> np.ndarray:
        """Numbers of the trials, int64 [stop - start]."""
        return np.arange(self.start, self.stop, dtype=np.int64)


@dataclass(frozen=True)
class Campaign:
    """Which trials there are, and how they are cut; folders with equal campaigns can be merged.

    Args:
        plan: Its text.
        image: Content hash of what is hit, its program included.
        program: Content hash.
        utterances: What is spoken.
        inputs: SHA-256 over what the utterances feed in.
        trials: Of each utterance; their numbers are 0 .. trials - 1.
        trials_a_shard: At most.
        population: How many different trials the plan has; None when it draws them at random.
        log_mel: Of about so many trials of an utterance the log-mel distance is measured.
        listen: About so many trials of an utterance are heard by a recogniser and PESQ.
        choices: What the recogniser may answer, see `listening.choices`; () for the utterances, digits as "seven".
        protection: Digest of a protection mask; "" for none.
        own_code: Digest of what a fault model or operators of one's own do, see `workbench.own_code`; "" for none.
        scale: That classes go by, as `scale_text` writes it; "" for the SNR.
        format: Version of the results.
    """

    plan: str
    image: str
    program: str
    utterances: tuple[str, ...]
    inputs: str
    trials: int
    trials_a_shard: int
    population: int | None = None
    log_mel: int = 0
    listen: int = 0
    choices: tuple[str, ...] = ()
    protection: str = ""
    own_code: str = ""
    scale: str = ""
    format: int = FORMAT_VERSION

    @property
    def identity(self) -> str:
        """SHA-256 over all fields, 64 hexadecimal digits."""
        text = json.dumps(self._plain, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def shards_each(self) -> int:
        """How many shards the trials of one utterance make."""
        return -(-self.trials // self.trials_a_shard)

    @property
    def shards(self) -> int:
        """How many shards there are in all."""
        return len(self.utterances) * self.shards_each

    @property
    def rows(self) -> int:
        """How many trials there are in all."""
        return len(self.utterances) * self.trials

    def shard(self, number: int) -> Shard:
        """Shard number 0 .. shards - 1."""
        which, part = divmod(number, self.shards_each)
        start = part * self.trials_a_shard
        return Shard(
            number, self.utterances[which], start, min(start + self.trials_a_shard, self.trials)
        )

    def pilot(self, trials: int) -> Campaign:
        """The same with a first shard of at most so many trials."""
        return replace(self, trials_a_shard=min(self.trials_a_shard, trials))

    def difference(self, other: Campaign) -> str:
        """What differs first, in words, "" when nothing does."""
        for field in fields(self):
            mine, its = getattr(self, field.name), getattr(other, field.name)
            if mine != its and field.name == _OWN_CODE:
                return "another version of a fault model or an operator of your own"
            if mine != its:
                return f"{field.name.replace('_', ' ')} {_short(its)} and not {_short(mine)}"
        return ""

    def save(self, folder: Path) -> None:
        """Replace the manifest in `folder`; WorkbenchError when it cannot be written."""
        write_sealed(folder / MANIFEST_FILE, {**self._described, **provenance()})

    def save_again(self, folder: Path) -> None:
        """Let the manifest in `folder` name the code that goes on there, beside all that did before."""
        contents = _parsed(folder)
        runs = [{key: contents.get(key) for key in provenance()}, *contents.get(_CONTINUED, [])]
        if provenance() not in runs:
            write_sealed(
                folder / MANIFEST_FILE, {**contents, _CONTINUED: [*runs[1:], provenance()]}
            )

    @classmethod
    def load(cls, folder: Path) -> Campaign:
        """The campaign of the results in a folder.

        Raises:
            WorkbenchError: The manifest is missing, damaged, edited or of another format.
        """
        path = folder / MANIFEST_FILE
        contents = _parsed(folder)
        if DIGEST not in contents:
            raise WorkbenchError(
                f"{path} has no {DIGEST} that would prove it, as those of an earlier version; if "
                f"nobody edited it, give it one with `workbench seal {shlex.quote(as_argument(folder))}`"
            )
        return cls._read(unsealed(contents, str(path), _CURE), path)

    @classmethod
    def _read(cls, contents: dict[str, Any], path: Path) -> Campaign:
        try:
            names = {field.name: _key(field.name, contents["format"]) for field in fields(cls)}
            values = {
                name: contents[key]
                for name, key in names.items()
                if key in contents or name not in _OPTIONAL
            }
        except KeyError as error:
            raise _damaged(path) from error
        for name, value in values.items():
            values[name] = tuple(value) if isinstance(value, list) else value
        campaign = cls(**values)
        if not campaign._is_possible:
            raise _damaged(path)
        try:
            scale_of_text(campaign.scale)
            described = campaign._described
        except WorkbenchError as error:
            raise WorkbenchError(f"{path}: {error}") from error
        if any(
            contents.get(key) != value
            for key, value in described.items()
            if value not in (campaign.utterances, campaign.choices)
        ):
            raise _damaged(path)
        return campaign

    @property
    def _described(self) -> dict[str, Any]:
        plan = Plan.parse(self.plan)
        derived = {"plan_hash": plan.hash, "seed": plan.seed, "shards": self.shards}
        return {**self._plain, **derived, "identity": self.identity}

    @property
    def _plain(self) -> dict[str, Any]:
        """The fields by the names that they have in this format."""
        return {
            _key(name, self.format): value
            for name, value in asdict(self).items()
            if value or name not in _OPTIONAL
        }

    @property
    def _is_possible(self) -> bool:
        """Whether the fields are of the types and within the ranges that `campaign_of` makes."""
        if not (isinstance(self.utterances, tuple) and isinstance(self.choices, tuple)):
            return False
        texts = (
            self.plan,
            self.image,
            self.program,
            self.inputs,
            self.protection,
            self.own_code,
            self.scale,
            *self.utterances,
            *self.choices,
        )
        counts = (self.trials, self.trials_a_shard, self.log_mel, self.listen)
        return (
            all(isinstance(text, str) for text in texts)
            and 0 < len(self.utterances) == len(set(self.utterances))
            and all(type(count) is int and count >= 0 for count in counts)
            and self.trials > 0 < self.trials_a_shard
            and bool(self.scale) == (self.format == BY_SPECTRUM_VERSION)
            and (self.population is None or type(self.population) is int)
        )


def seal_manifest(folder: Path) -> Campaign:
    """Seal a manifest of an earlier version, unchanged; return its campaign.

    Nothing proves that its commit and versions were not edited before. Raises WorkbenchError as
    `Campaign.load`, and for a manifest that has its digest already.
    """
    folder = path_of(folder, "the folder of results")
    path = folder / MANIFEST_FILE
    contents = _parsed(folder)
    if DIGEST in contents:
        Campaign.load(folder)
        raise WorkbenchError(f"{path} is under a digest already; leave it as it is")
    campaign = Campaign._read(contents, path)
    write_sealed(path, contents)
    return campaign


def _parsed(folder: Path) -> dict[str, Any]:
    """The contents of the manifest, of this format but with nothing proved."""
    path = folder / MANIFEST_FILE
    try:
        text = read_bytes(path)
    except OSError as error:
        raise WorkbenchError(
            f"{folder} holds no results of a campaign ({MANIFEST_FILE}: {error.strerror}); "
            "name a folder that `workbench campaign` wrote"
        ) from error
    contents = json_object(text, str(path), _CURE)
    if contents.get("format") not in _FORMATS:
        raise WorkbenchError(
            f"{path} was written by another version of the workbench (format "
            f"{contents.get('format')!r:.40}, this one has {max(_FORMATS)}); run it again in another "
            "folder, or read it with the version that wrote it"
        )
    return contents


def _key(field: str, version: int) -> str:
    """What a field of `Campaign` is called in a manifest of this format."""
    return "words" if field == "utterances" and version == _OF_WORDS else field


def _damaged(path: Path) -> WorkbenchError:
    return WorkbenchError(f"{path} is damaged; {_CURE}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
