"""Calibrated monitors of a study: each is made once, kept as soon as it is, and shared by the experiments.

Layout: a record in the folder `calibrated monitors` beside those of the experiments, whose names have no blanks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import Calibration, calibrate
from workbench.experiments.monitors.watching_strategies import plain_area
from workbench.experiments.parallel.task import code_here
from workbench.experiments.records import RecordFile
from workbench.experiments.voices.voice import Voice
from workbench.memory.watches.areas import area_of
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.papers.kind import Site
from workbench.progress import progress_bar

_FOLDER = "calibrated monitors"
# By program, monitor, frames and seed: what was learned gives limits for other distances at once.
_learned: dict[tuple[str, str, int, int], Calibration] = {}


def calibrated(
    voice: Voice,
    wanted: Sequence[tuple[str, str]],
    site: Site,
    *,
    frames: int,
    seed: int,
    title: str,
) -> list[dict[str, Any]]:
    """Records of monitors, JSON-ready.

    Args:
        voice: That is watched.
        wanted: Names of monitors, and frames between two false alarms as a study writes them.
        site: Of an experiment.
        frames: To learn from.
        seed: Of what is drawn.
        title: Of the progress bar.

    Returns:
        Of each: `monitor`, `apart` as it was written, its `false` alarms, `endless`, and the fields of its `area`.

    Raises:
        WorkbenchError: As `calibrate`.
    """
    made = []
    for name, apart in progress_bar(wanted, desc=title, unit="monitor"):
        program = voice.program
        key = f"{code_here().digest} {program.content_hash} {name} {apart} {frames} {seed}"
        file = RecordFile(site.folder.parent / _FOLDER, f"{name}-{apart}-{program.name}", key)
        record = file.read()
        if record is None:
            found = _calibration(voice, name, float(apart), frames, seed)
            record = {
                "monitor": name, "apart": apart, "false": found.false.plain(), "endless": found.endless,
                "area": plain_area(found.area),
            }  # fmt: skip
            file.write(record)
        made.append(record)
    return made


def checked_distance(text: str, where: str) -> str:
    """A number of frames between false alarms as it is written; WorkbenchError, naming where, for what is none."""
    try:
        float(text)
    except ValueError:
        raise WorkbenchError(
            f"{where} wants false alarms {text!r} frames apart; give a number, as 1e6"
        ) from None
    return text


def monitor_of(record: dict[str, Any]) -> BehaviourArea:
    """The calibrated monitor of a record."""
    area = area_of(record["area"])
    assert isinstance(area, BehaviourArea)
    return area


def _calibration(voice: Voice, name: str, apart: float, frames: int, seed: int) -> Calibration:
    key = voice.program.content_hash, name, frames, seed
    if key not in _learned:
        _learned[key] = calibrate(voice, name, mean_frames=apart, frames=frames, seed=seed)
    return _learned[key].at(apart)
