"""What a healer costs on a device: instructions, memory and flash on emulated cores.

Numbers come from the shipped table where it knows the very firmware, else they are measured and kept. A number is
derived again by emulating the core, with and without the healer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from workbench.experiments.fleets.device_costs import COST_FRAMES
from workbench.experiments.parallel.task import code_here
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.records import RecordFile
from workbench.firmware.boards import CORES
from workbench.firmware.emulation.costs import Cost, fingerprint, known_cost, measure_cost
from workbench.healing.strategies.variants import StrategyVariant
from workbench.papers.cell import Cell, Measure
from workbench.papers.emulated import emulated_again, frames_of_costs
from workbench.papers.kind import Evidence, Example, Kind, named_in
from workbench.papers.variants import variants_by_model
from workbench.progress import progress_bar

_LABELS = ("model", "core", "strategy")


@dataclass(frozen=True)
class _Options:
    """strategies: () for all that fit. cores: () for all."""

    strategies: tuple[str, ...] = ()
    cores: tuple[str, ...] = ()


class DeviceCosts(Kind):
    """Every strategy on every core."""

    OPTIONS = _Options
    MEASURES: ClassVar[dict[str, Measure]] = {
        "instructions": Measure("instructions a frame"),
        "share": Measure("of the generator's", percent=True),
        "worst_frame": Measure("worst frame, instructions"),
        "generator": Measure("the generator, instructions a frame"),
        "code_bytes": Measure("code", unit="bytes"),
        "check_bytes": Measure("checks", unit="bytes"),
        "ram_bytes": Measure("RAM", unit="bytes"),
        "stack_bytes": Measure("stack", unit="bytes"),
    }
    options: _Options

    def check(self) -> None:
        """Prepare strategies and cores."""
        self.cores = named_in(self.options.cores, tuple(CORES), "core")
        self.variants = variants_by_model(self.options.strategies, self.models, self.site.folder)

    def run(self) -> None:
        """Measure what neither the table nor the folder knows."""
        cases = [
            (model, core, variant)
            for model, variants in self.variants.items()
            for core in self.cores
            for variant in variants
        ]
        for model, core, variant in progress_bar(cases, desc=self.name, unit="cost"):
            if self._kept(model, core, variant) is None:
                frames = frames_of_costs(self.models[model].voice)
                cost = measure_cost(variant.program, frames, variant.strategy, CORES[core])
                self._file(model, core, variant).write({"cost": asdict(cost)})

    def cells(self) -> list[Cell]:
        """Of each strategy on each core."""
        return [
            Cell(
                dict(zip(_LABELS, key, strict=True)), name, getattr(cost, name), count=COST_FRAMES,
                origin=f"firmware {cost.firmware} on {CORES[cost.core].title}, beyond the generator alone",
            )
            for key, (_, cost) in self._costs.items()
            for name in self.MEASURES
        ]  # fmt: skip

    def example(self, cell: Cell) -> Example | None:
        """A cost makes no sound."""
        return None

    def again(self, cell: Cell, rng: np.random.Generator) -> Evidence:
        """Emulate the core again, with and without the healer; under faults too, where the number is of these."""
        model, core, strategy = (cell.labels[name] for name in _LABELS)
        variant, kept = self._costs[model, core, strategy]
        voice = self.models[model].voice
        made = emulated_again(voice, variant, CORES[core])
        if cell.measure not in made:
            every = measure_cost(
                variant.program, frames_of_costs(voice), variant.strategy, CORES[core]
            )
            made = {cell.measure: getattr(every, cell.measure)}
        return Evidence(
            f"{strategy} emulated again on {CORES[core].title}",
            made[cell.measure] == getattr(kept, cell.measure),
        )

    def methods(self) -> str:
        """Cores, and what is counted."""
        titles = ", ".join(CORES[core].title for core in self.cores)
        strategies = len({key[2] for key in self._costs})
        return (
            f"Costs ({self.name}): {strategies} strategies on {len(self.cores)} emulated cores ({titles}). Instructions are "
            f"counted, not cycles, over {COST_FRAMES} frames, and so are bytes, beyond the same generator without a "
            "healer, whose code a compiler may lay out otherwise."
        )

    @cached_property
    def _costs(self) -> dict[tuple[str, str, str], tuple[StrategyVariant, Cost]]:
        self.run()
        found = {}
        for model, variants in self.variants.items():
            for core in self.cores:
                for variant in variants:
                    cost = self._kept(model, core, variant)
                    assert cost is not None
                    found[model, core, variant.strategy.name] = variant, cost
        return found

    def _kept(self, model: str, core: str, variant: StrategyVariant) -> Cost | None:
        known = known_cost(variant.program, variant.strategy, core)
        if known is not None:
            return known
        record = self._file(model, core, variant).read()
        return None if record is None else Cost(**record["cost"])

    def _file(self, model: str, core: str, variant: StrategyVariant) -> RecordFile:
        frames = frames_of_costs(self.models[model].voice)
        key = f"{code_here().digest} {fingerprint(variant.program, variant.strategy)} {core} {inputs_digest({'': frames})}"
        return RecordFile(self.site.folder, f"{model}-{core}-{variant.strategy.name}", key)
