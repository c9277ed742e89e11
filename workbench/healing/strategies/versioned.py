"""What several versions in flash need of the guards: proof of every byte that a device would fall back on."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.errors import WorkbenchError
from workbench.healing.strategies.guard import Guard
from workbench.memory.places import CHECK, RESERVE
from workbench.memory.watches.watch import Watch

MOST_VERSIONS = 3


def refuse_count(versions: int, guards: Sequence[Guard]) -> None:
    """Raise WorkbenchError where the number of versions does not go with the ladders."""
    falls = any(action.falls_back for guard in guards for action in guard.actions)
    if not 1 <= versions <= MOST_VERSIONS or falls != (versions > 1):
        raise WorkbenchError(
            f"{versions} versions in flash do not go with these ladders; FALL_BACK needs 2 to {MOST_VERSIONS}, "
            "and nothing else needs more than 1"
        )


def refuse_unproved(guards: Sequence[Guard], watches: Sequence[Watch]) -> None:
    """Raise WorkbenchError unless checks that lie beside each version in flash cover all of it."""
    for guard, watch in zip(guards, watches, strict=False):
        if guard.area.kind.flash:
            raise WorkbenchError(
                "pages of flash are not looked through where there are several versions, which a store proves at each start; "
                "leave the guard of flash out, and pages an hour"
            )
        if not (guard.area.kind.divided and watch.proves and _in_flash(watch)):
            raise WorkbenchError(
                f"{guard.area.code} cannot prove a version that does not run; where there are several, guard pages "
                'with a code whose checks lie in flash, as guard("pq")'
            )
    covered = 0
    for watch in sorted(watches, key=lambda each: each.start):
        if watch.start > covered:
            break
        covered = max(covered, watch.stop)
    working = watches[0].layout.working_bytes if watches else 0
    reserve = watches[0].layout.sections[RESERVE].size_bytes if watches else 0
    if reserve:
        raise WorkbenchError(
            "weights in reserve, of layers that are pruned in blocks, are no part of a version, so that new weights would meet old "
            "ones; choose a strategy of one version, as un-prune"
        )
    if covered < working:
        raise WorkbenchError(
            f"{working - covered:,} bytes of a version have no check, so that none could be proved whole; guard all "
            "sections where there are several versions"
        )


def _in_flash(watch: Watch) -> bool:
    return all(place.section == CHECK for place in watch.places)
