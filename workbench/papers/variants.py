"""Strategies of an experiment for each of its models; monitors among them are calibrated once, and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from workbench.experiments.monitors.watching_strategies import with_monitors
from workbench.healing.strategies.variants import StrategyVariant, strategy_variants
from workbench.papers.models import Model


def variants_by_model(
    strategies: Sequence[str], models: Mapping[str, Model], folder: Path
) -> dict[str, list[StrategyVariant]]:
    """The variants of each model, by its name.

    Args:
        strategies: Names, as of `workbench compare`; none for all that need no calibration and fit.
        models: By name.
        folder: Of the experiment; each model has a folder in it for calibrated monitors.

    Raises:
        WorkbenchError: As of `strategy_variants` and `with_monitors`.
    """
    return {
        name: strategy_variants(
            with_monitors(strategies, model.voice, folder=folder / name) if strategies else None,
            model.voice.program,
            model.voice.all_inputs(),
        )
        for name, model in models.items()
    }
