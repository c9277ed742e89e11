"""The whole page: the frame of `page.html` filled with players, pictures, tables and figures."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from workbench.audio.scales import BY_SNR, MASKED
from workbench.experiments.demo.captions import CLASSES
from workbench.experiments.demo.clips import FLOAT, HEALED, QUANTISED, RECORDING
from workbench.experiments.demo.page.cards import card, player, recorded
from workbench.experiments.demo.page.data_uris import spectrogram_uri
from workbench.experiments.demo.page.figures import Figures
from workbench.experiments.demo.page.tables import (
    commands_table,
    cores_table,
    log_table,
    metadata_list,
)
from workbench.experiments.demo.page.timeline import timeline
from workbench.experiments.demo.record import Clip, Demonstration

VOICE = (RECORDING, FLOAT, QUANTISED)
_WITH = "From a recording to numbers on a chip."
_WITHOUT = "From floating point to numbers on a chip. Nobody ever said this: the voice is synthetic in all players."
_PICTURE = "The picture above each player shows the sound: time runs to the right, pitch upwards, brighter is louder."
_SYNTHETIC = "The voice is synthetic in all players but the first."
_TO_RECORDING = (
    "<dt>to the recording</dt><dd>compared with the recording: how good the voice is at all. A network does not copy "
    "a waveform exactly, so SNR says little here.</dd>"
)


def render(demo: Demonstration, summary: dict[str, Any]) -> str:
    """The page as one HTML text that loads nothing.

    summary: the data of summary.json; every measured number on the page comes out of it.
    """
    figures = Figures(summary)
    damaged = [clip for clip in demo.clips if clip.positions]
    parts = {
        "style": page_style(),
        "script": _shipped("page.js"),
        "spoken": escape(demo.spoken),
        "hero": _hero(demo),
        "facts": _facts(demo, figures),
        "voice_cards": _cards([clip for clip in demo.clips if clip.key in VOICE], demo, figures),
        "listen": f"{_WITH} {_PICTURE} {_SYNTHETIC}"
        if recorded(demo)
        else f"{_WITHOUT} {_PICTURE}",
        "to_recording": _TO_RECORDING if recorded(demo) else "",
        "damaged_cards": _cards(damaged, demo, figures),
        "healed_card": _cards([demo.clip(HEALED)], demo, figures),
        "classes": _classes(demo),
        "healing": _healing(figures),
        "life": _simulation(demo, figures),
        "life_players": _simulation_players(demo, figures),
        "timeline": timeline(demo.simulation),
        "log_verdict": _log_verdict(demo, figures),
        "log": log_table(demo),
        "cores_verdict": _cores_verdict(demo),
        "cores": cores_table(demo, figures),
        "commands": commands_table(demo),
        "metadata": metadata_list(demo),
        "absences": _absences(demo),
        "frame_ms": figures.number("memory", "frame_ms"),
        "version": escape(demo.version),
    }
    return Template(_shipped("page.html")).substitute(parts)


def page_style() -> str:
    """The style sheet of pages."""
    return _shipped("page.css")


def _shipped(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _cards(clips: list[Clip], demo: Demonstration, figures: Figures) -> str:
    return "".join(card(clip, demo, figures) for clip in clips)


def _hero(demo: Demonstration) -> str:
    """Three spectrograms: clean, damaged, healed."""
    damaged = _most_damaged(demo)
    pictures = (
        ("clean", demo.clip(QUANTISED)),
        (damaged.title, damaged),
        ("healed", demo.clip(HEALED)),
    )
    return "".join(
        f'<figure><img src="{spectrogram_uri(clip.samples)}" alt="Spectrogram of the voice: '
        f'{escape(name)}"><figcaption>{escape(name)}</figcaption></figure>'
        for name, clip in pictures
    )


def _most_damaged(demo: Demonstration) -> Clip:
    return max((clip for clip in demo.clips if clip.positions), key=lambda c: len(c.positions))


def _facts(demo: Demonstration, figures: Figures) -> str:
    """The three or four numbers that a reader takes away."""
    worst = _most_damaged(demo).key
    memory = figures.number("memory", "working_bytes", scale=1 / 1024)
    facts = [
        (f"{memory} KiB", "is all the memory that the voice's network needs for its parameters"),
        (
            f"{figures.number('clips', worst, 'clean', 'snr_db', digits=1)} dB",
            f"signal to noise is left after {figures.number('clips', worst, 'flips')} flips",
        ),
        (
            f"{figures.number('healing', 'seconds', digits=2)} s",
            "until the healer has put every one of them right",
        ),
    ]
    if demo.device:
        facts.append(
            (
                f"{figures.number('device', 'life', 'equal')}",
                f"of {figures.number('device', 'life', 'samples')} samples that the emulated "
                f"{escape(demo.device.core)} spoke while healing itself equal the simulation's",
            )
        )
    return "".join(f"<li><b>{number}</b> <span>{words}</span></li>" for number, words in facts)


def _classes(demo: Demonstration) -> str:
    """The limits of the classes of damage, and the command that lets listeners judge them, if there is one."""
    heard = dict(demo.commands).get(CLASSES, "")
    scale = demo.scale
    what = "the waveform" if scale == BY_SNR else "the spectrum"
    return (
        f"{'; '.join(f'{name}: {limit}' for name, limit in scale.in_words.items() if name != MASKED)}. They say "
        f"how far {what} is from the clean voice, and not whether the word is still understood, which stands beside "
        "them: a word a little below the last limit may well be."
        f"{f' What listeners make of each class: <code>{heard}</code>.' if heard else ''}"
    )


def _healing(figures: Figures) -> str:
    return (
        f"The memory with {figures.number('healing', 'flips')} flipped bits was handed to the "
        f"healer. It checks {figures.number('life', 'pages_per_frame')} of "
        f"{figures.number('healing', 'pages')} pages in every frame of "
        f"{figures.number('memory', 'frame_ms')} ms, while the voice goes on speaking. After "
        f"{figures.number('healing', 'frames')} frames "
        f"({figures.number('healing', 'seconds', digits=2)} s) it had restored "
        f"{figures.number('healing', 'pages_restored')} pages from their golden copies."
    )


def _simulation(demo: Demonstration, figures: Figures) -> str:
    return (
        f"The voice says {len(demo.simulation.words)} words in "
        f"{figures.number('life', 'seconds', digits=1)} s, and in that time "
        f"{figures.number('life', 'upsets')} bits of its memory flip, wherever and whenever chance "
        f"wants, {figures.number('life', 'upsets_per_s')} a second on average. That is a lifetime of "
        "radiation squeezed into seconds, so that you can hear it. The healer looks at each page "
        f"once in {figures.number('life', 'round_s', digits=2)} s; until it comes by, a bit that "
        "matters can be heard."
    )


def _simulation_players(demo: Demonstration, figures: Figures) -> str:
    none, healed = demo.simulation.none, demo.simulation.healed
    entries = (
        ("clean", "No upsets", "What it should sound like.", demo.simulation.clean),
        (
            "none",
            "Upsets, no healer",
            f"SNR {figures.number('life', 'none', 'snr_db', digits=1)} dB; "
            f"{figures.number('life', 'none', 'damaged_bits_at_end')} wrong bits at the end.",
            none.samples,
        ),
        (
            "healed",
            "Upsets and healer",
            f"SNR {figures.number('life', 'healed', 'snr_db', digits=1, absent='∞')} dB; "
            f"{figures.number('life', 'healed', 'damaged_bits_at_end')} wrong bits at the end.",
            healed.samples,
        ),
    )
    return "".join(
        f'<article class="card small {key}" aria-labelledby="title-life-{key}">'
        f'<h3 id="title-life-{key}">{title}</h3><p class="caption">{words}</p>'
        f"{player(f'life-{key}', title, samples, demo.sample_rate_hz, group='timeline')}</article>"
        for key, title, words, samples in entries
    )


def _log_verdict(demo: Demonstration, figures: Figures) -> str:
    if demo.device is None:
        return f'<p class="notice" role="note">{escape(demo.device_absent)}</p>'
    lines = figures.number("device", "life", "log_lines")
    if figures.value("device", "life", "log_equal"):
        return (
            f'<p><span class="yes">Equal.</span> The emulated {escape(demo.device.core)} ran '
            f"through the same upsets and wrote {lines} lines of log: the same as the simulation "
            "in every field. Its samples: "
            f"{figures.number('device', 'life', 'equal')} of "
            f"{figures.number('device', 'life', 'samples')} equal.</p>"
        )
    return (
        f'<p><span class="no">Not equal.</span> The device wrote {lines} lines; they differ from '
        "the simulation where the table says so. This is a defect: please report it.</p>"
    )


def _cores_verdict(demo: Demonstration) -> str:
    if demo.device is None:
        return ""
    compared = sum(core.samples for core in demo.device.cores)
    equal = sum(core.equal for core in demo.device.cores)
    return (
        '<p><span class="yes">All samples equal.</span> '
        if equal == compared
        else '<p><span class="no">Some samples differ.</span> This is a defect: please report it. '
    ) + "Every sample that the emulated cores made was compared with the plain reference.</p>"


def _absences(demo: Demonstration) -> str:
    """Why metrics, the recogniser or the device are absent from this page, if they are."""
    reasons = {
        reason: None
        for clip in demo.clips
        for metrics in (clip.clean, clip.recording)
        if metrics
        for reason in metrics.absent.values()
    }
    listed = [*reasons, *(text for text in (demo.recogniser_absent, demo.device_absent) if text)]
    if not listed:
        return ""
    items = "".join(f"<li>{escape(reason)}</li>" for reason in listed)
    return f'<section aria-labelledby="absent"><h3 id="absent">Absent here, and why</h3><ul>{items}</ul></section>'
