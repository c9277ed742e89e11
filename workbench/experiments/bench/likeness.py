"""How near a voice is to the recordings that it never learned: log-mel distance and MFCC-DTW."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.audio.metrics import log_mel_db
from workbench.audio.neighbours import mfcc, warped_distances
from workbench.audio.speech_controls import HOP
from workbench.generators.speech.alignments import Row
from workbench.generators.speech.prompts import timeline_of_rows
from workbench.integer.program import Program
from workbench.integer.reference import run


@dataclass(frozen=True)
class Likeness:
    """Of one recording, with the durations of its phones.

    Args:
        log_mel_db: Distance of frames at the same place.
        mfcc_dtw: Mean distance of aligned frames.
    """

    log_mel_db: float
    mfcc_dtw: float


def likeness(program: Program, recording: np.ndarray, rows: Sequence[Row]) -> Likeness:
    """Let a program say the phones of a recording as long as the person did, and compare both.

    Args:
        program: Of `speech`.
        recording: Float [samples] at 16 kHz.
        rows: Its alignment.
    """
    timeline = timeline_of_rows(rows, 1 + len(recording) // HOP)
    inputs: Mapping[str, np.ndarray] = {
        name: column[None, :, None] for name, column in timeline.rows().items()
    }
    said = np.asarray(program.sound(run(program, inputs)[program.output][0]))[: len(recording)]
    (warped,) = warped_distances(mfcc(said), [mfcc(recording)])
    return Likeness(log_mel_db(said, recording), float(warped))
