"""Part of a program: what some of its signals need, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from workbench.errors import WorkbenchError, nearest
from workbench.integer.program import Program


def part_of_program(program: Program, signals: Collection[str]) -> Program:
    """The program without the operators that none of these signals needs; its inputs stay.

    Args:
        program: Any.
        signals: Names of targets of operators, at least one.

    Returns:
        A program whose output is the last of them; itself where everything is needed.

    Raises:
        WorkbenchError: No operator makes one of them.
    """
    made = {operator.target: operator for operator in program.operators}
    for name in signals:
        if name not in made:
            raise WorkbenchError(
                f"no operator of {program.name} makes the signal {name!r}; {nearest(name, made)}"
            )
    needed, open_ = set(program.inputs), list(signals)
    while open_:
        name = open_.pop()
        if name not in needed:
            needed.add(name)
            open_ += made[name].sources
    operators = tuple(each for each in program.operators if each.target in needed)
    if len(operators) == len(program.operators):
        return program
    last = next(each.target for each in reversed(operators) if each.target in signals)
    kept = tuple(signal for signal in program.signals if signal.name in needed)
    return replace(program, output=last, signals=kept, operators=operators)
