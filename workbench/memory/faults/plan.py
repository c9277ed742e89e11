"""Plans: the fault trials of a campaign as one line of text, and the identifier of each trial.

A trial is a pure function of plan, number and image, the same on every machine. Layout of the text:
"flips=10,seed=0,section=weights+bias,operator=conv_in,bit=7"; an identifier puts the image and the
word before it, and the plan's hash and the number of the trial behind it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.memory.choice import Choice, joined
from workbench.memory.faults.events import Events
from workbench.memory.faults.fault_registry import fault_model, read_model, values_of
from workbench.memory.faults.model import FaultModel, checked_events
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import TRANSIENT_SECTIONS, Sites
from workbench.memory.image import Image

HASH_DIGITS = 12


@dataclass(frozen=True)
class Plan:
    """Which trials there are: a fault model and where it applies.

    >>> Plan.parse("flips=3,bit=7").bits
    (7,)

    Args:
        model: What happens.
        seed: Another one gives other draws.
        sections: Of ALL_SECTIONS; () for the model's own, the working copy for most.
        operators: Names; () for any.
        bits: Of an element, 0 the lowest; () for all.
    """

    model: FaultModel
    seed: int = 0
    sections: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    bits: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        expect(
            self.model,
            FaultModel,
            "the fault model of a plan",
            "one like Flips(3), or Plan.parse(text)",
        )

    def candidates(self, sites: Sites) -> np.ndarray:
        """Positions that trials may hit, ascending int64; padding never is one.

        Raises:
            WorkbenchError: A name is unknown, nothing matches, or the model cannot hit what does.
        """
        sections = self.sections or self.model.SECTIONS
        lost = [section for section in sections if section in TRANSIENT_SECTIONS]
        if self.model.ADDRESSES and lost:
            raise WorkbenchError(
                f"the fault model {self.model.NAME} needs stored bits, and {lost[0]} are not stored; "
                "name other sections"
            )
        return sites.candidates(sections, self.operators, self.bits)

    def events(self, sites: Sites, indexes: np.ndarray) -> Events:
        """What happens in some trials.

        No trial has two events at one bit, except of particles that arrive one after the other.

        Args:
            sites: Bits of the image.
            indexes: Numbers of the trials, integers [n]; they become 0 .. n - 1 in that order.

        Raises:
            WorkbenchError: The plan does not fit the image, or a trial does not exist.
        """
        expect(sites, Sites, "where a plan is to strike", "Sites(image)")
        made = self.model.events(sites, self.candidates(sites), str(self), self.seed, indexes)
        return checked_events(made, self.model, sites)

    def size(self, sites: Sites) -> int | None:
        """How many different trials there are; None when they are drawn at random, without end."""
        return self.model.size(self.candidates(sites))

    def reach(self, sites: Sites) -> np.ndarray:
        """Those of the candidates that some trial may hit, ascending int64; errors as `candidates`."""
        return self.model.reach(self.candidates(sites))

    @property
    def hash(self) -> str:
        """First 12 hexadecimal digits of the SHA-256 of the text."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:HASH_DIGITS]

    @classmethod
    def parse(cls, text: str, *, seed: int = 0, frames: int | None = None) -> Plan:
        """Read a plan.

        Args:
            text: Parts "key=value" with commas between them, in any order but the model first.
            seed: For a text without one.
            frames: For a text without them, where the model needs them.

        Raises:
            WorkbenchError: The text is no plan.
        """
        expect(text, str, "a plan", 'text like "flips=3,seed=0"')
        _refuse_bytes(text)
        name = text.strip().partition(",")[0].partition("=")[0]
        if name:
            fault_model(name)  # its name is what is most easily mistaken
        values = values_of(text)
        model = read_model(values, frames)
        try:
            plan = cls(
                model=model,
                seed=int(values.pop("seed", str(seed))),
                sections=_split(values.pop("section", "")),
                operators=_split(values.pop("operator", "")),
                bits=tuple(int(bit) for bit in _split(values.pop("bit", ""))),
            )
        except ValueError as error:
            raise WorkbenchError(f"seed and bit of the plan {text!r} are whole numbers") from error
        if values:
            raise WorkbenchError(f"the plan {text!r} has no use for {', '.join(values)}")
        return plan

    def __str__(self) -> str:
        choice = Choice(self.sections, self.operators, self.bits)
        return f"{self.model},{choice.text(self.seed)}"


