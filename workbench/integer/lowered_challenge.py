"""`challenge` as an integer program, ready for everything that comes after training."""

from __future__ import annotations

from workbench.audio.sound_files import SAMPLE_RATE_HZ
from workbench.generators.challenge import Challenge
from workbench.integer.lowering.lower import Lowered, RowIndexes, lower


def lower_challenge(model: Challenge) -> Lowered:
    """Lower a trained, quantised `challenge`; its inputs for words are `model.indexes(words)`.

    The two are not compared here, so that a voice opens quickly: the layers of a `Challenge` are fixed,
    tests hold them to their programs, and `workbench lower` compares every code of every word. Raises
    WorkbenchError naming the layer that cannot be lowered exactly.
    """
    return lower(
        model,
        {"word": RowIndexes(), "position": RowIndexes()},
        name="challenge",
        input_rate_hz=SAMPLE_RATE_HZ / model.config.samples_per_frame,
        check=False,
    )
