"""What a speech recogniser understands of one utterance of a voice, choosing among what the voice says."""

from __future__ import annotations

import numpy as np

from workbench.audio.recogniser import VARIANTS, Recogniser, digit_recogniser
from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import Voice


class Understanding:
    """A recogniser for an utterance, or the reason why there is none.

    Attributes:
        answer: What it says where it understands.
        absent: Why nobody listens, "" where somebody does.
    """

    def __init__(self, voice: Voice, utterance: str) -> None:
        self.answer = voice.generator.heard_as(utterance)
        self._recogniser, self.absent = _recogniser(voice, self.answer)

    def __call__(self, samples: np.ndarray) -> tuple[str, ...]:
        """What it hears in each of VARIANTS, "" for nothing that it knows; () where nobody listens.

        Args:
            samples: float [samples] at 16 kHz.
        """
        if self._recogniser is None:
            return ()
        return tuple(self._recogniser.recognise(samples, variant) for variant in VARIANTS)


def _recogniser(voice: Voice, answer: str) -> tuple[Recogniser | None, str]:
    """The recogniser of the digits, or of what else the voice usually says; or None and the reason."""
    if not voice.generator.spoken_language:
        return None, f"no recogniser listens: the generator {voice.generator.name} makes no speech"
    try:
        recogniser = digit_recogniser()
        if answer not in recogniser.words:
            others = map(voice.generator.heard_as, voice.usual)
            recogniser = Recogniser(tuple(dict.fromkeys([answer, *others])), leave_out=True)
    except WorkbenchError as error:
        return None, str(error)
    if answer not in recogniser.words:
        return None, f"the recogniser cannot hear {answer!r}: {recogniser.left_out[answer]}"
    return recogniser, ""
