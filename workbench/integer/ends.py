"""Operators in front of a network and behind it, added to its program after lowering.

A front end makes what the network takes of the program's input; a back end makes the program's output of what the
network gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from workbench.audio.hearing import BAND_EXPONENT, BANDS, SOUND_EXPONENT
from workbench.audio.hearing import SAMPLE_RATE_HZ as HEARD_RATE_HZ
from workbench.audio.mouth_shapes import BLENDSHAPES, SHAPE_EXPONENT, shape_codes
from workbench.errors import WorkbenchError, nearest
from workbench.integer.operators import Blend, MelBands, Operator, Synthesis
from workbench.integer.operators.synthesis import SAMPLE_RATE_HZ
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.integer.signals import Signal, code_range

_SOUND, _FACE = "sound", "face"


def _speaking(program: Program, source: Signal) -> tuple[Signal, Operator]:
    target = Signal(_SOUND, 16, 1, _samples(program, SAMPLE_RATE_HZ), -15)
    return target, Synthesis.standard("synthesis", source.name, target.name)


def _shaping(program: Program, source: Signal) -> tuple[Signal, Operator]:
    target = Signal(_FACE, 8, len(BLENDSHAPES), source.rate, SHAPE_EXPONENT)
    exponent = 0 if source.exponent is None else source.exponent
    blend = Blend.softmax(
        "blend", source.name, target.name, exponent=exponent, shapes=shape_codes()
    )
    return target, blend


def _hearing(program: Program, target: Signal) -> tuple[Signal, Operator]:
    source = Signal(_SOUND, 16, 1, _samples(program, HEARD_RATE_HZ), SOUND_EXPONENT)
    return source, MelBands.standard("melbands", source.name, target.name)


Found = TypeVar("Found")
End = Callable[[Program, Signal], tuple[Signal, Operator]]
# Kind of an operator -> the signal that it reads, and the operator, given the network's program and its input.
FRONT_ENDS: dict[str, End] = {"melbands": _hearing}
# Kind of an operator -> the signal that it writes, and the operator, given the network's program and its output.
BACK_ENDS: dict[str, End] = {"synthesis": _speaking, "blend": _shaping}
# What front ends give.
_GIVEN = {"melbands": Signal("bands", 8, BANDS, 1, BAND_EXPONENT)}
_AT_ONCE = 16  # sounds, for their size


def with_ends(program: Program, *, front_end: str = "", back_end: str = "") -> Program:
    """A network's program with operators around it.

    Args:
        program: Of the network, with one input where there is a front end. A frame of it is one of both ends.
        front_end: Of `FRONT_ENDS`, "" for none.
        back_end: Of `BACK_ENDS`, "" for none.

    Raises:
        WorkbenchError: There is no such end, or it does not suit the network.
    """
    if front_end:
        made = _end(FRONT_ENDS, front_end, "front end")
        (name,) = program.inputs
        source, operator = made(program, program.signal(name))
        program = replace(
            program,
            inputs=(source.name,),
            signals=(source, *program.signals),
            operators=(operator, *program.operators),
        )
    if back_end:
        made = _end(BACK_ENDS, back_end, "back end")
        target, operator = made(program, program.signal(program.output))
        program = replace(
            program,
            output=target.name,
            signals=(*program.signals, target),
            operators=(*program.operators, operator),
        )
    return program


def is_front_end(program: Program, operator: Operator) -> bool:
    """Whether an operator makes what the network takes."""
    return operator.kind in FRONT_ENDS and set(operator.sources) <= set(program.inputs)


def without_front_end(program: Program) -> Program:
    """The same program, which takes what its front end gives; itself without one."""
    first = program.operators[0] if program.operators else None
    if first is None or not is_front_end(program, first):
        return program
    return replace(
        program,
        inputs=(first.target,),
        signals=tuple(each for each in program.signals if each.name not in first.sources),
        operators=program.operators[1:],
    )


def is_back_end(program: Program, operator: Operator) -> bool:
    """Whether an operator makes the output of what the network gives."""
    return operator.kind in BACK_ENDS and operator.target == program.output


def signal_in_front(program: Program) -> Signal:
    """What the back end of a program reads; its output where it has none."""
    last = program.operators[-1]
    return program.signal(last.sources[0] if is_back_end(program, last) else program.output)


def through_front_end(kind: str, codes: np.ndarray) -> np.ndarray:
    """What a network takes of some inputs, each from silence: exactly what its front end computes.

    Args:
        kind: Of `FRONT_ENDS`.
        codes: Integers [inputs, rows, channels].

    Returns:
        Values float32 [inputs, frames, channels], which are exact.
    """
    target = _end(_GIVEN, kind, "front end")
    bare = Program(kind, (target.name,), target.name, 100.0, (target,), ())
    program = with_ends(bare, front_end=kind)
    parts = [
        run(program, {program.inputs[0]: codes[first : first + _AT_ONCE]})[target.name]
        for first in range(0, len(codes), _AT_ONCE)
    ]
    return np.ldexp(np.concatenate(parts).astype(np.float32), target.exponent or 0)


def through_back_end(
    kind: str, values: np.ndarray, *, exponent: int, bits: int, frame_rate_hz: float
) -> np.ndarray:
    """The output of what a network gives in float, as values, float64 [rows, channels].

    Args:
        kind: Of `BACK_ENDS`.
        values: Float [frames, channels]; rounded half up to codes.
        exponent: Of one code step.
        bits: Of a code.
        frame_rate_hz: Frames a second.
    """
    low, high = code_range(bits)
    codes = np.clip(np.floor(np.ldexp(values.astype(np.float64), -exponent) + 0.5), low, high)
    signal = Signal("values", bits, values.shape[1], 1, exponent)
    bare = Program(kind, ("values",), "values", frame_rate_hz, (signal,), ())
    program = with_ends(bare, back_end=kind)
    output = program.signal(program.output)
    made = run(program, {"values": codes[None].astype(np.int64)})[output.name][0]
    return np.ldexp(made.astype(np.float64), output.exponent or 0)


def _end(ends: Mapping[str, Found], kind: str, what: str) -> Found:
    if kind not in ends:
        raise WorkbenchError(f"there is no {what} {kind!r}; {nearest(kind, ends)}")
    return ends[kind]


def _samples(program: Program, rate_hz: int) -> int:
    """Of a frame."""
    return int(Fraction(rate_hz) / Fraction(program.frame_rate_hz))
