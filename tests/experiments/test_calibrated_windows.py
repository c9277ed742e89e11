"""How many frames a fading histogram remembers, chosen at calibration."""

from __future__ import annotations

from typing import Any

import pytest
from voices import voice

from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import calibrate


@pytest.mark.parametrize(("monitor", "usual"), [("kl-watch", 16), ("qt-ewma", 32)])
def test_a_window_is_remembered(monitor: str, usual: int) -> None:
    made = {
        window: calibrate(
            voice(), monitor, frames=5_000, classes=1, mean_frames=1_000, window=window
        )
        for window in (None, usual, 4)
    }
    assert made[None].area == made[usual].area
    scores = {window: made[window].scores for window in (usual, 4)}
    assert scores[4].std() > scores[usual].std()  # of fewer frames a histogram is less sure


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 16}, "hidden-markers has no window; leave it out, or calibrate kl-watch"),
        ({"monitor": "kl-watch", "window": 17}, "cannot have 17 frames; choose one of 1, 2, 4"),
        ({"monitor": "kl-watch", "window": 64, "frames": 9}, "longer than the 9 to learn from"),
    ],
)
def test_a_window_that_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkbenchError, match=message):
        calibrate(voice(), **settings)
