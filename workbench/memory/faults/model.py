"""The interface of a fault model: it maps a trial index to the fault events of that trial.

Reference: fault models of memories, e.g. Baumann 2005, https://doi.org/10.1109/TDMR.2005.853449.
Layout: a model is a frozen dataclass; as text "name=first field,second field=value", and as a field of
another model with colons between its fields.
"""

from __future__ import annotations

import dataclasses
import operator
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, unquote

import numpy as np

from workbench.errors import WorkbenchError, described
from workbench.memory.faults.events import CLEAR, FLIP, SET, Events
from workbench.memory.faults.transients import Sites
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.sampling import no_such_number

MOST_FRAMES = 1_000_000  # of an utterance; hours
READER = "reader"  # key of the metadata of a field: function from its text to its value
INNER_COMMA = ":"  # between the fields of a model that is a field itself
# What fields may be -> what to write for one, in a message.
FIELD_TYPES = {
    "int": "a whole number",
    "float": "a number, as 1e-5",
    "str": "text",
    "tuple[int, ...]": "whole numbers with + between them",
    "FaultModel": "a fault model, as burst=8",
}
VALUES = ("0", "1", "either")  # at which a cell is stuck


@dataclass(frozen=True)
class FaultModel:
    """Base of all models.

    A model of one's own is a frozen dataclass with `_events`, made known by
    `workbench.memory.faults.fault_registry.register` or an entry point.

    NAME: of the model in texts; the first field follows it. SECTIONS: default
    targets. ADDRESSES: whether it needs an address and so cannot hit transient bits. Fields may be
    given as any number that says the same, of NumPy too; WorkbenchError for those that make no sense.
    Their types: FIELD_TYPES.
    """

    NAME: ClassVar[str]
    SECTIONS: ClassVar[tuple[str, ...]] = WORKING_SECTIONS
    ADDRESSES: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for key, field in zip(self._keys(), dataclasses.fields(self), strict=True):
            value = getattr(self, field.name)
            try:
                object.__setattr__(self, field.name, _plain(field_type(field), value))
            except (TypeError, ValueError, OverflowError) as error:
                raise _no_value(key, repr(value), field) from error
        self._check()

    def _check(self) -> None:
        """Raise WorkbenchError for fields that make no sense."""

    def events(
        self, sites: Sites, candidates: np.ndarray, plan: str, seed: int, indexes: np.ndarray
    ) -> Events:
        """What happens in the trials `indexes` (integers [n]), renumbered 0 .. n - 1.

        candidates: positions that may be hit, ascending int64. plan, seed: its whole text and its
        seed, on which draws depend. Raises WorkbenchError when the model does not fit the candidates
        or there is no such trial.
        """
        return self._events(sites, candidates, self.label(plan, seed), trial_numbers(indexes))

    def arrived(
        self, sites: Sites, candidates: np.ndarray, label: str, words: np.ndarray
    ) -> Events:
        """What `len(words)` arrivals do, each drawn by its word (uint64 [n]); trial i is arrival i.

        label: of this model alone. Arrival with the word w is trial number w, modulo how many there
        are, unless the model knows what a particle does that hits a bit, candidates[w modulo their
        count]. Frames count from the arrival. Errors as `events`.
        """
        size = self.size(candidates)
        numbers = words if size is None else (words % np.uint64(size)).astype(np.int64)
        return self._events(sites, candidates, label, numbers)

    def size(self, candidates: np.ndarray) -> int | None:
        """How many different trials there are; None when they are drawn at random."""
        return self._size(candidates)

    def reach(self, candidates: np.ndarray) -> np.ndarray:
        """Those of `candidates` that some trial may hit, ascending int64."""
        return candidates

    @property
    def idle(self) -> bool:
        """Whether nothing happens in any trial."""
        return getattr(self, "count", None) == 0

    @property
    def error_rate(self) -> float | None:
        """The bit-error rate that a curve shows; None for models that have none."""
        return None

    @property
    def sticks(self) -> bool:
        """Whether cells may be stuck at a value; one of your own that has such events says so here."""
        return False

    @property
    def sticks_histories(self) -> bool:
        """Whether those of histories, too, are forced again at the start of every frame."""
        return self.sticks

    @property
    def flips_any_bit(self) -> bool:
        """Whether bits are inverted whatever they hold, so that a map of trials is one of bits."""
        return not self.sticks

    def label(self, plan: str, seed: int) -> str:
        """The family of the random words from which trials are drawn."""
        return f"trial {plan}"

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        """As `events`; random draws depend on `label` and an index alone."""
        raise NotImplementedError

    def _size(self, candidates: np.ndarray) -> int | None:
        return None

    @classmethod
    def read(cls, values: dict[str, str], frames: int | None = None) -> FaultModel:
        """The model whose fields are given as text; takes them out of `values`, others stay.

        frames: for a field of that name where the text has none. Raises WorkbenchError when one is
        missing or makes no sense.
        """
        if frames is not None and "frames" in cls._keys():
            values.setdefault("frames", str(frames))
        arguments: dict[str, Any] = {}
        for key, field in zip(cls._keys(), dataclasses.fields(cls), strict=True):
            if key in values:
                text = values.pop(key)
                try:
                    arguments[field.name] = cls._value(field, text)
                except ValueError as error:
                    raise _no_value(key, text, field) from error
            elif field.default is dataclasses.MISSING:
                raise WorkbenchError(f"a plan with the fault model {cls.NAME} needs {key}=...")
        return cls(**arguments)

    @classmethod
    def _value(cls, field: dataclasses.Field[Any], text: str) -> Any:
        """The value of a field from its text; ValueError when it is none.

        A field may bring its own reader, as `field(metadata={READER: function})`.
        """
        if READER in field.metadata:
            return field.metadata[READER](text)
        kind = field_type(field)
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
        if kind == "str":
            return unquote(text)
        return tuple(int(each) for each in text.split("+") if each)

    @classmethod
    def _keys(cls) -> list[str]:
        return [cls.NAME, *(field.name for field in dataclasses.fields(cls)[1:])]

    def __str__(self) -> str:
        values = (getattr(self, field.name) for field in dataclasses.fields(self))
        return ",".join(
            f"{key}={_text(value)}" for key, value in zip(self._keys(), values, strict=True)
        )


