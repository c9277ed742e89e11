"""Monitors of behaviour in C: what they share beyond the score of a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from workbench.firmware.guards.in_c import Guarded, InC
from workbench.healing.log import Remedy
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind


class BehaviourInC(InC):
    """Functions of `runtime/wb_behaviour.h`; a kind adds how `score` comes about."""

    headers: ClassVar[tuple[str, ...]] = ("wb_behaviour.h",)
    remedies: ClassVar[Mapping[Remedy, str]] = {
        Remedy.RESET: "wb_reset",
        Remedy.UNPRUNE: "wb_unprune_all",
    }

    def score(self, guarded: Guarded) -> str:
        """The score of the frame, an expression."""
        raise NotImplementedError

    def own_part(self, guarded: Guarded) -> str:
        """What a remedy of its own needs, an address."""
        return "NULL"

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """One unit, which is wrong where what it compares with is damaged."""
        return {
            "wrong": "wb_behaviour_wrong",
            "boot": "wb_behaviour_boot",
            "ram_check": f"{guarded.ram_offset('state')}u",
            "parts": f"&{guarded.prefix}_parts_{guarded.number}",
        }

    def parts(self, guarded: Guarded) -> str:
        """Where limits and baselines lie."""
        watch = behaviour_of(guarded)
        first, last = watch.sealed()
        firmware = guarded.firmware
        offset = first - firmware.layout.sections["check"].start
        golden_inputs = firmware.strategy.validator
        return (
            f"static const wb_behaviour {guarded.prefix}_parts_{guarded.number} = {{\n"
            f"    {guarded.in_flash('limits')},\n"
            f"    {guarded.in_flash('seal')},\n"
            f"    (const wb_byte *)&{guarded.prefix}_check + {offset}u, {last - first}u,\n"
            f"    {'~0u' if golden_inputs is None else f'{golden_inputs}u'},\n"
            f"    {_input_check(guarded)},\n"
            f"    {watch.remembered_bytes}u,\n"
            f"    {self.own_part(guarded)},\n"
            "};\n"
        )

    def after_frame(self, guarded: Guarded) -> list[str]:
        """Bring the sum up to date, and follow an alarm."""
        return [f"wb_behave(&memory, {guarded.number}u, {self.score(guarded)});"]


def _input_check(guarded: Guarded) -> str:
    """Number of the guard that is asked whether inputs are unknown; its own, where it judges them itself."""
    kinds = [guard.area.kind for guard, _ in guarded.firmware.guards]
    judges = [n for n, k in enumerate(kinds) if isinstance(k, BehaviourKind) and k.judges_inputs]
    asked = [n for n in judges if not kinds[n].corrects_inputs]
    numbers = [guarded.number] if guarded.number in judges else asked
    return f"{numbers[0]}u" if numbers else "~0u"


def behaviour_of(guarded: Guarded) -> Behaviour:
    """Its watch."""
    assert isinstance(guarded.watch, Behaviour)
    return guarded.watch
