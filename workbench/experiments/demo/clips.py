"""The sounds of the page that say one word: recorded, float, quantised, flipped, healed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.audio.sound_metrics import SoundMetrics, measure
from workbench.experiments.demo.record import Clip
from workbench.experiments.voices.understanding import Understanding
from workbench.experiments.voices.voice import Voice
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.layout import Layout
from workbench.memory.trials.truth import spoken

RECORDING, FLOAT, QUANTISED, HEALED = "recording", "float", "quantised", "healed"  # keys of clips


class ClipMaker:
    """Measures and recognises sounds of one word against its recording and its clean voice."""

    def __init__(self, voice: Voice, word: str) -> None:
        self.voice = voice
        self.spoken = voice.spoken(word)
        self.clean = voice.speak(word)
        # A text of the visitor's own was never recorded.
        own = voice.generator.says_any_text and word not in voice.utterances
        self.recording = None if own else voice.recording(word)
        self.understood = Understanding(voice, word)

    def clip(
        self,
        key: str,
        title: str,
        caption: str,
        samples: np.ndarray,
        *,
        positions: np.ndarray | None = None,
        trial: str = "",
    ) -> Clip:
        """A clip with all its metrics; positions and trial as `Clip` has them."""
        flipped = np.zeros(0, np.int64) if positions is None else positions
        return Clip(
            key=key,
            title=title,
            caption=caption,
            samples=samples,
            clean=None if key == QUANTISED else self._measured(samples, self.clean),
            recording=None
            if key == RECORDING or self.recording is None
            else self._measured(samples, self.recording),
            heard=self.understood(samples),
            positions=tuple(int(position) for position in flipped),
            by_section=_by_section(self.voice.image().layout, flipped),
            trial=trial,
        )

    def _measured(self, samples: np.ndarray, reference: np.ndarray) -> SoundMetrics:
        return measure(
            samples, reference, sample_rate_hz=self.voice.sample_rate_hz,
            perceptual=self.voice.generator.spoken_language,
            scale=self.voice.generator.scale,
        )  # fmt: skip


def clean_clips(maker: ClipMaker, float_sound: np.ndarray) -> list[Clip]:
    """Recording, where there is one, float network and quantised network."""
    spoken = maker.voice.generator.spoken_language
    said = "A person said this." if spoken else "The network learned this."
    recorded = (
        []
        if maker.recording is None
        else [maker.clip(RECORDING, "Recording", said, maker.recording)]
    )
    return [
        *recorded,
        maker.clip(
            FLOAT,
            "Float network",
            "The same network with its quantisers switched off, in 32-bit floating point.",
            float_sound,
        ),
        maker.clip(
            QUANTISED,
            "Quantised network",
            "8-bit weights, integers only: what runs on the chip. Damage is measured against it.",
            maker.clean,
        ),
    ]


def flipped_clips(
    maker: ClipMaker, word: str, counts: Sequence[int], *, seed: int
) -> tuple[list[Clip], Image]:
    """A clip for each number of flips, every one a trial of its own, and the last one's image."""
    voice = maker.voice
    layout, sites = voice.image().layout, Sites(voice.image())
    plans = [Plan(Flips(count), seed) for count in counts]
    faults = [plan.events(sites, np.array([0])).position for plan in plans]
    images = [voice.image().flip(positions) for positions in faults]
    codes = [spoken(image, voice.inputs(word)) for image in images]
    clips = [
        maker.clip(
            f"flipped_{count}",
            f"{count:,} flip{'s' if count > 1 else ''}",
            f"{count:,} of {8 * layout.working_bytes:,} bits.",
            voice.program.sound(sound),
            positions=positions,
            trial=str(TrialId.of(voice.image(), word, plan, 0)),
        )
        for count, plan, positions, sound in zip(counts, plans, faults, codes, strict=True)
    ]
    return clips, images[-1]


def healed_clip(maker: ClipMaker, healed: np.ndarray) -> Clip:
    """The word after the healer went through the most damaged image."""
    return maker.clip(
        HEALED, "Healed", "The most damaged memory, after the healer went through it.", healed
    )


def _by_section(layout: Layout, positions: np.ndarray) -> dict[str, int]:
    """How many of the bits lie in each section that has any, in address order."""
    names = [layout.section_at(int(position) // 8).name for position in positions]
    return {name: names.count(name) for name in layout.sections if name in names}
