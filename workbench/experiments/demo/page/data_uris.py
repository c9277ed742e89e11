"""Pictures and sounds as data: URIs, so that a page or a notebook needs no second file."""

from __future__ import annotations

import base64
import io

import numpy as np
from matplotlib.image import imsave

from workbench.audio.features import spectrogram_db
from workbench.audio.sound_files import SAMPLE_RATE_HZ, wav_bytes

# Between these levels the colour map runs, in every picture alike, so that pictures compare.
DARKEST_DB, BRIGHTEST_DB = -78.0, -8.0
HOP = 64
_MOST_DIFFERENT_DB = 30.0


def wav_uri(samples: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> str:
    """A data: URI of a 16-bit WAV of float [samples]."""
    return _uri("audio/wav", wav_bytes(samples, sample_rate_hz))


def spectrogram_png(samples: np.ndarray, *, hop: int = HOP) -> bytes:
    """A PNG of the spectrogram, 0 to 8 kHz upwards, a pixel a bin and a column each `hop` samples."""
    return _png(spectrogram_db(samples, hop=hop), "magma", DARKEST_DB, BRIGHTEST_DB)


def spectrogram_uri(samples: np.ndarray, *, hop: int = HOP) -> str:
    """A data: URI of `spectrogram_png`."""
    return _uri("image/png", spectrogram_png(samples, hop=hop))


def difference_uri(samples: np.ndarray, other: np.ndarray, *, hop: int = HOP) -> str:
    """A data: URI of a PNG of how much louder (orange) or softer (violet) each bin is than in `other`.

    White is no difference, full colour 30 dB. What is darker than the darkest level in both is white. The colours
    can be told apart by colour-blind people.
    """
    louder = spectrogram_db(samples, hop=hop, floor_db=DARKEST_DB)
    louder -= spectrogram_db(other, hop=hop, floor_db=DARKEST_DB)
    return _uri("image/png", _png(louder, "PuOr_r", -_MOST_DIFFERENT_DB, _MOST_DIFFERENT_DB))


def _png(picture: np.ndarray, colours: str, lowest: float, highest: float) -> bytes:
    """PNG of float [rows, columns], the first row at the bottom."""
    file = io.BytesIO()
    imsave(file, picture, cmap=colours, vmin=lowest, vmax=highest, origin="lower", format="png")
    return file.getvalue()


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
