"""Sound files, read with suspicion and written whole: one channel, one rate, float32 in [-1, 1].

16-bit PCM code k stands for k / 32768, so that codes survive reading and writing unchanged.
"""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
import soundfile

from workbench.errors import WorkbenchError
from workbench.files import write_bytes

SAMPLE_RATE_HZ = 16_000
SHORTEST_S = 0.05
LONGEST_S = 30.0
# Lossy decoders overshoot full scale a little; a file beyond this was not scaled to [-1, 1].
_LARGEST_OVERSHOOT = 2.0
_UNKNOWN_LENGTH = 0xFFFFFFFF  # what an encoder writes into a WAV header when it cannot seek back


def read_audio(path: Path | str, *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    """Read a WAV, FLAC or Ogg file: float32 [samples] in [-1, 1], 0.05 s to 30 s long.

    A lossy file's overshoot beyond full scale is clipped; nothing is trimmed or resampled.
    Raises WorkbenchError, naming the file, when it is missing, unreadable, cut short, at another
    sample rate, of several channels, too short, too long, silent, not finite or out of range.
    """
    path = Path(path)
    samples, rate_hz = _decode(path)
    _check_format(path, samples, rate_hz, sample_rate_hz)
    mono = samples[:, 0]
    _check_samples(path, mono)
    return np.clip(mono, -1.0, 1.0)


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


def _decode(path: Path) -> tuple[np.ndarray, int]:
    """Return float32 [frames, channels] and the sample rate in Hz."""
    if not path.is_file():
        raise WorkbenchError(f"there is no sound file {path}; check the name")
    try:
        if _is_cut_short(path):
            raise _damaged(path, "it is cut short")
        with soundfile.SoundFile(path) as file:
            samples = file.read(dtype="float32", always_2d=True)
            if len(samples) != file.frames:
                raise _damaged(path, f"{len(samples)} of its {file.frames} samples can be decoded")
            return samples, int(file.samplerate)
    except (OSError, RuntimeError, struct.error) as error:
        raise _damaged(path, str(error).removesuffix(".")) from error


def _damaged(path: Path, reason: str) -> WorkbenchError:
    return WorkbenchError(f"cannot read the sound file {path} ({reason}); copy or record it again")


def _is_cut_short(path: Path) -> bool:
    """Tell whether a WAV or Ogg file ends before its own bookkeeping says it does.

    libsndfile decodes such files without a word. FLAC needs no look: its decoder complains.
    """
    data = path.read_bytes()
    if data[:4] == b"RIFF" and len(data) >= 8:
        declared = int.from_bytes(data[4:8], "little")
        return declared not in (0, _UNKNOWN_LENGTH) and len(data) < declared + 8
    if data[:4] == b"OggS":
        return _ogg_is_cut_short(data)
    return False


def _ogg_is_cut_short(data: bytes) -> bool:
    """Look at the last page: it must be whole and carry the end-of-stream flag (RFC 3533)."""
    start = data.rfind(b"OggS")
    header = data[start : start + 27]
    if len(header) < 27:
        return True
    segments = data[start + 27 : start + 27 + header[26]]
    whole = len(data) >= start + 27 + header[26] + sum(segments)
    return not (whole and header[5] & 4)


def _check_format(path: Path, samples: np.ndarray, rate_hz: int, wanted_hz: int) -> None:
    channels = samples.shape[1]
    convert = f"ffmpeg -i {path.name} -ar {wanted_hz} -ac 1 converted.wav"
    if rate_hz != wanted_hz:
        raise WorkbenchError(
            f"{path} is sampled at {rate_hz} Hz and {wanted_hz} Hz is needed; "
            f"resample it, for example with `{convert}`"
        )
    if channels != 1:
        raise WorkbenchError(
            f"{path} has {channels} channels and one is needed; "
            f"mix it down, for example with `{convert}`"
        )
    duration_s = len(samples) / rate_hz
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
