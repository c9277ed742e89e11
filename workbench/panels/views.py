"""HTML of panels: a sound with its picture, figures, what was understood, names of bits, an error.

They take their colours from JupyterLab's theme, light or dark.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from html import escape

import numpy as np

from workbench.audio.face_metrics import FaceMetrics
from workbench.audio.scales import ACCEPTABLE, BROKEN, DEGRADED, MASKED, TRANSPARENT
from workbench.audio.sound_metrics import SoundMetrics
from workbench.experiments.avatar.takes import Takes
from workbench.experiments.demo.page.data_uris import spectrogram_uri, wav_uri
from workbench.experiments.voices.faulty_speech import Heard

_SITES_SHOWN = 12
_SOFT = "color: var(--jp-ui-font-color2)"
_CLASS_COLOURS = {
    MASKED: "#13703f",
    TRANSPARENT: "#13703f",
    ACCEPTABLE: "#7a5a00",
    DEGRADED: "#a8480c",
    BROKEN: "#b02a20",
}


def sound(title: str, words: str, samples: np.ndarray, sample_rate_hz: int) -> str:
    """A title, the spectrogram of float [samples] and a player of it."""
    name = escape(f"{title}: {words}")
    return f"""<div style="line-height: 1.4">
  <div><b>{escape(title)}</b> <span style="{_SOFT}">{escape(words)}</span></div>
  <img src="{spectrogram_uri(samples)}" alt="Spectrogram, 0 to {sample_rate_hz / 2000:g} kHz. {name}"
    style="display: block; width: 100%; height: 11rem; border-radius: 6px; margin: .3rem 0">
  <audio controls src="{wav_uri(samples, sample_rate_hz)}" aria-label="Play {name}"
    style="display: block; width: 100%; height: 2.4rem"></audio>
</div>"""


def readout(heard: Heard) -> str:
    """SNR, log-mel distance, class and what the healer did, in one line that is read out."""
    metrics = heard.metrics
    same = metrics.snr_db == math.inf
    snr = "∞ (every sample equal)" if same else f"{metrics.snr_db:.1f} dB"
    return _line(
        f"<span>SNR <b>{snr}</b></span>",
        f"<span>log-mel <b>{metrics.log_mel_db:.2f} dB</b></span>",
        _badge(metrics),
        f'<span style="{_SOFT}">pages healed {heard.pages_healed}, '
        f"wrong bits left {heard.bits_left}</span>",
    )


def face_readout(takes: Takes) -> str:
    """How much of a face is visibly wrong, what it looks like, its class, and the same once healed, in one line."""
    parts = []
    for take in takes.takes:
        if take.metrics:
            name, wrong = escape(take.title.lower()), f"{take.metrics.wrong:.1%}"
            parts += [
                f"<span>{name}: <b>{take.metrics.looks}</b>, visibly wrong <b>{wrong}</b> of the time</span>",
                _badge(take.metrics),
            ]
    return _line(*parts)


def _line(*parts: str) -> str:
    return (
        '<div role="status" class="readout" style="display: flex; flex-wrap: wrap; '
        'gap: .2rem 1.6rem; align-items: baseline; font-size: 1.1rem; margin: .5rem 0">'
        + "".join(parts)
        + "</div>"
    )


def _badge(metrics: SoundMetrics | FaceMetrics) -> str:
    """The class of damage and what decided it."""
    colour = _CLASS_COLOURS[metrics.quality]
    return (
        f'<span style="background: {colour}; color: #fff; border-radius: 1rem; padding: 0 .8rem">'
        f"<b>{metrics.quality}</b> ({escape(metrics.limit)})</span>"
    )


def understood(answers: Sequence[str], wanted: str, absent: str) -> str:
    """What a recogniser understood in how many of its presentations, the most frequent first, in one line.

    absent: why nobody listened.
    """
    if not answers:
        return f'<div style="{_SOFT}">{escape(absent)}</div>'
    counts = Counter(answers).most_common()
    told = ", ".join(
        f"<b>{escape(answer) or 'nothing that it knows'}</b> {count} of {len(answers)}"
        for answer, count in counts
    )
    mark = "✓" if counts[0][0] == wanted else "✗"
    return f'<div class="understood">{mark} a recogniser understood {told}</div>'


def site_list(sites: Sequence[str], trial: str) -> str:
    """The names of the flipped bits, the first dozen of them, and the trial's identifier."""
    if not sites:
        return f'<p style="{_SOFT}">No bit is flipped.</p>'
    shown = "".join(f"<li><code>{escape(site)}</code></li>" for site in sites[:_SITES_SHOWN])
    more = len(sites) - _SITES_SHOWN
    rest = f" and {more:,} more" if more > 0 else ""
    return f"""<div style="line-height: 1.5; margin-top: .5rem"><b>Flipped bits</b>{rest}
<ul style="columns: 20rem; margin: .3rem 0">{shown}</ul>
<span style="{_SOFT}">this trial: <code style="overflow-wrap: anywhere">{escape(trial)}</code></span></div>"""


def failed(sentence: str) -> str:
    """HTML of an error, in one sentence."""
    return (
        '<div role="alert" class="mistake" style="border-left: 4px solid #b02a20; '
        f'padding: .3rem .8rem; margin: .5rem 0">{escape(sentence)}</div>'
    )