def checked_events(made: Any, model: FaultModel, sites: Sites) -> Events:
    """What a model made of some trials, which may be one of a user's own; WorkbenchError for what are no events.

    made: what `events` gave. sites: that the trials hit.
    """
    if not isinstance(made, Events):
        raise WorkbenchError(
            f"the fault model {model.NAME} gave {described(made)} for its events; return Events from "
            "_events, as `at_once` makes them"
        )
    columns = [np.asarray(column) for column in made]
    whole = all(x.ndim == 1 and (not len(x) or x.dtype.kind in "iu") for x in columns)
    if not whole or len({len(x) for x in columns}) > 1:
        raise WorkbenchError(
            f"the fault model {model.NAME} gave columns of events that do not fit; return whole numbers, as "
            "many trials, frames, positions and actions"
        )
    if not len(made.trial):
        return made
    if made.position.min() < 0 or made.position.max() >= sites.size:
        raise WorkbenchError(
            f"the fault model {model.NAME} hits bit {made.position.max()} and there are {sites.size:,}; return "
            "positions of its candidates"
        )
    if not model.sticks and (made.action != FLIP).any():
        raise WorkbenchError(
            f"the fault model {model.NAME} has stuck cells and does not say so; give it a property `sticks` "
            "that is True"
        )
    return made


def trial_numbers(indexes: np.ndarray) -> np.ndarray:
    """Numbers of trials as an array of integers [n]; WorkbenchError beyond 64 bits."""
    numbers = np.asarray(indexes)
    if numbers.dtype == object:
        raise no_such_number(max(indexes))
    return numbers


def at_once(trial: np.ndarray, position: np.ndarray, action: np.ndarray | int) -> Events:
    """Events before the first frame; trial and position sorted already."""
    actions = np.broadcast_to(np.asarray(action, np.uint8), trial.shape)
    return Events(trial, np.zeros(len(trial), np.int64), position, np.ascontiguousarray(actions))


def hit_bits(candidates: np.ndarray, words: np.ndarray) -> np.ndarray:
    """The bit that each arrival hits by its word (uint64 [n]): positions int64 [n]."""
    return candidates[(words % np.uint64(len(candidates))).astype(np.int64)]


def stuck_actions(at: str, word: np.ndarray) -> np.ndarray:
    """CLEAR or SET, uint8 [n], by the highest bit of uint64 words where `at` is "either"."""
    if at == "either":
        return np.where(word >> np.uint64(63), SET, CLEAR).astype(np.uint8)
    return np.full(len(word), SET if at == "1" else CLEAR, np.uint8)


def check_count(count: int, candidates: np.ndarray, model: FaultModel) -> None:
    """Raise WorkbenchError when there are fewer candidates than `count`."""
    if count > len(candidates):
        raise WorkbenchError(
            f"{count:,} bits do not fit in the {len(candidates):,} that match {model}; ask for fewer or "
            "for more places"
        )


def need_frames(frames: int) -> None:
    """Raise WorkbenchError unless it is a time to speak in."""
    need(
        0 < frames <= MOST_FRAMES, f"there is no time in {frames} frames; give 1 to {MOST_FRAMES:,}"
    )


def need(condition: bool, otherwise: str) -> None:
    """Raise WorkbenchError(otherwise) unless `condition` holds."""
    if not condition:
        raise WorkbenchError(otherwise)


def _no_value(key: str, value: str, field: dataclasses.Field[Any]) -> WorkbenchError:
    wanted = FIELD_TYPES.get(field_type(field), "one of its type")
    return WorkbenchError(f"a plan cannot have {key}={value}; write {wanted}")


def field_type(field: dataclasses.Field[Any]) -> str:
    """The type of a field by name, whether its module postpones annotations or not."""
    return field.type.__name__ if isinstance(field.type, type) else str(field.type)


def _plain(kind: str, value: Any) -> Any:
    """`value` as Python's own type, so that equal models have one text; TypeError and so on if it is none."""
    if kind == "int":
        return int(operator.index(value))
    if kind == "float":
        return float(value) + 0.0  # never -0.0
    if kind == "str":
        return str(value)
    if kind == "FaultModel":
        if not isinstance(value, FaultModel):
            raise TypeError
        return value
    return tuple(int(operator.index(each)) for each in value)


def _text(value: object) -> str:
    if isinstance(value, FaultModel):
        return str(value).replace(",", INNER_COMMA)
    if isinstance(value, tuple):
        return "+".join(str(each) for each in value)
    return quote(value, safe="") if isinstance(value, str) else repr(value)
