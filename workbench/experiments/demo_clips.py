"""The sounds of the page that say one word: recorded, float, quantised, flipped, healed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.audio.metrics import measure
from workbench.audio.recogniser import VARIANTS, Recogniser, digit_recogniser
from workbench.errors import WorkbenchError
from workbench.experiments.demo_record import Clip
from workbench.experiments.flips import choose_flips, count_by_section
from workbench.experiments.voice import Voice
from workbench.memory.image import Image


class Listener:
    """Measures and recognises sounds of one word against its recording and its clean voice."""

    def __init__(self, voice: Voice, word: str) -> None:
        self.voice = voice
        self.spoken = voice.spoken(word)
        self.recording = voice.recording(word)
        self.clean = voice.speak(word)
        self.recogniser, self.absent = _recogniser(self.spoken)

    def clip(
        self,
        key: str,
        title: str,
        caption: str,
        samples: np.ndarray,
        *,
        positions: np.ndarray | None = None,
    ) -> Clip:
        """A clip with all its metrics. positions: the flipped bits of the image that spoke."""
        flipped = np.zeros(0, np.int64) if positions is None else positions
        return Clip(
            key=key,
            title=title,
            caption=caption,
            samples=samples,
            clean=None if key == "quantised" else measure(samples, self.clean),
            recording=None if key == "recording" else measure(samples, self.recording),
            heard=self._heard(samples),
            positions=tuple(int(position) for position in flipped),
            by_section=count_by_section(self.voice.image.layout, flipped),
        )

    def _heard(self, samples: np.ndarray) -> tuple[str, ...]:
        if self.recogniser is None:
            return ()
        return tuple(
            self.recogniser.recognise(
                samples,
                padding_s=variant.padding_s,
                noise_rms=variant.noise_rms,
                seed=variant.seed,
            )
            for variant in VARIANTS
        )


def clean_clips(listener: Listener, float_sound: np.ndarray) -> list[Clip]:
    """Recording, float network and quantised network."""
    return [
        listener.clip("recording", "Recording", "A person said this.", listener.recording),
        listener.clip(
            "float",
            "Float network",
            "The same network with its quantisers switched off, in 32-bit floating point.",
            float_sound,
        ),
        listener.clip(
            "quantised",
            "Quantised network",
            "8-bit weights, integers only: what runs on the chip. Damage is measured against it.",
            listener.clean,
        ),
    ]


def flipped_clips(
    listener: Listener, word: str, counts: Sequence[int], *, seed: int
) -> tuple[list[Clip], Image]:
    """A clip for each number of flips, the lower ones a part of the higher, and the last image."""
    voice = listener.voice
    layout = voice.image.layout
    chosen = choose_flips(layout, max(counts), seed=seed)
    clips = []
    for count in sorted(counts):
        image = voice.image.flip(chosen[:count])
        clips.append(
            listener.clip(
                f"flipped_{count}",
                f"{count:,} flip{'s' if count > 1 else ''}",
                f"{count:,} of {8 * layout.working_bytes:,} bits.",
                voice.speak(word, image),
                positions=chosen[:count],
            )
        )
    return clips, image


def _recogniser(spoken: str) -> tuple[Recogniser | None, str]:
    """The recogniser of the digits, or None and the reason."""
    try:
        recogniser = digit_recogniser()
    except WorkbenchError as error:
        return None, str(error)
    if spoken not in recogniser.words:
        return None, f"the recogniser chooses among the ten digits, and {spoken!r} is none of them"
    return recogniser, ""
