"""Strategies made to measure: units, words and looks no larger than the network that they divide."""

from __future__ import annotations

from dataclasses import replace

from workbench.errors import expect
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.suitable import largest_unit
from workbench.integer.program import Program
from workbench.memory.layout import Layout
from workbench.memory.watches.areas import KINDS, Area


def fitted(strategy: Strategy, program: Program) -> Strategy:
    """The same strategy for a network that may be too small for its sizes; itself where it is not.

    A unit is at most as large as what it divides (where pages move, all are as small as the smallest),
    words in place are as long as the weights allow, a look takes no more units than there are, and
    guards of what the program does not have are left out, unless none would remain. What still cannot
    work is refused by `Strategy.layout`.
    """
    expect(strategy, Strategy, "what is to be fitted", 'a Strategy, as named("crc-scrub")')
    cure = "a Program, as `program` of a voice"
    expect(program, Program, "what a strategy is to be fitted to", cure)
    layout = Layout(program, areas=())
    guards = [_sized(guard, layout) for guard in strategy.guards if _has_work(guard, layout)]
    if strategy.spare_pages:
        page = min((guard.area.unit_bytes for guard in guards), default=0)
        guards = [replace(guard, area=replace(guard.area, unit_bytes=page)) for guard in guards]
    guards = [_looking(guard, layout) for guard in guards]
    return replace(strategy, guards=tuple(guards)) if guards else strategy


def _bytes(area: Area, layout: Layout) -> int:
    first, last = layout.sections[area.sections[0]], layout.sections[area.sections[-1]]
    return last.stop - first.start


def _has_work(guard: Guard, layout: Layout) -> bool:
    if guard.area.kind.divided:
        return _bytes(guard.area, layout) > 0
    if not guard.area.kind.stream:
        return True
    (watch,) = Layout(layout.program, areas=(guard.area,)).watches or (None,)
    return watch is not None and watch.units > 0


def _sized(guard: Guard, layout: Layout) -> Guard:
    area = guard.area
    if not area.kind.divided:
        return guard
    size = _bytes(area, layout)
    code = area.kind.fitted_code(size)
    unit = min(area.unit_bytes, largest_unit(KINDS[code], size))
    return replace(guard, area=replace(area, code=code, unit_bytes=unit))


def _looking(guard: Guard, layout: Layout) -> Guard:
    if not guard.area.kind.divided:
        return guard
    units = -(-_bytes(guard.area, layout) // guard.area.unit_bytes)
    return replace(guard, per_frame=min(guard.per_frame, units))
