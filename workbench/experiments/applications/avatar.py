"""An avatar whose face is wrong: how much of the time its mouth is visibly not where the clean one would be."""

from __future__ import annotations

from workbench.audio.face_metrics import visibly_wrong
from workbench.experiments.avatar.takes import need_face
from workbench.experiments.voices.voice import Voice
from workbench.memory.image import Image

WRONG = "visibly wrong"
TALK_S_A_MONTH = 30.4375 * 3600  # an hour a day
_SAID = "+".join("3141592653")


class Viewer:
    """Who looks at a face that follows ten digits."""

    def __init__(self, voice: Voice) -> None:
        """Raises WorkbenchError for a generator that shapes no face."""
        need_face(voice)
        self.voice = voice
        self._clean = voice.speak(_SAID)

    def experience(self, number: int, image: Image) -> dict[str, float]:
        """Share of the time in which the face of a device is visibly wrong."""
        return {WRONG: float(visibly_wrong(self.voice.speak(_SAID, image), self._clean).mean())}
