"""Environments of strategies as panels offer them: a slider sets the rate of those that have one."""

from __future__ import annotations

from dataclasses import replace

from workbench.experiments.fleets.comparison import Environment

RATES = (0.2, 0.5, 1, 2, 5, 10, 20, 50)  # upsets a second


def at_rate(environment: Environment, upsets_per_s: float) -> Environment:
    """The environment with another rate, where it has one."""
    if not environment.upsets_per_s:
        return environment
    return replace(environment, upsets_per_s=upsets_per_s)


def fault_text(environment: Environment, upsets_per_s: float) -> str:
    """What `wb.compare` and `wb.simulate` take for the environment at this rate: its name, or its fault."""
    changed = at_rate(environment, upsets_per_s)
    return environment.name if changed == environment else changed.plan_text()


def title_without_rate(environment: Environment) -> str:
    """What an environment is called where the slider sets its rate, "stuck cells"."""
    title = environment.title
    return title.split(",")[0] if environment.upsets_per_s else title