_UTTERANCE = ",utterance="
_WORD = ",word="  # as identifiers of earlier versions have it


@dataclass(frozen=True)
class TrialId:
    """All that is needed to repeat a trial against a named image, as one short string.

    Args:
        image: First digits of the content hash.
        utterance: What is spoken.
        plan: Of the trial.
        index: Number of the trial.
        protection: Digest of the mask whose bytes nothing happens to; "" without one.
    """

    image: str
    utterance: str
    plan: Plan
    index: int
    protection: str = ""

    @classmethod
    def of(
        cls,
        image: Image,
        utterance: str,
        plan: Plan,
        index: int,
        *,
        mask: ProtectionMask | None = None,
    ) -> TrialId:
        """The identifier of a trial on `image`."""
        digest = mask.digest if mask else ""
        return cls(image.content_hash[:HASH_DIGITS], utterance, plan, index, digest)

    @classmethod
    def parse(cls, text: str) -> TrialId:
        """Read `str(identifier)`, also of earlier versions; WorkbenchError when it is not one, or its plan was altered."""
        expect(text, str, "the identifier of a trial", "the line that was printed after 'replay:'")
        text = text.strip()
        key = next((key for key in (_UTTERANCE, _WORD) if key in text), _UTTERANCE)
        image, _, rest = text.partition(key)
        utterance, _, rest = rest.partition(",")
        written, _, rest = rest.partition(",plan=")
        written, _, protection = written.partition(",protect=")
        plan_hash, _, index = rest.partition(",trial=")
        _refuse_bytes(text)
        if len(image) != HASH_DIGITS or not index.isdecimal() or not index.isascii():
            raise WorkbenchError(
                f"{text!r} is not the identifier of a trial; copy the whole line that was printed "
                "after 'replay:'"
            )
        trial = cls(image, unquote(utterance), Plan.parse(written), int(index), protection)
        if plan_hash != trial.plan.hash:
            raise WorkbenchError(
                f"the plan {written!r} has the hash {trial.plan.hash} and the identifier says "
                f"{plan_hash or 'none'}: one of them was altered; copy the whole line again"
            )
        return trial

    def check(self, image: Image) -> None:
        """Raise WorkbenchError unless this trial belongs to `image`."""
        if not image.content_hash.startswith(self.image):
            raise WorkbenchError(
                f"the trial belongs to image {self.image} and this one is "
                f"{image.content_hash[:HASH_DIGITS]}; name the checkpoint or image it was made from"
            )

    def events(self, sites: Sites, mask: ProtectionMask | None = None) -> Events:
        """What happens in the trial.

        Raises:
            WorkbenchError: As of `check` and `Plan.events`; also when `mask` is not the one that the trial ran under.
        """
        self.check(sites.image)
        if self.protection != (mask.digest if mask else ""):
            raise WorkbenchError(
                f"the trial ran under the protection mask {self.protection}; name its file with "
                "--protect"
                if self.protection
                else "the trial ran without a protection mask; leave out --protect"
            )
        events = self.plan.events(sites, np.array([self.index]))
        return mask.drop(events) if mask else events

    def __str__(self) -> str:
        utterance = joined([self.utterance])
        protected = f",protect={self.protection}" if self.protection else ""
        end = f"{protected},plan={self.plan.hash},trial={self.index}"
        return f"{self.image}{_UTTERANCE}{utterance},{self.plan}{end}"


def _refuse_bytes(text: str) -> None:
    """Python puts lone surrogates in place of bytes of a command line that are no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise WorkbenchError(f"{text!r} is no text in UTF-8; copy or write it again") from None


def _split(text: str) -> tuple[str, ...]:
    return tuple(unquote(value) for value in text.split("+")) if text else ()
