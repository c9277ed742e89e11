"""The fade of the output, in C."""

from __future__ import annotations

from typing import ClassVar

from workbench.firmware.guards.in_c import Guarded, InC
from workbench.memory.watches.fade import FadeWatch


class FadeInC(InC):
    """Functions of `runtime/wb_fade.h`."""

    headers: ClassVar[tuple[str, ...]] = ("wb_fade.h",)

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """One unit, which is never wrong."""
        return {
            "wrong": "wb_fade_wrong",
            "boot": "wb_fade_boot",
            "ram_check": f"{guarded.ram_offset('left')}u",
            "parts": f"&{guarded.prefix}_parts_{guarded.number}",
        }

    def parts(self, guarded: Guarded) -> str:
        """Shape of the output, and the steps from silence to full loudness."""
        watch, program = guarded.watch, guarded.firmware.program
        assert isinstance(watch, FadeWatch)
        output = program.signal(program.output)
        numbers = (watch.frames, watch.rows, output.channels, output.bits, watch.step)
        return (
            f"static const wb_fade {guarded.prefix}_parts_{guarded.number} = "
            f"{{{', '.join(f'{number}u' for number in numbers)}}};\n"
        )

    def after_heal(self, guarded: Guarded) -> list[str]:
        """Of the output, before it leaves."""
        return [f"wb_fade_out(&memory, {guarded.number}u, output);"]
