"""Takes of one sound by a simulated device: undisturbed, with flipped bits, and with a healer at work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.audio.face_metrics import FaceMetrics, measure_face, visibly_wrong
from workbench.audio.sound import Sound
from workbench.errors import WorkbenchError, expect
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.voice import Voice
from workbench.generators.generator import FACE
from workbench.healing.devices.device_events import device_events
from workbench.healing.log import Verdict
from workbench.healing.simulation import simulate
from workbench.healing.strategies.named import NONE
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.transients import Sites

CLEAN, FLIPPED, HEALED = "clean", "flipped", "healed"


@dataclass(frozen=True, eq=False)
class Take:
    """A face that follows a sound.

    Args:
        key: One of CLEAN, FLIPPED, HEALED.
        title: For people.
        caption: What happened, in a sentence.
        codes: int8 [frames, shapes], in steps of 2**-7.
        metrics: Against the clean take; None for that itself.
        wrong: Frames that are visibly wrong, bool [frames].
    """

    key: str
    title: str
    caption: str
    codes: np.ndarray
    metrics: FaceMetrics | None
    wrong: np.ndarray


@dataclass(frozen=True, eq=False)
class Takes:
    """All takes of a sound.

    Args:
        sound: What is heard.
        delay_s: By how much faces come after the sound.
        takes: The clean one first.
        trial: Identifier of the faults.
        sites: Names of the bits that were hit.
    """

    sound: Sound
    delay_s: float
    takes: tuple[Take, ...]
    trial: str
    sites: tuple[str, ...]

    def take(self, key: str) -> Take:
        """The one called `key`."""
        return next(take for take in self.takes if take.key == key)


def takes_of(
    voice: Voice, utterance: str, fault: str, *, healer: str | Strategy, trial: int = 0
) -> Takes:
    """Let a device hear a sound three times.

    Args:
        voice: A generator that shapes a face of sound.
        utterance: A sound that it knows, or a file.
        fault: Text of a plan.
        healer: A strategy, its name or its file, whose device is hit; without one, there are two takes.
        trial: Number of the trial of the plan.

    Raises:
        WorkbenchError: The generator shapes no face, as `voice.inputs`, `Plan.parse` and `device_events`, or the
            plan does not fit.
    """
    expect(voice, Voice, "whose face is shown", "a Voice, as wb.load('viseme')")
    need_face(voice)
    name = voice.utterance(utterance)
    inputs, frames = voice.inputs(name), voice.frames(name)
    plan, image = Plan.parse(fault, frames=frames), voice.image(healer)
    sites = Sites(image)
    trials = range(trial, trial + 1)
    (events,) = device_events(plan, sites, trials, frames=frames).rows(1)
    strategy, _ = voice.healer(healer)
    with one_thread():
        calm = simulate(image, inputs, (), voice.healer(NONE)[0], word_starts=(0,))
        damaged = simulate(image, inputs, events, voice.healer(NONE)[0], word_starts=(0,))
        healed = simulate(image, inputs, events, strategy, word_starts=(0,))
    units = sum(entry.verdict == Verdict.HEALED for entry in healed.log)
    (sound,) = inputs.values()
    values = np.ldexp(sound[0, :, 0].astype(np.float32), -15)
    rate = round(len(sound[0]) / frames * voice.program.frame_rate_hz)
    clean = calm.codes
    what = str(plan.model)
    takes = [_take(CLEAN, "Clean", "As it was trained.", clean, clean)]
    takes.append(_take(FLIPPED, "With faults", f"{what}, and nothing heals.", damaged.codes, clean))
    if strategy.heals:
        caption = f"The same faults, healed by {strategy.name}: {units} repairs."
        takes.append(_take(HEALED, "Healed", caption, healed.codes, clean))
    return Takes(
        Sound.of(values, rate),
        voice.generator.delay_s,
        tuple(takes),
        str(TrialId.of(image, name, plan, trial)),
        healed.sites(),
    )


def need_face(voice: Voice) -> None:
    """Raise WorkbenchError for a generator that shapes no face."""
    if voice.generator.output != FACE:
        raise WorkbenchError(
            f"the generator {voice.generator.name} shapes no face; name one that does, as viseme"
        )


def _take(key: str, title: str, caption: str, codes: np.ndarray, clean: np.ndarray) -> Take:
    values, reference = (np.ldexp(each.astype(np.float64), -7) for each in (codes, clean))
    metrics = None if key == CLEAN else measure_face(values, reference)
    return Take(key, title, caption, codes, metrics, visibly_wrong(values, reference))
