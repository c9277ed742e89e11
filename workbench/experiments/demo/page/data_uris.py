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


def wav_uri(samples: np.ndarray, sample_rate_hz: int = SAMPLE_RATE_HZ) -> str:
    """A data: URI of a 16-bit WAV of float [samples]."""
    return _uri("audio/wav", wav_bytes(samples, sample_rate_hz))


def spectrogram_png(samples: np.ndarray, *, hop: int = HOP) -> bytes:
    """A PNG of the spectrogram, 0 to 8 kHz upwards, a pixel a bin and a column each `hop` samples."""
    picture = io.BytesIO()
    imsave(
        picture,
        spectrogram_db(samples, hop=hop),
        cmap="magma",
        vmin=DARKEST_DB,
        vmax=BRIGHTEST_DB,
        origin="lower",
        format="png",
    )
    return picture.getvalue()


def spectrogram_uri(samples: np.ndarray, *, hop: int = HOP) -> str:
    """A data: URI of `spectrogram_png`."""
    return _uri("image/png", spectrogram_png(samples, hop=hop))


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
