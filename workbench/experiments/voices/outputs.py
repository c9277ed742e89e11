"""What a voice gives, compared and written: sound as WAV, the shapes of a face as CSV."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from workbench.audio.face_metrics import FaceMetrics, measure_face
from workbench.audio.mouth_shapes import BLENDSHAPES
from workbench.audio.sound_files import write_wav
from workbench.audio.sound_metrics import SoundMetrics, measure
from workbench.experiments.voices.voice import Voice
from workbench.files import write_text
from workbench.generators.generator import FACE

Metrics = SoundMetrics | FaceMetrics
_SUFFIXES = {FACE: ".csv"}


def output_name(stem: str, voice: Voice) -> str:
    """The name of a file: "before.wav" of a voice that speaks."""
    return f"{stem}{_SUFFIXES.get(voice.generator.output, '.wav')}"


def write_output(path: Path, values: np.ndarray, voice: Voice) -> None:
    """Write what a voice gave, all or nothing.

    Args:
        path: Of the file, with any ending.
        values: float32 [samples], or [frames, shapes] of a face.
        voice: That gave it.

    Raises:
        WorkbenchError: The file cannot be written.
    """
    if voice.generator.output != FACE:
        write_wav(path, np.asarray(values), voice.sample_rate_hz)
        return
    seconds = np.arange(len(values)) * voice.frame_s - voice.generator.delay_s
    rows = (
        ",".join([f"{at:.3f}", *(f"{value:.4f}" for value in row)])
        for at, row in zip(seconds, values.tolist(), strict=True)
    )
    write_text(path, "\n".join([",".join(("seconds", *BLENDSHAPES)), *rows]) + "\n")


def compared(test: np.ndarray, reference: np.ndarray, voice: Voice) -> Metrics:
    """What a voice gave against what it should have given.

    Args:
        test: As of `write_output`.
        reference: As long.
        voice: That gave both.
    """
    if voice.generator.output == FACE:
        return measure_face(test, reference)
    return measure(
        test,
        reference,
        sample_rate_hz=voice.sample_rate_hz,
        perceptual=False,
        scale=voice.generator.scale,
    )


def in_words(metrics: Metrics) -> str:
    """Distances and class in one line."""
    if isinstance(metrics, FaceMetrics):
        return metrics.in_words
    return (
        f"SNR {metrics.snr_db:.1f} dB, log-mel distance {metrics.log_mel_db:.2f} dB: "
        f"{metrics.in_words}"
    )


def plain(metrics: Metrics) -> dict[str, Any]:
    """The same for JSON, which has no infinity: of equal sounds the SNR is null."""
    if isinstance(metrics, FaceMetrics):
        return {
            "error": metrics.error,
            "wrong": metrics.wrong,
            "movement": metrics.movement if math.isfinite(metrics.movement) else None,
            "jitter": metrics.jitter if math.isfinite(metrics.jitter) else None,
            "looks": metrics.looks,
            "class": metrics.quality,
            "limit": metrics.limit,
        }
    return {
        "snr_db": metrics.snr_db if math.isfinite(metrics.snr_db) else None,
        "log_mel_db": metrics.log_mel_db,
        "class": metrics.quality,
        "limit": metrics.limit,
    }
