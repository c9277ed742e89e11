"""Making a folder of recordings from the voice package: decode, trim, write FLAC, write checksums.

A made folder holds <group>/<name>.flac and checksums.json; the same source gives the same samples.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from workbench.audio.recordings import CHECKSUMS, natural_order, pcm_sha256
from workbench.audio.sound_files import LONGEST_S, SAMPLE_RATE_HZ, SHORTEST_S, read_audio
from workbench.audio.voice_package import PACKAGE, VERSION, check_source, decode_g722, read_manifest
from workbench.errors import WorkbenchError
from workbench.files import output_folder, write_bytes, write_text
from workbench.progress import progress_bar

SHIPPED_GROUPS = ("digits", "letters", "phonetic")
_ENVELOPE_SAMPLES = SAMPLE_RATE_HZ // 100  # 10 ms
_QUIET_FRACTION = 50  # an envelope below 1/50 of its largest value is silence
_FILES_AT_ONCE = 32
_MARGIN_BEFORE = int(0.03 * SAMPLE_RATE_HZ)
_MARGIN_AFTER = int(0.06 * SAMPLE_RATE_HZ)


@dataclass(frozen=True)
class Made:
    """What was written: number of recordings, their length, and the sources left out, with why."""

    recordings: int
    total_s: float
    total_bytes: int
    left_out: dict[str, str]


def build(voice: Path, out: Path, *, groups: tuple[str, ...] = SHIPPED_GROUPS) -> Made:
    """Make the recordings of `groups` (subfolders of `voice`) below `out`.

    All sources are checked and decoded before the first file is written, each file is written all
    or nothing, and a file that holds the same sound already is left alone.
    Raises WorkbenchError when a source is missing, different or cannot be decoded.
    """
    manifest = {
        name: digest
        for name, digest in read_manifest().items()
        if name.startswith(tuple(f"{group}/" for group in groups))
    }
    return _make(voice, out, manifest)


def fetch(voice: Path, out: Path) -> Made:
    """Make every recording of the voice below `out`, as `build` does.

    Sources that `load_recordings` would refuse (no speech, longer than 30 s) are left out.
    """
    return _make(voice, out, read_manifest())


def trim(samples: np.ndarray) -> np.ndarray:
    """Cut the silence off both ends of int16 [samples], in integers.

    Kept is what lies between the first and the last sample whose envelope (sum of |x| over 10 ms
    around it) exceeds 1/50 of the largest, and 30 ms before and 60 ms after it.
    """
    magnitude = np.abs(samples.astype(np.int64))
    padded = np.pad(magnitude, (_ENVELOPE_SAMPLES // 2, _ENVELOPE_SAMPLES - _ENVELOPE_SAMPLES // 2))
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(padded)])
    envelope = (total[_ENVELOPE_SAMPLES:] - total[:-_ENVELOPE_SAMPLES])[: len(samples)]
    loud = np.flatnonzero(envelope * _QUIET_FRACTION > envelope.max(initial=0))
    if len(loud) == 0:
        return samples
    return samples[max(0, loud[0] - _MARGIN_BEFORE) : loud[-1] + _MARGIN_AFTER]


def _make(voice: Path, out: Path, manifest: dict[str, str]) -> Made:
    output_folder(out)
    decoded: dict[str, np.ndarray] = {}
    left_out: dict[str, str] = {}
    names = sorted(manifest, key=natural_order)
    with progress_bar(total=len(names), desc="decoding", unit="file", leave=True) as bar:
        for first in range(0, len(names), _FILES_AT_ONCE):
            some = names[first : first + _FILES_AT_ONCE]
            for name in some:
                check_source(voice / name, manifest[name])
            for name, codes in zip(some, decode_g722([voice / name for name in some]), strict=True):
                label, samples = name.removesuffix(".g722"), trim(codes)
                reason = _reason_to_leave_out(label, samples)
                if reason:
                    left_out[label] = reason
                else:
                    decoded[label] = samples
            bar.update(len(some))
    entries = {label: _write(out / f"{label}.flac", codes) for label, codes in decoded.items()}
    _write_checksums(out, entries)
    return Made(
        recordings=len(entries),
        total_s=sum(len(codes) for codes in decoded.values()) / SAMPLE_RATE_HZ,
        total_bytes=sum((out / f"{label}.flac").stat().st_size for label in decoded),
        left_out=left_out,
    )


def _reason_to_leave_out(label: str, samples: np.ndarray) -> str:
    duration_s = len(samples) / SAMPLE_RATE_HZ
    if label.startswith("silence/"):
        return "no speech"
    if not SHORTEST_S <= duration_s <= LONGEST_S:
        return f"lasts {duration_s:.1f} s"
    return ""


def _write(path: Path, codes: np.ndarray) -> dict[str, object]:
    """Write int16 [samples] as FLAC unless `path` holds them already; return its checksums."""
    digest = hashlib.sha256(codes.astype("<i2").tobytes()).hexdigest()
    if not _holds(path, digest):
        buffer = io.BytesIO()
        soundfile.write(
            buffer, codes, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16", compression_level=1.0
        )
        write_bytes(path, buffer.getvalue())
    return {
        "samples": len(codes),
        "pcm_sha256": digest,
        "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def _holds(path: Path, digest: str) -> bool:
    try:
        return pcm_sha256(read_audio(path)) == digest
    except WorkbenchError:
        return False


def _write_checksums(out: Path, entries: dict[str, dict[str, object]]) -> None:
    contents = {
        "package": PACKAGE,
        "version": VERSION,
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "recordings": entries,
    }
    write_text(out / CHECKSUMS, json.dumps(contents, indent=1) + "\n")
