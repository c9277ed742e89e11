"""What monitors with conditions have in common: the class of a frame, by what an input says.

Layout: `of_row` int8 [rows], class of each row that the input may ask for; none where there is no condition, and all
frames are of one class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError, expect, nearest
from workbench.integer.program import Program
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.areas import Area, whole
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind, stored
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.memory.watches.conditions import classes_in, conditions_of

MOST_CLASSES, MOST_FADE = 64, 8
_OF_ROW = "of_row"


@dataclass(frozen=True)
class ConditionedArea(BehaviourArea):
    """What a monitor with conditions learned.

    Args:
        condition: The input whose rows are put together to classes, "" for none.
        classes: How many there are, 1 to MOST_CLASSES.
    """

    condition: str = ""
    classes: int = 1

    def __post_init__(self) -> None:
        expect(self.condition, str, "the condition of a monitor", "the name of an input, as text")
        whole(self, "classes")
        if not 1 <= self.classes <= (MOST_CLASSES if self.condition else 1):
            raise WorkbenchError(
                f"a monitor cannot tell {self.classes} classes by the condition {self.condition!r:.60}; choose 1 to "
                f"{MOST_CLASSES} of an input, and 1 without"
            )
        super().__post_init__()


class Conditioned(Behaviour):
    """A monitor with conditions in a layout."""

    def __init__(self, area: ConditionedArea, layout: Places, label: str) -> None:
        self.condition, self.classes = area.condition, area.classes
        self.rows = conditions_of(layout.program).get(area.condition, 0)
        super().__init__(area, layout, label)

    @property
    def needs(self) -> tuple[str, ...]:
        """With the input."""
        return (*self.signals, self.condition) if self.condition else self.signals

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """`of_row`, if there is a condition, before what the kind learned."""
        first = self._learned.baseline[: self.rows]
        return {_OF_ROW: (8, stored(first, 8))} if self.condition else {}

    @property
    def learned(self) -> tuple[int, ...]:
        """What the kind learned."""
        return self._learned.baseline[self.rows :]

    def class_of(
        self, data: np.ndarray, signals: Mapping[str, np.ndarray], frames: int
    ) -> np.ndarray:
        """The class of each frame, int64 [frames]."""
        if not self.condition:
            return np.zeros(frames, np.int64)
        of_row = read_tensor(data, self.place(_OF_ROW))
        return classes_in(signals[self.condition], of_row, self.classes)


@dataclass(frozen=True)
class ConditionedKind(BehaviourKind):
    """It learns the classes, too; it watches the output, and takes more off the sum than nearly all clean frames score.

    most_classes: That rows are put together to, at most.
    """

    most_classes: int = 8
    drift_share: ClassVar[float] = 0.999  # of clean frames score less than is taken off

    @property
    def record(self) -> type[Area]:
        """With condition and classes."""
        return ConditionedArea

    def usual_signals(self, program: Program) -> tuple[str, ...]:
        """The output."""
        return (program.output,)

    def learns_from(self, program: Program, signals: Sequence[str]) -> tuple[str, ...]:
        """With every input that could be a condition."""
        return (*signals, *conditions_of(program))

    def drift_for(self, scores: np.ndarray) -> int:
        """More than nearly all clean frames score."""
        return int(np.quantile(scores, self.drift_share, method="higher"))

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """A number a row, and what the kind learns."""
        assert isinstance(area, ConditionedArea)
        known = conditions_of(layout.program)
        if area.condition and area.condition not in known:
            raise WorkbenchError(
                f"{self.name} has the condition {area.condition!r:.60}, which chooses no rows of an embedding of "
                f"{layout.program.name}; {nearest(area.condition, known)}"
            )
        return known.get(area.condition, 0) + self.length_of(area, layout)

    def length_of(self, area: ConditionedArea, layout: Places) -> int:
        """Numbers that it learns besides the class of each row."""
        raise NotImplementedError

    def text(self, area: Area) -> str:
        """With the signal and the condition."""
        assert isinstance(area, ConditionedArea)
        by = f" in {area.classes} classes by {area.condition}" if area.condition else ""
        return f"{self.name} of {' '.join(area.signals)}{by}"


@dataclass(frozen=True)
class FadingKind(ConditionedKind):
    """It weighs the last frames of a class, older ones less and less.

    fade: Binary logarithm of about how many, 0 to MOST_FADE.
    """

    fade: int = 4
