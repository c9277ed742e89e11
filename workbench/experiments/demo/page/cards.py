"""A card of one sound: what it is, its spectrogram and player, its class, its numbers."""

from __future__ import annotations

from collections import Counter
from html import escape

import numpy as np

from workbench.audio.sound_metrics import SoundMetrics
from workbench.experiments.demo.clips import FLOAT, RECORDING
from workbench.experiments.demo.page.data_uris import spectrogram_uri, wav_uri
from workbench.experiments.demo.page.figures import Figures
from workbench.experiments.demo.record import Clip, Demonstration

# Field of the metrics -> name on the page, unit, decimals.
METRICS = {
    "snr_db": ("SNR", "dB", 1),
    "log_mel_db": ("Log-mel", "dB", 2),
    "multi_resolution_stft": ("STFT", "", 3),
    "stoi": ("STOI", "", 3),
    "pesq_nb": ("PESQ", "", 2),
}
_REFERENCES = {"clean": "clean voice", "recording": "recording"}
_STRIP_WIDTH = 1000
_DENSE = 300  # from here on the lines of the strip overlap


def card(clip: Clip, demo: Demonstration, figures: Figures) -> str:
    """The HTML of one sound."""
    return f"""
<article class="card" id="clip-{clip.key}" aria-labelledby="title-{clip.key}">
  <h3 id="title-{clip.key}">{escape(clip.title)}</h3>
  <p class="caption">{escape(clip.caption)}</p>
  {_strip(clip, demo)}
  {spectrogram(clip.samples, f"{clip.title}, the word {demo.spoken}", demo.sample_rate_hz)}
  {player(clip.key, clip.title, clip.samples, demo.sample_rate_hz)}
  <p class="verdict">{_badge(clip)} {_heard(clip, demo)}</p>
  {_metrics(clip, demo, figures)}
</article>"""


def spectrogram(samples: np.ndarray, alt: str, rate_hz: int) -> str:
    """A spectrogram with its axes; a picture that a playing player's cursor moves over."""
    seconds = len(samples) / rate_hz
    return f"""<figure class="spectrogram">
    <div class="picture"><img src="{spectrogram_uri(samples)}" alt="Spectrogram: {escape(alt)}"><i class="cursor"></i></div>
    <figcaption><span>0–{rate_hz / 2000:g} kHz upwards</span><span>{seconds:.2f} s</span></figcaption>
  </figure>"""


def player(key: str, label: str, samples: np.ndarray, rate_hz: int, *, group: str = "") -> str:
    """An audio player of float [samples], with its sound inside."""
    marked = f' data-group="{group}"' if group else ""
    return (
        f'<audio controls preload="metadata" id="audio-{key}"{marked} '
        f'aria-label="Play: {escape(label)}" src="{wav_uri(samples, rate_hz)}"></audio>'
    )


def recorded(demo: Demonstration) -> bool:
    """Whether somebody said this, too."""
    return any(clip.key == RECORDING for clip in demo.clips)


def badge(metrics: SoundMetrics, figure: str) -> str:
    """A class by its name, sign and colour, with the limit that decided it."""
    return (
        f'<span class="badge {metrics.quality}" title="class by distance to the clean voice; whether the '
        f'word is understood is another matter"><span data-figure="{figure}">{metrics.quality}</span> '
        f'<span class="limit">({escape(metrics.limit)})</span></span>'
    )


def _badge(clip: Clip) -> str:
    if clip.clean is None:
        return '<span class="badge reference">the reference</span>'
    path = f"clips.{clip.key}.clean"
    if clip.clean.snr_db == float("inf"):
        masked = " <small>(these faults are masked)</small>" if clip.positions else ""
        return f'<span class="badge identical">identical, every sample</span>{masked}'
    if clip.key in (RECORDING, FLOAT):
        return ""  # the classes are about faults, and these have none
    return badge(clip.clean, f"{path}.quality")


def _heard(clip: Clip, demo: Demonstration) -> str:
    if not clip.heard:
        return '<span class="heard">not listened to by the recogniser (see below)</span>'
    counts = Counter(clip.heard)
    right = counts.pop(demo.answer, 0)
    words = [f"“{demo.spoken}” {right} of {len(clip.heard)} times"]
    words += [f"“{word or 'nothing'}” {times}" for word, times in counts.most_common()]
    return f'<span class="heard">Understood as {escape(", ".join(words))}</span>'


def _metrics(clip: Clip, demo: Demonstration, figures: Figures) -> str:
    against_all = tuple(_REFERENCES) if recorded(demo) else ("clean",)
    heads = "".join(f'<th scope="col">to the {_REFERENCES[each]}</th>' for each in against_all)
    rows = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(
            f"<td>{_metric(clip, against, field, unit, digits, figures)}</td>"
            for against in against_all
        )
        + "</tr>"
        for field, (name, unit, digits) in METRICS.items()
    )
    return f"""<table class="metrics">
    <caption class="hidden">{escape(clip.title)}: distances</caption>
    <thead><tr><th scope="col"><span class="hidden">Metric</span></th>{heads}</tr></thead>
    <tbody>{rows}</tbody>
  </table>"""


def _metric(clip: Clip, against: str, field: str, unit: str, digits: int, figures: Figures) -> str:
    metrics = figures.value("clips", clip.key, against)
    if metrics is None:
        return '<span class="soft">itself</span>'
    if metrics["identical"] and field == "snr_db":
        return '<span title="equal sample for sample">∞</span>'
    if metrics[field] is None:
        return f'<span class="soft" title="{escape(metrics["absent"][field])}">absent</span>'
    return figures.number("clips", clip.key, against, field, digits=digits) + (
        f" {unit}" if unit else ""
    )


def _strip(clip: Clip, demo: Demonstration) -> str:
    """The working copy as a strip, a line for each flipped bit."""
    if not clip.positions:
        return ""
    total = sum(section.size_bytes for section in demo.sections)
    places = sorted({round(_STRIP_WIDTH * position / 8 / total, 1) for position in clip.positions})
    blocks = "".join(
        f'<rect class="{section.name}" x="{_STRIP_WIDTH * section.start / total:.1f}" '
        f'width="{_STRIP_WIDTH * section.size_bytes / total:.1f}" height="20"/>'
        for section in demo.sections
        if section.size_bytes
    )
    lines = "".join(f"M{place:g} 0v20" for place in places)
    hits = ", ".join(f"{count:,} in {name}" for name, count in clip.by_section.items() if count)
    dense = " dense" if len(clip.positions) > _DENSE else ""
    return f"""<figure class="strip{dense}">
    <svg viewBox="0 0 {_STRIP_WIDTH} 20" preserveAspectRatio="none" role="img" aria-label="Where the flips hit: {escape(hits)}">{blocks}<path d="{lines}"/></svg>
    <figcaption>{escape(hits)}</figcaption>
  </figure>"""
