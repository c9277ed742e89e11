"""What every kind of guard or monitor gives to the C of a model.

Layout: constants as `runtime/wb_plan.h` has them; lines of a step's body as in
`workbench.firmware.operators`. `memory` is a local of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from workbench.firmware.design import Firmware
from workbench.firmware.operators import Call
from workbench.healing.devices.evidence import pages_prove
from workbench.healing.log import Remedy
from workbench.healing.strategies.guard import Guard
from workbench.memory.places import GOLDEN, RAM_CHECK
from workbench.memory.watches.watch import Watch


@dataclass(frozen=True, eq=False)
class Guarded:
    """Guard number `number` of a firmware."""

    firmware: Firmware
    number: int
    guard: Guard
    watch: Watch

    @property
    def prefix(self) -> str:
        """Of all names."""
        return self.firmware.prefix

    @property
    def pages_prove(self) -> bool:
        """Whether pages of other guards are asked, and can show that a unit is sound."""
        return self.watch.asks_pages and pages_prove(self.firmware.guards)

    def ram_offset(self, tensor: str) -> int:
        """Where a tensor begins in `memory.ram_checks`."""
        layout = self.firmware.layout
        place = layout.place(self.watch.label, tensor)
        return place.start - layout.sections[RAM_CHECK].start

    def version_offset(self, tensor: str) -> int:
        """Where a tensor of the check section begins in a version, which begins with its golden copy."""
        layout = self.firmware.layout
        return layout.place(self.watch.label, tensor).start - layout.sections[GOLDEN].start

    def in_flash(self, tensor: str) -> str:
        """A tensor of the check section, an array."""
        place = self.firmware.layout.place(self.watch.label, tensor)
        return f"{self.prefix}_check.{self.firmware.member(place)}"


class InC:
    """A kind in C. headers: of the runtime that it needs. remedies: functions of its own for some rungs."""

    headers: ClassVar[tuple[str, ...]] = ()
    remedies: ClassVar[Mapping[Remedy, str]] = {}

    def functions(self, guarded: Guarded) -> str:
        """Functions that its fields name and the runtime does not have."""
        return ""

    def tables(self, guarded: Guarded) -> Mapping[str, str]:
        """Constants that several guards may share, by name."""
        return {}

    def codes(self, guarded: Guarded) -> list[str]:
        """Its `wb_code` constants."""
        return []

    def parts(self, guarded: Guarded) -> str:
        """What its field `parts` points at."""
        return ""

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """Of its `wb_area`, besides those that all kinds have."""
        raise NotImplementedError

    # Of monitors: lines of a step.

    def locals(self, guarded: Guarded) -> list[str]:
        """Declarations before the first operator."""
        return []

    def before_frame(self, guarded: Guarded) -> list[str]:
        """Lines that see, or change, the inputs before they are computed with."""
        return []

    def operator(self, guarded: Guarded, call: Call, arguments: str) -> list[str]:
        """Lines that compute a convolution while its sums are seen; none for one that is not watched."""
        return []

    def after_operator(self, guarded: Guarded, call: Call) -> list[str]:
        """Lines that see a hidden signal, whose memory later operators may use again."""
        return []

    def after_frame(self, guarded: Guarded) -> list[str]:
        """Lines that see the output, bring the state up to date and raise alarms by `wb_alarm`."""
        return []

    # Of all kinds.

    def after_heal(self, guarded: Guarded) -> list[str]:
        """Lines that change the output once the healer is done; none for most."""
        return []
