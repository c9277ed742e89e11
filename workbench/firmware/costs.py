"""What a healing strategy costs on a device: instructions, code and memory, measured by emulation.

The measured table ships with the package, `data/costs.json`, and is what simulations quote; `workbench
emulate --costs` makes it anew. Instructions are counted, not cycles.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import Core
from workbench.firmware.emulate import EmulatedRun, emulate, machine_for
from workbench.healing.named import nothing
from workbench.healing.strategy import Policy, Strategy
from workbench.healing.upsets import Upset
from workbench.integer.program import Program
from workbench.memory.layout import Layout

TABLE = "data/costs.json"
_UPSETS = 40


@dataclass(frozen=True)
class Cost:
    """Of one strategy on one core, beyond the same generator without a healer.

    instructions: of a clean frame, mean. step: the most in a clean frame. worst_frame: the most in any
    frame, clean or under upsets, generator included. finding: instructions that a frame takes more for
    each entry that it writes, mean; None where nothing was found. detection: the same where nothing
    may be done about it; the rest of a finding is the remedy. flash_reads: bytes that a clean frame reads
    more in flash, constants beside code included, mean. finding_reads: bytes that an entry reads more;
    None where nothing was found. (No healer writes flash: it would stop the emulated chip.) code_bytes: of
    flash, code and its tables. check_bytes: of flash, what is stored to check. ram_bytes: checks, variables and log. stack_bytes: the deepest,
    generator included. generator: instructions of a frame without a healer, mean.
    """

    strategy: str
    core: str
    instructions: float
    step: int
    worst_frame: int
    finding: float | None
    detection: float | None
    flash_reads: float
    finding_reads: float | None
    code_bytes: int
    check_bytes: int
    ram_bytes: int
    stack_bytes: int
    generator: float

    @property
    def share(self) -> float:
        """Instructions of a clean frame over those of the generator."""
        return self.instructions / self.generator

    @property
    def remedy(self) -> float | None:
        """Of a finding, without its detection; None where nothing was found."""
        if self.finding is None or self.detection is None:
            return None
        return max(0.0, self.finding - self.detection)


def measure_cost(
    program: Program,
    inputs: Mapping[str, np.ndarray],
    strategy: Strategy,
    core: Core,
    *,
    bare: EmulatedRun | None = None,
    seed: int = 0,
) -> Cost:
    """Run `inputs` without a healer, with it, and with it under upsets of everything it watches.

    bare: the run without a healer, where it is at hand. Raises WorkbenchError without compiler or
    emulator, and where the strategy does not fit the program.
    """
    bare = bare or bare_run(program, inputs, core)
    clean, struck = _both(program, inputs, strategy, core, seed)
    observing = replace(
        strategy,
        guards=tuple(replace(guard, ladder=()) for guard in strategy.guards),
        policy=Policy(),
        spare_pages=0,
    )
    calm, observed = _both(program, inputs, observing, core, seed)
    beside = clean.instructions - bare.instructions
    reads = clean.flash_reads - bare.flash_reads
    checks = clean.image.layout.sections["check"].size_bytes if strategy.heals else 0
    return Cost(
        strategy=strategy.name,
        core=core.name,
        instructions=_mean(beside, strategy),
        step=int(beside.max()),
        worst_frame=int(max(clean.instructions.max(), struck.instructions.max())),
        finding=_of_a_finding(struck, struck.instructions - clean.instructions),
        detection=_of_a_finding(observed, observed.instructions - calm.instructions),
        flash_reads=_mean(reads, strategy),
        finding_reads=_of_a_finding(struck, struck.flash_reads - clean.flash_reads),
        code_bytes=clean.flash_bytes - bare.flash_bytes - checks,
        check_bytes=checks,
        ram_bytes=clean.ram_bytes - bare.ram_bytes,
        stack_bytes=max(clean.stack_bytes, struck.stack_bytes),
        generator=float(bare.instructions.mean()),
    )


def _both(
    program: Program,
    inputs: Mapping[str, np.ndarray],
    strategy: Strategy,
    core: Core,
    seed: int,
) -> tuple[EmulatedRun, EmulatedRun]:
    """The same frames without upsets, and with some of the working copy."""
    image = strategy.image(program)
    machine = machine_for(image, core, strategy=strategy)
    clean = emulate(image, core, inputs, strategy=strategy, machine=machine)
    upsets = _upsets(image.layout, len(clean.instructions), seed)
    return clean, emulate(image, core, inputs, strategy=strategy, upsets=upsets, machine=machine)


def _mean(beside: np.ndarray, strategy: Strategy) -> float:
    """Of what the healer takes in each frame, int64 [frames]; guards that look more rarely than that, in proportion."""
    rare = [g.every_frames for g in strategy.guards if g.every_frames > len(beside)]
    usual = float(beside[1:].mean()) if rare else float(beside.mean())
    return usual + (float(beside[0]) - usual) / min(rare) if rare else usual


def _of_a_finding(struck: EmulatedRun, extra: np.ndarray) -> float | None:
    """What the frames with entries take more, int64 [frames], for each entry of the log."""
    entries = np.zeros(len(extra), np.int64)
    for entry in struck.log:
        entries[min(entry.frame, len(entries) - 1)] += 1
    found = entries > 0
    return float(extra[found].sum() / entries[found].sum()) if found.any() else None


def bare_run(program: Program, inputs: Mapping[str, np.ndarray], core: Core) -> EmulatedRun:
    """The generator without a healer."""
    image = nothing().image(program)
    machine = machine_for(image, core, strategy=nothing())
    return emulate(image, core, inputs, machine=machine)


def _upsets(layout: Layout, frames: int, seed: int) -> list[Upset]:
    rng = np.random.default_rng([seed, 7])
    positions = rng.integers(0, 8 * layout.working_bytes, _UPSETS)
    return sorted(Upset(int(rng.integers(frames)), int(position)) for position in positions)


def as_json(costs: Iterable[Cost], *, program: Program) -> str:
    """The table as text; `program`: what was run."""
    rows = [asdict(cost) for cost in costs]
    return json.dumps({"program": program.content_hash, "costs": rows}, indent=1) + "\n"


@cache
def shipped_costs() -> dict[tuple[str, str], Cost]:
    """The table that ships with the package: (strategy, core) -> cost on `challenge`.

    Raises WorkbenchError when it cannot be read.
    """
    try:
        told = json.loads((files("workbench.firmware") / TABLE).read_text(encoding="utf-8"))
        rows = [Cost(**row) for row in told["costs"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise WorkbenchError(
            f"the table of costs cannot be read ({error}); make it with `workbench emulate --costs`"
        ) from error
    return {(row.strategy, row.core): row for row in rows}
