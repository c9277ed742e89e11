"""Remedies in C: a table from remedy to function.

A remedy of one's own is an entry here, with its C; functions have the shape of `apply` of a `wb_rung`, in
`runtime/wb_plan.h`. A kind may have functions of its own, see `InC.remedies`.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import WorkbenchError
from workbench.healing.log import Remedy


@dataclass(frozen=True)
class RemedyInC:
    """function: its name, "NULL" for what happens within the frame. source: C, where the runtime has none."""

    function: str
    source: str = ""


REMEDIES_IN_C: dict[Remedy, RemedyInC] = {
    Remedy.RESTORE: RemedyInC("wb_restore"),
    Remedy.CORRECT: RemedyInC("wb_correct"),
    Remedy.ZERO: RemedyInC("wb_zero_unit"),
    Remedy.INTERPOLATE: RemedyInC("wb_interpolate"),
    Remedy.CLIP: RemedyInC("wb_clip"),
    Remedy.REBOOT: RemedyInC("wb_reboot"),
    Remedy.RELOCATE: RemedyInC("wb_relocate"),
    Remedy.FALL_BACK: RemedyInC("wb_fall_back"),
    Remedy.REPEAT: RemedyInC("NULL"),
    Remedy.RESET: RemedyInC("wb_reset"),
    Remedy.RECALIBRATE: RemedyInC("wb_recalibrate"),
    Remedy.UNPRUNE: RemedyInC("wb_unprune"),
}


def remedy_in_c(remedy: Remedy) -> RemedyInC:
    """The entry of a remedy; WorkbenchError for one that has none."""
    entry = REMEDIES_IN_C.get(remedy)
    if entry is None:
        raise WorkbenchError(
            f"the remedy {remedy.name} has no C; write its function and enter it in REMEDIES_IN_C of "
            "workbench.firmware.remedies_in_c"
        )
    return entry


def number_in_c(remedy: Remedy) -> str:
    """Its number in the log: a name of the runtime, or the number itself."""
    return f"WB_REMEDY_{remedy.name}" if remedy.name in Remedy.__members__ else f"{int(remedy)}"
