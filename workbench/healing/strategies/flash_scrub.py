"""Strategies at so many pages of flash an hour, for damage that is rare and would not show otherwise."""

from __future__ import annotations

import math
from dataclasses import replace

from workbench.errors import WorkbenchError, expect
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.policy import MOST_FRAMES
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.watches.areas import Area

FLASH_CODE = "flash"
_MOST_PAGES = 256  # a frame, as firmware has it


def at_rate(
    strategy: Strategy, *, in_flash: bool, pages_per_hour: float, frame_rate_hz: float
) -> Strategy:
    """The same strategy, under which all of flash is looked through.

    Args:
        strategy: Of the device.
        in_flash: Whether parameters are read where they lie in flash, so that its guards look there, at this rate.
        pages_per_hour: At least so many, while it speaks.
        frame_rate_hz: Of the program.

    Raises:
        WorkbenchError: As `flash_scrubbed`.
    """
    if in_flash:
        strategy = slowed(strategy, pages_per_hour=pages_per_hour, frame_rate_hz=frame_rate_hz)
        if not any(guard.reads_golden for guard in strategy.guards):
            return strategy  # there is no second copy
    return flash_scrubbed(strategy, pages_per_hour=pages_per_hour, frame_rate_hz=frame_rate_hz)


def flash_scrubbed(
    strategy: Strategy, *, pages_per_hour: float, frame_rate_hz: float, unit_bytes: int = 256
) -> Strategy:
    """The same strategy, with all of flash looked through besides: golden copy, checks, tables of monitors.

    Args:
        strategy: Of a device whose parameters have a working copy in RAM.
        pages_per_hour: At least so many, while it speaks.
        frame_rate_hz: Of the program.
        unit_bytes: Of a page, a multiple of 8.

    Raises:
        WorkbenchError: The strategy does so already, or the rate is none that it can have.
    """
    if any(guard.area.kind.flash for guard in strategy.guards):
        raise WorkbenchError(
            f"the strategy {strategy.name} looks through flash already; leave out the pages an hour"
        )
    per_frame, every_frames = _schedule(pages_per_hour, frame_rate_hz)
    guard = Guard(Area(FLASH_CODE, unit_bytes=unit_bytes), per_frame, (), every_frames)
    name = f"{strategy.name} and flash" if strategy.guards else "flash alone"
    return replace(strategy, name=name, guards=(*strategy.guards, guard))


def slowed(strategy: Strategy, *, pages_per_hour: float, frame_rate_hz: float) -> Strategy:
    """The same strategy, each guard of which checks at least so many units an hour; for parameters that lie in flash.

    Raises WorkbenchError for a rate that it cannot have.
    """
    per_frame, every_frames = _schedule(pages_per_hour, frame_rate_hz)
    guards = tuple(
        replace(guard, per_frame=per_frame, every_frames=every_frames) if guard.scans else guard
        for guard in strategy.guards
    )
    return replace(strategy, guards=guards)


def _schedule(pages_per_hour: float, frame_rate_hz: float) -> tuple[int, int]:
    """Pages at a time, and frames from one time to the next."""
    expect(pages_per_hour, (int, float), "the pages of flash in an hour", "a number, as 60")
    least, most = 3600 * frame_rate_hz / MOST_FRAMES, 3600 * frame_rate_hz * _MOST_PAGES
    if not least <= pages_per_hour <= most:
        raise WorkbenchError(
            f"flash cannot be looked through at {pages_per_hour:g} pages an hour; choose {math.ceil(least):,} to "
            f"{int(most):,}"
        )
    frames = 3600 * frame_rate_hz / pages_per_hour
    return (1, math.floor(frames)) if frames >= 1 else (math.ceil(1 / frames), 1)
