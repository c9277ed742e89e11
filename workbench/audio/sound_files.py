"""Reading and writing sound files with full checks: one channel, one rate, float32 in [-1, 1].

16-bit PCM code k stands for k / 32768, so that codes survive reading and writing unchanged.
"""

from __future__ import annotations

import io
import os
import shlex
import warnings
import wave
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from workbench.audio.containers import Foreign, Malformed, corrected, find_data
from workbench.errors import WorkbenchError, WorkbenchWarning
from workbench.files import as_argument, is_file, path_of, write_bytes

SAMPLE_RATE_HZ = 16_000
SHORTEST_S = 0.05
LONGEST_S = 30.0
# Lossy decoders overshoot full scale a little; a file beyond this was not scaled to [-1, 1].
_LARGEST_OVERSHOOT = 2.0
_FORMATS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "FLAC", "OGG")
_MPEG = "MPEG_LAYER"  # libsndfile opens it within WAV, and miscounts its samples
# Encodings of one byte: at an open end 0 fills up the chunk, though it may be a last sample of silence.
_ONE_BYTE = ("ALAW", "ULAW", "PCM_U8", "PCM_S8")
_BLOCK = 1 << 16  # samples that are decoded at a time
_WIDEST_SAMPLE = 8  # bytes
_OGG_PAGE = 65_307  # bytes of the largest one
_UNKNOWN_FRAMES = 1 << 60  # libsndfile's word for a FLAC stream from a pipe is 2^63 - 1
_CLIPPED_RUN = 4  # neighbours at full scale that no sound has by chance
_DECODER_ERRORS = (
    Malformed,
    soundfile.SoundFileError,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    OverflowError,
    AssertionError,
    MemoryError,
)


