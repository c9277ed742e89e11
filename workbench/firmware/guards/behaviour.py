"""Monitors of behaviour in C: what they share beyond the score of a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from workbench.firmware.guards.in_c import Guarded, InC
from workbench.firmware.operators import address
from workbench.healing.log import Remedy
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind
from workbench.memory.watches.input_codes import rows_of


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
            f"    {_inputs(guarded)},\n"
            f"    {watch.remembered_bytes}u,\n"
            f"    {self.own_part(guarded)},\n"
            "};\n"
        )

    def after_frame(self, guarded: Guarded) -> list[str]:
        """Bring the sum up to date, and follow an alarm."""
        return [f"wb_behave(&memory, {guarded.number}u, {self.score(guarded)});"]


def _inputs(guarded: Guarded) -> str:
    """What it has to do with the inputs: it judges or corrects them, or others do, or nobody."""
    kinds = [guard.area.kind for guard, _ in guarded.firmware.guards]
    judges = [
        n
        for n, kind in enumerate(kinds)
        if isinstance(kind, BehaviourKind) and kind.judges_inputs and not kind.corrects_inputs
    ]
    if kinds[guarded.number].corrects_inputs:
        return "WB_CORRECTS_INPUTS"
    if guarded.number in judges:
        return "WB_JUDGES_BY_MEMORY" if behaviour_of(guarded).reads_memory else "WB_JUDGES_INPUTS"
    return "WB_INPUTS_JUDGED" if judges else "WB_INPUTS_UNJUDGED"


def row_asked(guarded: Guarded, name: str) -> str:
    """The row of a table that a frame asks for by an input, -1 or the number of rows beyond them; an expression."""
    firmware = guarded.firmware
    codes = address(firmware, firmware.program.signal(name))
    return f"wb_clamp(*({codes}), -1, {rows_of(firmware.program, name)})"


def judge_part(
    guarded: Guarded, what: str, tensors: Sequence[str], counted: str, counts: Sequence[int]
) -> str:
    """A `wb_WHAT`: where what was learned of inputs lies, and a count for each of their numbers, called `counted`."""
    name = f"{guarded.prefix}_{what}_{guarded.number}"
    learned = "\n".join(f"    {guarded.in_flash(tensor)}," for tensor in tensors)
    return (
        f"static const uint16_t {name}_{counted}[] = {{{', '.join(map(str, counts))}}};\n"
        f"static const wb_{what} {name} = {{\n{learned}\n    {name}_{counted}, {len(counts)}u,\n}};\n"
    )


def behaviour_of(guarded: Guarded) -> Behaviour:
    """Its watch."""
    assert isinstance(guarded.watch, Behaviour)
    return guarded.watch
