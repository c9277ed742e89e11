"""The clean run of some frames, beside which devices live; see `device_run`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from workbench.integer.frames import Frames, State
from workbench.integer.reference import Codes
from workbench.memory.watches.behaviour import Behaviour


@dataclass(frozen=True, eq=False)
class CleanRun:
    """Some frames without faults.

    Attributes:
        inputs: [1, frames * rate, channels] by name.
        codes: Of the output, [frames * rate, channels].
        states: Before each frame, and after the last.
        engine: That computed it.
        seen: Frames whose signals were asked for.
        measured: What monitors see of all frames, by what that depends on.
    """

    inputs: Codes
    codes: np.ndarray
    states: list[State]
    engine: Frames
    seen: dict[int, Mapping[str, np.ndarray]] = field(default_factory=dict)
    measured: dict[tuple[str, bytes], np.ndarray] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """How many."""
        return len(self.states) - 1

    def signals(self, frame: int) -> Mapping[str, np.ndarray]:
        """The codes of all signals of a frame, [rate, channels] by name."""
        if frame not in self.seen:
            part = part_of(self.engine, self.inputs, frame, frame + 1)
            variant = self.engine.changed({})
            self.seen[frame] = self.engine.step(part, variant, self.states[frame])[0]
        return self.seen[frame]

    def measures(self, watch: Behaviour, data: np.ndarray) -> np.ndarray:
        """What a monitor with the baselines in `data` sees of the frames, int64 [frames, ...]."""
        first, last = watch.sealed()
        key = watch.label, data[first:last].tobytes()
        if key not in self.measured:
            made = self.engine.step(
                self.inputs, self.engine.changed({}), self.states[0], watch.needs
            )
            self.measured[key] = watch.measures(data, made[0])
        return self.measured[key]


def part_of(frames: Frames, inputs: Mapping[str, np.ndarray], first: int, last: int) -> Codes:
    """The inputs of the frames `first` to `last` - 1."""
    rates = {name: frames.program.signal(name).rate for name in frames.program.inputs}
    return {name: inputs[name][:, first * rate : last * rate] for name, rate in rates.items()}


def clean_run(frames: Frames, inputs: Codes, state: State | None = None) -> CleanRun:
    """The clean run from a state, from silence when None."""
    program = frames.program
    inputs = {name: codes.astype(np.int32) for name, codes in inputs.items()}
    states, codes = [frames.silence() if state is None else state], []
    variant = frames.changed({})
    first = program.inputs[0]
    for frame in range(inputs[first].shape[1] // program.signal(first).rate):
        part = part_of(frames, inputs, frame, frame + 1)
        made, after = frames.step(part, variant, states[-1], (program.output,))
        states.append(after)
        codes.append(made[program.output])
    return CleanRun(inputs, np.concatenate(codes), states, frames)
