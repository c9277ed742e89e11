"""Pages that are compared with their golden copy, in C."""

from __future__ import annotations

from workbench.firmware.guards.in_c import Guarded, InC


class GoldenInC(InC):
    """A comparison, and no other witness."""

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """The comparison."""
        return {"wrong": "wb_golden_wrong"}
