"""Updates that lose power, as a table of what boots."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.experiments.updates.timeline import TEARS, Booted, cut_update, update_operations
from workbench.face.shown import html_table, text_table
from workbench.face.working import counting


@dataclass(frozen=True, repr=False)
class UpdateCuts:
    """What boots after a power cut at each operation of an update; a table in a notebook.

    Args:
        rows: In order of time.
    """

    rows: tuple[Booted, ...]

    def _table(self) -> list[tuple[str, ...]]:
        head = (
            "operation",
            "power fails in",
            "having done",
            "boots",
            "whole",
            "then takes the update",
        )
        return [
            head,
            *(
                (
                    str(each.operation), each.what, each.tear, f"version {each.version}",
                    "yes" if each.whole else "NO", "yes" if each.takes_update else "NO",
                )
                for each in self.rows
            ),
        ]  # fmt: skip

    def _repr_html_(self) -> str:
        return html_table(self._table())

    def __repr__(self) -> str:
        return text_table(self._table())


def update_cuts(at: int | None = None, tear: str | None = "weak", *, seed: int = 1) -> UpdateCuts:
    """Cut the power of a device that runs version 1 while it is sent version 2, and see which version boots.

    Args:
        at: Operation of flash in which the power fails, from 0; None for each of them, one device after the other.
        tear: What that operation has done: "before", "prefix", "subset", "weak" (bits that read differently each
            time), "almost" or "after"; None for each of them.
        seed: Of torn bits, 1 to 2^32 - 1.

    Raises:
        WorkbenchError: There is no such operation, tear or seed.
    """
    places = range(len(update_operations())) if at is None else (at,)
    tears = TEARS if tear is None else (tear,)
    with counting("Cutting the power", total=len(places) * len(tears), unit="cut") as bar:
        rows = []
        for place in places:
            for each in tears:
                rows.append(cut_update(place, each, seed=seed))
                bar.update()
    return UpdateCuts(tuple(rows))
