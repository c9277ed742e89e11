"""Costs of a healing strategy on a device: instructions, code and memory, measured by emulation.

The measured table ships with the package, `data/costs.json`, and is what simulations quote; `workbench
emulate --costs` makes it anew. Instructions are counted, not cycles.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from importlib.resources import files

import numpy as np

from workbench.errors import WorkbenchError
from workbench.firmware.boards import Core
from workbench.firmware.emulation.emulate import (
    EmulatedRun,
    emulate,
    emulated_machine,
    firmware_for,
    machine_for,
)
from workbench.firmware.own_in_c import own_code_of
from workbench.firmware.twins.permanent import permanent_faults, worst_under_permanent_faults
from workbench.healing.strategies.named import nothing
from workbench.healing.strategies.strategy import Policy, Strategy
from workbench.integer.program import Program
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.layout import HEALER_VARIABLES, LAYOUT, Layout
from workbench.memory.places import CHECK, HEALER
from workbench.memory.watches.areas import RAM
from workbench.sealed import json_object

TABLE = "data/costs.json"
_UPSETS = 40
_MOST = 2**63
_REMAKE = "make it with `workbench emulate --costs`"


@dataclass(frozen=True)
class Cost:
    """Of one strategy on one core, beyond the same generator without a healer.

    firmware: tells program, guards and policy from others, see `fingerprint`. instructions: of a clean
    frame, mean. step: the most in a clean frame. worst_frame: the most in any frame that was seen, clean,
    under single upsets, or with a flipped bit in every eight bytes of the working copy; generator
    included. fault: the most in a frame while one permanent fault stays, see `permanent`. finding: instructions that a frame takes more for each entry that it writes, mean; None where
    nothing was found. detection: the same where the budget of remedies is spent; the rest of a finding is
    the remedy. flash_reads: bytes of golden copy and checks that a clean frame reads, mean. finding_reads:
    bytes that an entry reads more; None where nothing was found. (No healer writes flash: it would stop
    the emulated chip.) code_bytes: of flash, code and its tables. check_bytes: of
    flash, what is stored to check. ram_bytes: checks, variables and log. stack_bytes: the deepest,
    generator included. generator: instructions of a frame without a healer, mean.
    """

    strategy: str
    core: str
    firmware: str
    instructions: float
    step: int
    worst_frame: int
    fault: int
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
        return self.finding - self.detection


def measure_cost(
    program: Program,
    inputs: Mapping[str, np.ndarray],
    strategy: Strategy,
    core: Core,
    *,
    bare: EmulatedRun | None = None,
    seed: int = 0,
) -> Cost:
    """Run an utterance without a healer, with it, and with it under upsets of everything that it watches.

    Args:
        program: Of the device.
        inputs: Whole numbers [1, frames * rate, channels] by name.
        strategy: Of the healer.
        core: One of `CORES`.
        bare: The run without a healer, where it is at hand.
        seed: Of the upsets.

    Raises:
        WorkbenchError: There is no compiler or emulator, or the strategy does not fit the program.
    """
    bare = bare or bare_run(program, inputs, core)
    image = strategy.image(program)
    clean, hit, ruined = _runs(image, inputs, strategy, core, seed)
    # Remedies are deferred from the first frame on, so that a finding costs its detection alone.
    policy = Policy(heals=1, refill_frames=2**20)
    deferring = replace(strategy, policy=policy) if _scans(strategy) else _without_ladders(strategy)
    calm, few, many = _runs(image, inputs, deferring, core, seed, spent=_scans(strategy))
    # Where single upsets were missed, what much damage shows.
    repaired, detected = (hit, few) if hit.log and few.log else (ruined, many)
    beside = clean.instructions - bare.instructions
    checks = clean.image.layout.sections[CHECK].size_bytes if strategy.heals else 0
    return Cost(
        strategy=strategy.name,
        core=core.name,
        firmware=fingerprint(program, strategy),
        instructions=mean_of_frames(beside, strategy),
        step=int(beside.max()),
        fault=most_under_faults(image, strategy, core, inputs, bare),
        worst_frame=int(max(run.instructions.max() for run in (clean, hit, ruined))),
        finding=_of_a_finding(repaired, repaired.instructions - clean.instructions),
        detection=_of_a_finding(detected, detected.instructions - calm.instructions),
        flash_reads=mean_of_frames(clean.flash_reads, strategy),
        finding_reads=_of_a_finding(repaired, repaired.flash_reads - clean.flash_reads),
        code_bytes=clean.flash_bytes - bare.flash_bytes - checks,
        check_bytes=checks,
        ram_bytes=clean.ram_bytes - bare.ram_bytes,
        stack_bytes=ruined.stack_bytes,  # of the same machine, all runs together
        generator=float(bare.instructions.mean()),
    )


def most_under_faults(
    image: Image,
    strategy: Strategy,
    core: Core,
    inputs: Mapping[str, np.ndarray],
    bare: EmulatedRun,
    *,
    weights: str = RAM,
    progress: Callable[[], object] = lambda: None,
) -> int:
    """The most instructions that the healer takes in a frame while one permanent fault stays.

    bare: the same inputs without a healer. weights: where they lie. progress: called after each of
    `faults_tried`. Raises WorkbenchError as `measure_cost`.
    """
    if not strategy.heals:
        return 0
    firmware = firmware_for(image, strategy, weights)
    machine = emulated_machine([firmware], core)
    return worst_under_permanent_faults(
        machine, firmware, inputs, bare.instructions.tolist(), progress=progress
    )


def faults_tried(image: Image, strategy: Strategy, weights: str = RAM) -> int:
    """How many permanent faults `most_under_faults` tries."""
    if not strategy.heals:
        return 0
    return len(list(permanent_faults(firmware_for(image, strategy, weights))))


def _runs(
    image: Image,
    inputs: Mapping[str, np.ndarray],
    strategy: Strategy,
    core: Core,
    seed: int,
    *,
    spent: bool = False,
) -> tuple[EmulatedRun, EmulatedRun, EmulatedRun]:
    """The same frames without upsets, with single upsets, and with one upset in every 8 bytes.

    spent: whether the repair budget is used up before the first frame.
    """
    machine = machine_for(image, core, strategy=strategy)
    layout = image.layout
    begun = _spend(layout) if spent else []

    def emulated(upsets: Sequence[Event]) -> EmulatedRun:
        events = [*begun, *upsets]
        return emulate(image, core, inputs, strategy=strategy, upsets=events, machine=machine)

    clean = emulated(())
    frames = len(clean.instructions)
    rng = np.random.default_rng([seed, 8])
    ruins = 64 * np.arange(layout.working_bytes // 8)
    ruins += rng.integers(0, 64, len(ruins))
    single = emulated(_upsets(layout, frames, seed))
    return clean, single, emulated([Event(0, int(position)) for position in ruins])


def _scans(strategy: Strategy) -> bool:
    """Whether all is done after the frames, where a budget counts."""
    return strategy.heals and not any(guard.area.kind.stream for guard in strategy.guards)


def _without_ladders(strategy: Strategy) -> Strategy:
    guards = tuple(replace(guard, ladder=()) for guard in strategy.guards)
    return replace(strategy, guards=guards, policy=Policy(), spare_pages=0, versions=1)


def _spend(layout: Layout) -> list[Event]:
    """One remedy counts as spent, in all three copies of the variable."""
    start = layout.sections[HEALER].start + 12 * HEALER_VARIABLES.index("spent")
    return [Event(0, 8 * (start + 4 * copy)) for copy in range(3)]


def mean_of_frames(beside: np.ndarray, strategy: Strategy) -> float:
    """Of what the healer takes in each frame, int64 [frames]; guards that look more rarely than that, in proportion."""
    rare = [g.every_frames for g in strategy.guards if g.every_frames > len(beside)]
    usual = float(beside[1:].mean()) if rare else float(beside.mean())
    return usual + (float(beside[0]) - usual) / min(rare) if rare else usual


def _of_a_finding(run: EmulatedRun, extra: np.ndarray) -> float | None:
    """The mean of `extra` per log entry, over the frames with entries. extra: int64 [frames]."""
    entries = np.zeros(len(extra), np.int64)
    for entry in run.log:
        entries[min(entry.frame, len(entries) - 1)] += 1
    logged = entries > 0
    return float(extra[logged].sum() / entries[logged].sum()) if logged.any() else None


def bare_run(program: Program, inputs: Mapping[str, np.ndarray], core: Core) -> EmulatedRun:
    """The generator without a healer."""
    return emulate(nothing().image(program), core, inputs)


def fingerprint(program: Program, strategy: Strategy) -> str:
    """16 digits that tell a strategy on a program from all others, whatever it is called.

    Without the image, which follows from both and may take seconds to make. Code of one's own counts by what
    it does.
    """
    text = f"{LAYOUT} {program.content_hash} {strategy.guards} {strategy.policy} {strategy.spare_pages}"
    text += f" {strategy.versions}" if strategy.versions > 1 else ""
    text += own_code_of(program, strategy)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def known_cost(program: Program, strategy: Strategy, core: str) -> Cost | None:
    """From the shipped table; None where it holds no such firmware, or cannot be read."""
    wanted = fingerprint(program, strategy)
    try:
        costs = [cost for cost in shipped_costs().values() if cost.core == core]
    except WorkbenchError:
        return None
    return next((cost for cost in costs if cost.firmware == wanted), None)


def _upsets(layout: Layout, frames: int, seed: int) -> list[Event]:
    rng = np.random.default_rng([seed, 7])
    positions = rng.integers(0, 8 * layout.working_bytes, _UPSETS)
    return sorted(Event(int(rng.integers(frames)), int(position)) for position in positions)


def as_json(costs: Iterable[Cost], *, program: Program) -> str:
    """The table as text; `program`: what was run."""
    rows = [asdict(cost) for cost in costs]
    return json.dumps({"program": program.content_hash, "costs": rows}, indent=1) + "\n"


@cache
def shipped_costs() -> dict[tuple[str, str], Cost]:
    """The table that ships with the package: (strategy, core) -> cost on the first generator that ships.

    Raises WorkbenchError when it cannot be read.
    """
    try:
        text = (files("workbench.firmware") / TABLE).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise WorkbenchError(f"the table of costs cannot be read ({error}); {_REMAKE}") from error
    rows = costs_from(text, "the table of costs")
    return {(row.strategy, row.core): row for row in rows}


def costs_from(text: str | bytes, where: str) -> list[Cost]:
    """The rows of what `as_json` writes; WorkbenchError, which begins with `where`, for anything else."""
    contents = json_object(text, where, _REMAKE)
    try:
        rows = [Cost(**row) for row in contents["costs"]]
    except (TypeError, KeyError) as error:
        raise WorkbenchError(f"{where} cannot be read ({error}); {_REMAKE}") from error
    for row in rows:
        for field in fields(Cost):
            value = getattr(row, field.name)
            if not _is_of(value, str(field.type)):
                raise WorkbenchError(f"{where} has {field.name} {value!r:.60}; {_REMAKE}")
    return rows


def _is_of(value: object, kind: str) -> bool:
    """Whether a value may be that of a field of this type; a float may be a whole number."""
    if value is None or isinstance(value, str):
        return kind == "str" if isinstance(value, str) else "None" in kind
    if type(value) is int:
        return kind != "str" and abs(value) < _MOST
    return type(value) is float and "float" in kind and abs(value) < _MOST
