"""Pages that are compared with their golden copy, in C."""

from __future__ import annotations

from workbench.firmware.guards.in_c import Guarded, InC


class GoldenInC(InC):
    """A comparison, and what other guards say of the copies."""

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """The comparison, and whom to ask."""
        asks = {"witnesses": "wb_copies_say"} if guarded.watch.tells_latent else {}
        return {"wrong": "wb_golden_wrong", **asks}
