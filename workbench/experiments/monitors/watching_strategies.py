"""Monitors of behaviour as strategies by name: calibrated when they are asked for, and kept.

Layout: a record (`experiments.records`) of each calibrated monitor, with the fields of its area.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import (
    FRAMES,
    MEAN_FRAMES,
    alarming_kinds,
    calibrate,
)
from workbench.experiments.parallel.task import code_here
from workbench.experiments.records import RecordFile
from workbench.experiments.voices.voice import Voice
from workbench.generators.generator import SOUND
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.watching import AUTONOMIC, RECALIBRATE, autonomic, watched_by
from workbench.integer.pruning import prunable
from workbench.memory.watches.areas import KINDS, Area, Kind, area_of
from workbench.memory.watches.behaviour import BehaviourKind
from workbench.memory.watches.behaviour_area import BehaviourArea

Named = str | Strategy
_JUDGES, _GAIN = ("input-check", "input-rhythm", "input-voice"), "input-gain"
# Inputs first. Hidden codes tell most, the output what lies behind the last convolution.
_OF_AUTONOMIC = (_GAIN, *_JUDGES, "hidden-markers", "sound-sanity", "kl-watch")
# By kind, hash of the program and frames.
_known: dict[tuple[Kind, str, int], BehaviourArea] = {}


def watching_names() -> tuple[str, ...]:
    """Names of strategies that watch behaviour, and so have to be calibrated."""
    return (*alarming_kinds(), *_JUDGES, RECALIBRATE, AUTONOMIC)


def watching_summaries() -> dict[str, str]:
    """What each of them does, in words, by name."""
    asking = [*alarming_kinds(), *(name for name in _JUDGES if _kind(name).reads_memory)]
    made = {
        name: f"watches {_kind(name).sees}; an alarm has memory compared with the golden copy"
        if name in asking
        else f"watches {_kind(name).sees}; an alarm changes nothing"
        for name in (*alarming_kinds(), *_JUDGES)
    }
    watched, memory = ", ".join(_OF_AUTONOMIC), "checks of memory and golden inputs"
    return {
        **made,
        RECALIBRATE: f"watches {_kind(_GAIN).sees}; an alarm has that corrected where golden inputs agree",
        AUTONOMIC: f"{watched}, as far as they suit, beside {memory}, which an alarm has asked at once",
    }


def with_monitors(
    names: Iterable[Named] | Named,
    voice: Voice,
    *,
    folder: Path | None = None,
    frames: int = FRAMES,
) -> Sequence[Named]:
    """Strategies in place of the names of those that watch behaviour, the rest as it is.

    Args:
        names: Of strategies, or themselves.
        voice: On which monitors are calibrated.
        folder: Where calibrated monitors are kept; None for this process alone.
        frames: As of `calibrate`.

    Raises:
        WorkbenchError: As `calibrate`.
    """
    single = isinstance(names, str | Strategy) or not isinstance(names, Iterable)
    given: list[Any] = [names] if single else list(names)  # type: ignore[arg-type]

    def calibrated(monitor: str) -> BehaviourArea:
        return calibrated_area(monitor, voice, folder, frames)

    return [
        _made(name, voice, calibrated) if isinstance(name, str) and name in watching_names() else name
        for name in given
    ]  # fmt: skip


def _made(name: str, voice: Voice, calibrated: Callable[[str], BehaviourArea]) -> Strategy:
    if name == AUTONOMIC:
        suited = (each for each in _OF_AUTONOMIC if _kind(each).watchable(voice.program))
        areas = [calibrated(each) for each in suited]
        fades, prunes = voice.generator.output == SOUND, bool(prunable(voice.program))
        return fitted(autonomic(areas, fades=fades, prunes=prunes), voice.program)
    monitor = _GAIN if name == RECALIBRATE else name
    return fitted(watched_by(calibrated(monitor)), voice.program)


def _kind(name: str) -> BehaviourKind:
    kind = KINDS[name]
    assert isinstance(kind, BehaviourKind)
    return kind


def calibrated_area(
    monitor: str, voice: Voice, folder: Path | None, frames: int = FRAMES
) -> BehaviourArea:
    """A calibrated monitor, from `folder` or, without one, from this process where it is there already."""
    if folder is None:
        known = KINDS[monitor], voice.program.content_hash, frames
        if known not in _known:
            _known[known] = calibrate(voice, monitor, frames=frames).area
        return _known[known]
    key = f"{code_here().digest} {monitor} {voice.program.content_hash} {MEAN_FRAMES} {frames}"
    file = RecordFile(folder, f"{monitor}-{voice.program.name}", key)
    record = file.read()
    area = None if record is None else area_of(record)
    if not isinstance(area, BehaviourArea):
        area = calibrate(voice, monitor, frames=frames).area
        with suppress(WorkbenchError):  # a full disk costs a repetition
            file.write(plain_area(area))
    return area


def plain_area(area: Area) -> dict[str, Any]:
    """Its fields, of which `area_of` makes it again."""
    return {each.name: getattr(area, each.name) for each in fields(area)}
