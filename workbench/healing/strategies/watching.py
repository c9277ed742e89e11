"""Strategies around monitors of behaviour, whose alarms have memory checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.healing.log import Remedy
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.named import self_test, two_speeds, un_prune
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.watches.areas import Area
from workbench.memory.watches.behaviour import BehaviourKind
from workbench.memory.watches.fade import FadeArea

AUTONOMIC, RECALIBRATE = "autonomic", "recalibrate"
# The most critical first: biases and shifts are a fortieth of the bytes and most of the harm.
_BY_CRITICALITY = (("bias", "shift"), ("embed",), ("table",), ("weights",))
_PAGE_BYTES = 1024
_FADE_FRAMES = 1  # longer silence does more harm than what it hides
_HEALS, _REFILL_FRAMES = 128, 8  # many pages at once after a storm, and then one in so many frames


def watched_by(area: Area) -> Strategy:
    """The monitor alone: after an alarm, what differs from the golden copy is restored.

    No page is looked at at any other time. Where nothing differs, histories and monitors are reset. A check of the inputs
    that reads no memory stands alone, since its alarm asks for nothing; a gain of the input is `recalibrating`.
    """
    kind = area.kind
    if kind.corrects_inputs:
        return recalibrating(area)
    monitor = Guard(area, ladder=(Remedy.RESET,))
    if isinstance(kind, BehaviourKind) and kind.judges_inputs and not kind.reads_memory:
        return Strategy(area.code, (monitor,))
    pages = [Guard(Area("golden", sections, _PAGE_BYTES), 0) for sections in _BY_CRITICALITY]
    return Strategy(area.code, (monitor, *pages))


def recalibrating(area: Area) -> Strategy:
    """A gain of the input, and golden inputs, which have to agree before it is corrected: else they restore all."""
    gain, (test,) = Guard(area, ladder=(Remedy.RECALIBRATE,)), self_test(1, moments=2).guards
    return Strategy(RECALIBRATE, (gain, replace(test, per_frame=0)))


def autonomic(areas: Sequence[Area], *, fades: bool = True, prunes: bool = False) -> Strategy:
    """Checks of memory, the most critical first, beside monitors of behaviour and golden inputs.

    An alarm has all pages checked at once. Where they are sound it is left alone, since resetting histories in mid-word
    does more harm than most disturbances; where it happens again, golden inputs decide: they fail, and all is restored, or
    the data are other ones, and nothing is done. Remedies have a budget. Golden inputs validate none of them: where several
    pages are damaged at once, they refute the repair of each but the last. A check of the inputs, where it is among
    the monitors, says when an alarm is about other data; a gain of the input is corrected.

    Args:
        areas: Of the monitors.
        fades: Whether the frame of an alarm is silenced; not of a face, which silence does not become.
        prunes: Whether the program is pruned in blocks: layers whose weights are lost are un-pruned then.
    """
    weights, rest, *modes = un_prune().guards if prunes else two_speeds().guards
    (test,) = self_test(1, moments=2).guards
    monitors = [
        Guard(area, ladder=(Remedy.RECALIBRATE,) if area.kind.corrects_inputs else ())
        for area in areas
    ]
    fade = [Guard(FadeArea("fade", frames=_FADE_FRAMES), ladder=())] if fades else []
    return Strategy(
        AUTONOMIC,
        (*monitors, rest, weights, replace(test, per_frame=0), *fade, *modes),
        Policy(heals=_HEALS, refill_frames=_REFILL_FRAMES),
    )
