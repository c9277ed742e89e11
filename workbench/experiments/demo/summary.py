"""The figures of a demonstration as plain JSON data: the one source of every number on its page.

A number that is not finite or does not exist is null, with the reason under "absent" beside it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from typing import Any

import numpy as np

from workbench.audio.sound_files import pcm16
from workbench.audio.sound_metrics import SoundMetrics
from workbench.experiments.demo.record import (
    Clip,
    Course,
    Demonstration,
    DeviceRecord,
    LogLine,
    Simulation,
)
from workbench.healing.log import Verdict, in_words

IDENTICAL = "infinite: equal to the reference, sample for sample"


def summarise(demo: Demonstration) -> dict[str, Any]:
    """Every figure of `demo`, ready for json.dumps(..., allow_nan=False)."""
    return {
        "version": demo.version,
        "command": demo.command,
        "word": demo.word,
        "spoken": demo.spoken,
        "seed": demo.seed,
        "hashes": demo.hashes,
        "checkpoint": demo.metadata,
        "memory": {
            "working_bytes": sum(section.size_bytes for section in demo.sections),
            "sections": {section.name: section.size_bytes for section in demo.sections},
            "macs_per_s": round(demo.macs_per_frame / demo.frame_s),
            "frame_ms": 1e3 * demo.frame_s,
        },
        "clips": {clip.key: _clip(clip, demo.sample_rate_hz) for clip in demo.clips},
        "healing": dataclasses.asdict(demo.healing),
        "life": _simulation(demo.simulation, demo.sample_rate_hz),
        "device": _device(demo.device, demo.simulation)
        if demo.device
        else {"absent": demo.device_absent},
        "recogniser_absent": demo.recogniser_absent,
    }


def _clip(clip: Clip, rate_hz: int) -> dict[str, Any]:
    return {
        "title": clip.title,
        "sound": _sound(clip.samples, rate_hz),
        "flips": len(clip.positions),
        "trial": clip.trial,
        "flips_by_section": clip.by_section,
        "clean": _metrics(clip.clean),
        "recording": _metrics(clip.recording),
        "heard": list(clip.heard),
    }


def _sound(samples: np.ndarray, rate_hz: int) -> dict[str, Any]:
    return {
        "samples": len(samples),
        "seconds": len(samples) / rate_hz,
        "peak": float(np.abs(samples).max()),
        "sha256": hashlib.sha256(pcm16(samples).tobytes()).hexdigest(),
    }


def _metrics(metrics: SoundMetrics | None) -> dict[str, Any] | None:
    if metrics is None:
        return None
    values = dataclasses.asdict(metrics)
    absent = dict(values.pop("absent"))
    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            values[name] = None
            absent[name] = IDENTICAL if value > 0 else "minus infinite: the reference is silent"
    return {**values, "identical": metrics.snr_db == math.inf, "absent": absent}


def _simulation(simulation: Simulation, rate_hz: int) -> dict[str, Any]:
    return {
        "words": list(simulation.words),
        "frames": simulation.frames,
        "seconds": simulation.frames * simulation.frame_s,
        "pages": simulation.pages,
        "page_bytes": simulation.page_bytes,
        "pages_per_frame": simulation.pages_per_frame,
        "round_s": simulation.pages / simulation.pages_per_frame * simulation.frame_s,
        "upsets_per_s": simulation.upsets_per_s,
        "upsets": len(simulation.upsets),
        "upset_sites": [
            {"frame": frame, "position": position, "site": site}
            for (frame, position), site in zip(simulation.upsets, simulation.sites, strict=True)
        ],
        "clean": {"sound": _sound(simulation.clean, rate_hz)},
        "none": _course(simulation.none, rate_hz),
        "healed": _course(simulation.healed, rate_hz),
        "heals": sum(line.verdict == in_words(Verdict.HEALED) for line in simulation.log),
        "log": [_line(line) for line in simulation.log],
    }


def _course(course: Course, rate_hz: int) -> dict[str, Any]:
    return {
        "sound": _sound(course.samples, rate_hz),
        "snr_db": _finite(course.snr_db),
        "word_snr_db": [_finite(value) for value in course.word_snr_db],
        "most_damaged_bits": int(course.damaged_bits.max(initial=0)),
        "damaged_bits_at_end": int(course.damaged_bits[-1]),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _device(device: DeviceRecord, simulation: Simulation) -> dict[str, Any]:
    return {
        "cores": {
            core.core: {
                **dataclasses.asdict(core),
                "share_of_clock": core.share_of_clock,
                "cycles_per_instruction": core.cycles_per_instruction,
            }
            for core in device.cores
        },
        "life": {
            "core": device.core,
            "samples": device.samples,
            "equal": device.equal,
            "log_lines": len(device.log),
            "log_equal": device.log == simulation.log,
        },
    }


def _line(line: LogLine) -> dict[str, Any]:
    return {**dataclasses.asdict(line), "holds": list(line.holds)}