def read_audio(path: Path | str, *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    """Read a WAV, FLAC, Ogg, AIFF, AU or W64 file: float32 [samples] in [-1, 1], 0.05 s to 30 s long.

    What lies beyond full scale is clipped; nothing is trimmed or resampled. A WorkbenchWarning says
    how many samples were clipped, here or before. A length that an encoder left open is measured.
    Raises WorkbenchError, naming the file, when it is missing, unreadable, cut short, at another
    sample rate, of several channels, too short, too long, silent, not finite or out of range.
    """
    path = path_of(path, "the file of a sound")
    samples = _decode(path, sample_rate_hz)
    _check_samples(path, samples)
    _say_clipped(path, samples)
    return np.clip(samples, -1.0, 1.0)


def pcm16(samples: np.ndarray) -> np.ndarray:
    """Round float [samples] to little-endian int16 codes, saturating: round(32768 x)."""
    codes = np.rint(np.asarray(samples, dtype=np.float64) * 32768.0)
    return np.clip(codes, -32768, 32767).astype("<i2")


def wav_bytes(samples: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> bytes:
    """Return a 16-bit PCM WAV file, in memory, of float [samples] in [-1, 1] (saturating).

    Raises WorkbenchError when `samples` is not one-dimensional or not finite.
    """
    samples = np.asarray(samples)
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise WorkbenchError(
            f"cannot write a sound of shape {samples.shape}: it needs one dimension and finite "
            "values; look at what made it"
        )
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(pcm16(samples).tobytes())
    return buffer.getvalue()


def write_wav(path: Path | str, samples: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> None:
    """Replace the file `path` by a 16-bit PCM WAV of float [samples], all or nothing."""
    write_bytes(path, wav_bytes(samples, sample_rate_hz))


class _Forwards(soundfile.SoundFile):
    """Read from the beginning to the end: some encodings and some damaged files cannot be rewound."""

    def seekable(self) -> bool:
        return False


class _Memory(io.BytesIO):
    """Bytes in which libsndfile, led astray by a header, may look for what is before the beginning."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


def _decode(path: Path, wanted_hz: int) -> np.ndarray:
    """Return float32 [samples] of a file that has the right format; WorkbenchError as `read_audio`."""
    try:
        if not is_file(path):
            raise WorkbenchError(f"there is no sound file {path}; check the name")
        with open(path, "rb") as file:
            data = find_data(file, size := os.fstat(file.fileno()).st_size)
            if _is_ogg(file) and _ogg_is_cut_short(file, size):
                raise Malformed("it is cut short")
            most_bytes = int(LONGEST_S + 1) * wanted_hz * _WIDEST_SAMPLE
            source: Path | _Memory = path
            if data and data.rewrite:
                source = _Memory(corrected(file, data, most_bytes))
        with _Forwards(source) as sound:
            _check_format(path, sound, wanted_hz)
            padding = data.padding if data and sound.subtype in _ONE_BYTE else 0
            return _samples(path, sound, padding)
    except Foreign as error:
        raise WorkbenchError(
            f"cannot read the sound file {path} ({error}); convert it, for example with "
            f"`{_conversion(path, wanted_hz)}`"
        ) from error
    except _DECODER_ERRORS as error:
        # libsndfile's own words, without the Python object that it was given.
        reason = str(getattr(error, "error_string", error)) or type(error).__name__
        raise _damaged(path, reason.rstrip(".\n")) from error


def _samples(path: Path, sound: _Forwards, padding: int) -> np.ndarray:
    """Decode block by block, so that a false length costs no memory, and never beyond LONGEST_S.

    padding: samples at the end that are none.
    """
    blocks: list[np.ndarray] = []
    most, there = int(LONGEST_S * sound.samplerate), 0
    while there <= most:
        blocks.append(sound.read(_BLOCK, dtype="float32", always_2d=True)[:, 0])
        there += len(blocks[-1])
        if len(blocks[-1]) < _BLOCK:
            break
    if there != sound.frames and sound.frames < _UNKNOWN_FRAMES:
        raise _damaged(path, f"{there} of its {sound.frames} samples can be decoded")
    there = max(0, there - padding)
    _check_duration(path, there / sound.samplerate)
    return np.concatenate(blocks)[:there]


def _damaged(path: Path, reason: str) -> WorkbenchError:
    return WorkbenchError(
        f"cannot read the sound file {path} ({reason}); copy, convert or record it again"
    )


def _is_ogg(file: BinaryIO) -> bool:
    file.seek(0)
    return file.read(4) == b"OggS"


def _ogg_is_cut_short(file: BinaryIO, size: int) -> bool:
    """Look at the last page: it must be whole and carry the end-of-stream flag (RFC 3533)."""
    file.seek(max(0, size - 2 * _OGG_PAGE))
    data = file.read(2 * _OGG_PAGE)
    start = data.rfind(b"OggS")
    header = data[start : start + 27]
    if start < 0 or len(header) < 27:
        return True
    segments = data[start + 27 : start + 27 + header[26]]
    whole = len(data) >= start + 27 + header[26] + sum(segments)
    return not (whole and header[5] & 4)


def _conversion(path: Path, wanted_hz: int) -> str:
    return f"ffmpeg -i {shlex.quote(as_argument(path))} -ar {wanted_hz} -ac 1 converted.wav"


def _check_format(path: Path, sound: soundfile.SoundFile, wanted_hz: int) -> None:
    """Refuse another rate, several channels or a wrong length, before anything is decoded."""
    convert = _conversion(path, wanted_hz)
    if sound.format not in _FORMATS or sound.subtype.startswith(_MPEG):
        kind = (
            sound.format
            if sound.format not in _FORMATS
            else f"{sound.subtype} within {sound.format}"
        )
        raise WorkbenchError(
            f"{path} holds {kind} and WAV, FLAC, Ogg, AIFF, AU or W64 is needed; "
            f"convert it, for example with `{convert}`"
        )
    if sound.samplerate != wanted_hz:
        raise WorkbenchError(
            f"{path} is sampled at {sound.samplerate} Hz and {wanted_hz} Hz is needed; "
            f"resample it, for example with `{convert}`"
        )
    if sound.channels != 1:
        raise WorkbenchError(
            f"{path} has {sound.channels} channels and one is needed; "
            f"mix it down, for example with `{convert}`"
        )
    if sound.frames < _UNKNOWN_FRAMES:
        _check_duration(path, sound.frames / sound.samplerate)


def _check_duration(path: Path, duration_s: float) -> None:
    if duration_s < SHORTEST_S:
        raise WorkbenchError(
            f"{path} lasts {duration_s:.3f} s and at least {SHORTEST_S} s is needed; leave it out"
        )
    if duration_s > LONGEST_S:
        raise WorkbenchError(
            f"{path} lasts {duration_s:.1f} s and at most {LONGEST_S:.0f} s is allowed; "
            "cut it into pieces"
        )


def _check_samples(path: Path, samples: np.ndarray) -> None:
    if not np.isfinite(samples).all():
        raise WorkbenchError(f"{path} holds values that are not finite numbers; export it again")
    peak = float(np.abs(samples).max())
    if peak == 0.0:
        raise WorkbenchError(f"{path} is silent throughout; leave it out or record it again")
    if peak > _LARGEST_OVERSHOOT:
        raise WorkbenchError(
            f"{path} reaches {peak:.3g} where full scale is 1; scale it to [-1, 1] and save again"
        )


def _say_clipped(path: Path, samples: np.ndarray) -> None:
    """Warn of samples beyond full scale, and of runs at it: a sum that did not fit when it was mixed."""
    beyond = int((np.abs(samples) > 1.0).sum())
    if beyond:
        warnings.warn(
            f"{path}: {beyond:,} of {len(samples):,} samples lie beyond full scale and are clipped; "
            "lower the level before saving it",
            WorkbenchWarning,
            stacklevel=3,
        )
        return
    full = np.abs(samples) >= 1.0 - 2.0**-15
    edges = np.flatnonzero(np.diff(np.concatenate([[False], full, [False]])))
    runs = edges[1::2] - edges[::2]
    clipped = int(runs[runs >= _CLIPPED_RUN].sum())
    if clipped:
        warnings.warn(
            f"{path}: {clipped:,} of {len(samples):,} samples stand at full scale, so that it was "
            "clipped when it was mixed or recorded; mix or record it at a lower level",
            WorkbenchWarning,
            stacklevel=3,
        )
