"""What a fault model is: a short text that says which events happen in trial number so and so.

Reference: fault models of memories, e.g. Baumann 2005, https://doi.org/10.1109/TDMR.2005.853449.
Layout: a model is a frozen dataclass; as text "name=first field,second field=value".
"""

from __future__ import annotations

import dataclasses
import operator
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, unquote

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.faults.events import CLEAR, SET, Events
from workbench.memory.faults.transients import Sites
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.sampling import no_such_number

MOST_FRAMES = 1_000_000  # of an utterance; hours
VALUES = ("0", "1", "either")  # at which a cell is stuck


@dataclass(frozen=True)
class FaultModel:
    """Base of all models.

    NAME: as text names it; the first field stands behind it. SECTIONS: where it strikes unless told
    otherwise. ADDRESSES: whether it needs an address and so cannot hit transient bits. Fields may be
    given as any number that says the same, of NumPy too; WorkbenchError for those that make no sense.
    """

    NAME: ClassVar[str]
    SECTIONS: ClassVar[tuple[str, ...]] = WORKING_SECTIONS
    ADDRESSES: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for key, field in zip(self._keys(), dataclasses.fields(self), strict=True):
            value = getattr(self, field.name)
            try:
                object.__setattr__(self, field.name, _plain(str(field.type), value))
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
        numbers = np.asarray(indexes)
        if numbers.dtype == object:  # beyond 64 bits
            raise no_such_number(max(indexes))
        return self._events(sites, candidates, self._label(plan, seed), numbers)

    def size(self, candidates: np.ndarray) -> int | None:
        """How many different trials there are; None when they are drawn at random."""
        return self._size(candidates)

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        """As `events`; random draws depend on `label` and an index alone."""
        raise NotImplementedError

    def _size(self, candidates: np.ndarray) -> int | None:
        return None

    def _label(self, plan: str, seed: int) -> str:
        return f"trial {plan}"

    @classmethod
    def read(cls, values: dict[str, str]) -> FaultModel:
        """The model whose fields are given as text; takes them out of `values`, others stay.

        Raises WorkbenchError when one is missing or makes no sense.
        """
        found: dict[str, Any] = {}
        for key, field in zip(cls._keys(), dataclasses.fields(cls), strict=True):
            if key in values:
                text = values.pop(key)
                try:
                    found[field.name] = cls._value(field, text)
                except ValueError as error:
                    raise _no_value(key, text, field) from error
            elif field.default is dataclasses.MISSING:
                raise WorkbenchError(f"a plan with the fault model {cls.NAME} needs {key}=...")
        return cls(**found)

    @classmethod
    def _value(cls, field: dataclasses.Field[Any], text: str) -> Any:
        """The value of a field from its text; ValueError when it is none."""
        if field.type == "int":
            return int(text)
        if field.type == "float":
            return float(text)
        if field.type == "str":
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


def at_once(trial: np.ndarray, position: np.ndarray, action: np.ndarray | int) -> Events:
    """Events before the first frame; trial and position sorted already."""
    actions = np.broadcast_to(np.asarray(action, np.uint8), trial.shape)
    return Events(trial, np.zeros(len(trial), np.int64), position, np.ascontiguousarray(actions))


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
    kinds = {"int": "a whole number", "float": "a number, as 1e-5"}
    wanted = kinds.get(str(field.type), "whole numbers with + between them")
    return WorkbenchError(f"a plan cannot have {key}={value}; write {wanted}")


def _plain(kind: str, value: Any) -> Any:
    """`value` as Python's own type, so that equal models have one text; TypeError and so on if it is none."""
    if kind == "int":
        return int(operator.index(value))
    if kind == "float":
        return float(value) + 0.0  # never -0.0
    return str(value) if kind == "str" else tuple(int(operator.index(each)) for each in value)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(str(each) for each in value)
    return quote(value, safe="") if isinstance(value, str) else repr(value)
