"""Range restriction: no code leaves the range that it has on a device that is well.

Reference: Chen et al. 2021, A low-cost fault corrector for deep neural networks through range
restriction (Ranger), https://arxiv.org/abs/2003.13874. Integer programs clamp anyway, so that narrower
clamps cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workbench.integer.program import Program
from workbench.integer.reference import Codes, run


def restricted_program(program: Program, inputs: Iterable[Codes]) -> Program:
    """The program with every clamp at the lowest and highest code that it gives for `inputs`.

    inputs: utterances, [1, frames * rate, channels] by name; what is heard of these stays as it is.
    """
    ranges: dict[str, tuple[int, int]] = {}
    for utterance in inputs:
        for name, codes in run(program, utterance).items():
            low, high = ranges.get(name, (int(codes.max()), int(codes.min())))
            ranges[name] = min(low, int(codes.min())), max(high, int(codes.max()))
    operators = []
    for operator in program.operators:
        if operator.clamps and operator.target in ranges:
            low, high = ranges[operator.target]
            operator = replace(operator, low=low, high=high)  # type: ignore[call-arg]
        operators.append(operator)
    return replace(program, operators=tuple(operators))
