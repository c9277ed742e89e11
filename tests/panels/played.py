"""What a player plays, for tests."""

from __future__ import annotations

import numpy as np

from workbench.panels.player import Player


def codes(player: Player) -> dict[str, np.ndarray]:
    """int16 [samples] by title."""
    tracks = [np.frombuffer(each, "<i2") for each in player._pcm]
    return dict(zip(player.titles, tracks, strict=True))


def as_codes(samples: np.ndarray) -> np.ndarray:
    """int16 [samples] of float [samples], full scale 1."""
    return np.rint(np.clip(np.asarray(samples, float), -1, 1) * 32767).astype("<i2")
