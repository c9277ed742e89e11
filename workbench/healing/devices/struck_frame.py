"""A frame in which codes flip in passing: on the plain reference, since engines of many frames know none of that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from workbench.integer.changes import Changes
from workbench.integer.frames import Frames, State
from workbench.integer.reference import Stream
from workbench.integer.reference_frames import ReferenceFrames
from workbench.memory.faults.events import FLIP
from workbench.memory.faults.transients import TransientSites
from workbench.memory.layout import Layout
from workbench.memory.trials.truth import Strike


def struck_frame(
    frames: Frames,
    layout: Layout,
    changes: Changes,
    inputs: Mapping[str, np.ndarray],
    state: State,
    positions: Sequence[int],
    recorded: Collection[str] | None,
) -> tuple[Mapping[str, np.ndarray], State]:
    """One frame of a device during which bits of codes in buffers flip.

    Args:
        frames: The engine that computes the frames before and after.
        layout: Of the device's memory.
        changes: What is different in the device's parameters.
        inputs: Of the frame, [1, rate, channels] by name.
        state: Before it, of that engine.
        positions: Of the bits, as `TransientSites` has them.
        recorded: Names of signals, None for all.

    Returns:
        As of `Frames.step`.
    """
    program = ReferenceFrames(frames.program).changed(changes)
    stream = Stream(program)
    stream.states = {
        (operator.name, tensor.name): frames.read_state(state, operator.name, tensor.name)[None]
        .astype(np.int64)
        .copy()
        for operator, tensor in program.states()
    }
    transients = TransientSites(program, layout)
    codes = stream.step(inputs, Strike(transients, [(position, FLIP) for position in positions]))
    after = frames.state_of({name: rows[0] for name, rows in stream.states.items()})
    wanted = codes if recorded is None else recorded
    return {name: codes[name][0] for name in wanted}, after
