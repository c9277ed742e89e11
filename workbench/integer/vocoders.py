"""Vocoders: operators that make sound of what a network gives, appended to its program after lowering."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from workbench.errors import WorkbenchError, nearest
from workbench.integer.operators import Synthesis
from workbench.integer.operators.synthesis import SAMPLE_RATE_HZ
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.integer.signals import Signal, code_range

# Kind of an operator, which reads the one signal and writes the other -> what makes one.
VOCODERS = {"synthesis": Synthesis.standard}
_SOUND = "sound"
_SOUND_EXPONENT = -15


def with_vocoder(program: Program, kind: str) -> Program:
    """A program with a vocoder behind its output.

    Args:
        program: Its output is what the vocoder reads, a frame of it being a frame of the program.
        kind: Of `VOCODERS`.

    Raises:
        WorkbenchError: There is no such vocoder, or the output does not suit it.
    """
    if kind not in VOCODERS:
        raise WorkbenchError(f"there is no vocoder {kind!r}; {nearest(kind, VOCODERS)}")
    samples = int(Fraction(SAMPLE_RATE_HZ) / Fraction(program.frame_rate_hz))
    return replace(
        program,
        output=_SOUND,
        signals=(*program.signals, Signal(_SOUND, 16, 1, samples, _SOUND_EXPONENT)),
        operators=(*program.operators, VOCODERS[kind](kind, program.output, _SOUND)),
    )


def signal_in_front(program: Program) -> Signal:
    """What the vocoder of a program reads; its output where it has none."""
    last = program.operators[-1]
    spoken = last.kind in VOCODERS and last.target == program.output
    return program.signal(last.sources[0] if spoken else program.output)


def vocoded(kind: str, values: np.ndarray, *, exponent: int, frame_rate_hz: float) -> np.ndarray:
    """Sound of what a network gives in float, float32 [samples] in [-1, 1].

    Args:
        kind: Of `VOCODERS`.
        values: Float [frames, channels]; rounded half up to codes of 16 bits.
        exponent: Of one code step.
        frame_rate_hz: Frames a second.
    """
    low, high = code_range(16)
    codes = np.clip(np.floor(np.ldexp(values.astype(np.float64), -exponent) + 0.5), low, high)
    signal = Signal("values", 16, values.shape[1], 1, exponent)
    bare = Program(
        name=kind, inputs=("values",), output="values", frame_rate_hz=frame_rate_hz, signals=(signal,),
        operators=(),
    )  # fmt: skip
    program = with_vocoder(bare, kind)
    sound: np.ndarray = program.sound(
        run(program, {"values": codes[None].astype(np.int16)})[_SOUND][0]
    )
    return sound
