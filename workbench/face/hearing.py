"""Listening: sounds with their spectrograms in a notebook, one experiment, and trials again."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from workbench.audio.sound_metrics import measure
from workbench.errors import WorkbenchError, described, expect
from workbench.experiments.fleets.healed_speech import HealedSpeech
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.faulty_speech import Heard
from workbench.experiments.voices.voice import Voice, need_sound
from workbench.face.shown import Shown
from workbench.memory.faults.plan import TrialId
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.truth import play, spoken
from workbench.panels.views import readout, site_list, sound

_LOG_LINES = 8
_BESIDE = "display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: .2rem 1.2rem"


def listen(what: Any, *, title: str = "Sound", sample_rate_hz: int | None = None) -> Shown:
    """Players with spectrograms, for the end of a notebook's cell.

    Args:
        what: A sound, float [samples]; several of them by title; or what `hear`, `replay` or `simulate` gave.
        title: Of a single sound.
        sample_rate_hz: Of sounds that do not know theirs; those of `voice.speak` do.

    Raises:
        WorkbenchError: It is no sound, or one of an unknown rate.
    """
    if isinstance(what, Heard):
        pair = {"Before": what.before, "After": what.after}
        text = f"SNR {what.metrics.snr_db:.1f} dB: {what.metrics.in_words}"
        players = _beside(pair, sample_rate_hz)
        return Shown(f"{readout(what)}{players}{site_list(what.sites, what.trial)}", text)
    if isinstance(what, HealedSpeech):
        said = " ".join(what.script.utterances)
        lines = what.result.lines()
        text = f"{said}: SNR {what.metrics.snr_db:.1f} dB, {what.metrics.in_words}; {len(lines)} log entries"
        listed = "".join(f"<li>{escape(line)}</li>" for line in lines[:_LOG_LINES])
        return Shown(f"{_beside({text: what.samples}, sample_rate_hz)}<ul>{listed}</ul>", text)
    sounds = dict(what) if isinstance(what, Mapping) else {title: what}
    names = ", ".join(
        f"{name} ({len(np.atleast_1d(each)):,} samples)" for name, each in sounds.items()
    )
    return Shown(_beside(sounds, sample_rate_hz), names)


def replay(
    voice: Voice, trial: TrialId | str, *, mask: ProtectionMask | None = None, healer: Any = "none"
) -> Heard:
    """A trial of a campaign again, on the plain reference: the sound before and after it.

    Args:
        voice: That the trial hit.
        trial: Its identifier.
        mask: Under which the campaign ran.
        healer: Whose image was hit; nothing heals in a trial.

    Raises:
        WorkbenchError: The trial is of another image or mask, or the text is no identifier.
    """
    expect(voice, Voice, "the voice of a trial", 'a Voice, as wb.load("challenge")')
    need_sound(voice)
    trial = trial if isinstance(trial, TrialId) else TrialId.parse(trial)
    image = voice.image(healer)
    sites, inputs = Sites(image), voice.inputs(trial.utterance)
    events = trial.events(sites, mask)
    with one_thread():
        before = image.program.sound(spoken(image, inputs))
        after = image.program.sound(play(image, inputs, events))
    stored = events.position[events.position < 8 * image.layout.working_bytes]
    return Heard(
        before=before,
        after=after,
        metrics=measure(
            after,
            before,
            sample_rate_hz=voice.sample_rate_hz,
            perceptual=False,
            scale=voice.generator.scale,
        ),
        sites=tuple(sites.site(int(position)) for position in events.position),
        trial=str(trial),
        pages_healed=0,
        bits_left=len(stored),
    )


def _beside(sounds: Mapping[str, Any], sample_rate_hz: int | None) -> str:
    players = "".join(_player(name, each, sample_rate_hz) for name, each in sounds.items())
    return f'<div style="{_BESIDE}">{players}</div>'


def _player(title: str, samples: Any, sample_rate_hz: int | None) -> str:
    is_sound = isinstance(samples, np.ndarray) and samples.ndim == 1 and samples.dtype.kind == "f"
    if not is_sound or not len(samples):
        raise WorkbenchError(
            f"what is to be heard is {described(samples)}; give a sound, as voice.speak({'7'!r})"
        )
    rate = sample_rate_hz or getattr(samples, "sample_rate_hz", None)
    if rate is None:
        raise WorkbenchError(
            "this array does not know its sample rate; write listen(samples, sample_rate_hz=16000)"
        )
    seconds = f"{len(samples) / rate:.2f} s"
    return sound(title, seconds, np.asarray(samples), rate)
