"""Kept results are those of the code of one's own that is registered now, and its C reaches workers."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import random_inputs, random_program
from small_campaign import IMAGE, INPUTS, run_small

from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.campaign_run import campaign_of
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.store import open_results
from workbench.experiments.fleets.comparison import ENVIRONMENTS, Case, records_of
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.parallel.workers import Workers
from workbench.healing.strategies.named import nothing
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.memory.codes.signatures import Code, DualSum, Xor
from workbench.memory.faults import fault_registry
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.fault_registry import register as register_fault
from workbench.memory.faults.plan import Plan
from workbench.memory.image import Image
from workbench.memory.watches.areas import KINDS, Area
from workbench.memory.watches.kind_registry import register as register_kinds
from workbench.memory.watches.pages import Pages

PROGRAM = next(p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 600)
WORDS = {name: random_inputs(PROGRAM, seed, 12) for seed, name in enumerate("ab")}
ANY = next(each for each in ENVIRONMENTS.values() if not each.adversarial)


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    """What tests register is gone afterwards."""
    kinds, known = dict(KINDS), dict(fault_registry._known)
    yield
    KINDS.clear()
    KINDS.update(kinds)
    fault_registry._known.clear()
    fault_registry._known.update(known)


def own_fault(of_every: int) -> None:
    """As a cell of a notebook that is changed and run again: the same name, other bits."""

    def events(self: Any, sites: Any, candidates: np.ndarray, *more: Any) -> Any:
        return Flips._events(self, sites, candidates[::of_every], *more)

    body = {"NAME": "mine", "_events": events, "__module__": "__main__"}
    register_fault(dataclass(frozen=True)(type("Mine", (Flips,), body)))


def own_guard(code: type[Code]) -> Strategy:
    body = {"name": "parcel", "__module__": "__main__"}
    register_kinds([Pages("parcel", type("Parcel", (code,), body)())])
    return Strategy("mine", (Guard(Area("parcel", unit_bytes=64), 2),))


def kept(folder: Path, strategy: Strategy, fault: str) -> int:
    """How many records there are after a comparison."""
    case = Case(PROGRAM, strategy, ANY, Workload(1, 1, (fault,)))
    ((_, record),) = records_of(folder, WORDS, [case], Workers(1))
    assert not isinstance(record, Exception)
    return len(list((folder / "records").iterdir()))


def test_a_comparison_is_of_the_fault_model_that_is_registered_now(tmp_path: Path) -> None:
    counts = []
    for of_every in (1, 2, 2, 1, 3):
        own_fault(of_every)
        counts.append(kept(tmp_path, nothing(), "poisson=90Hz,of=mine=1"))
    assert counts == [1, 2, 2, 2, 3]


def test_a_comparison_is_of_the_guard_that_is_registered_now(tmp_path: Path) -> None:
    counts = [kept(tmp_path, own_guard(code), "flips=2") for code in (Xor, DualSum, Xor)]
    assert counts == [1, 2, 2]


def test_a_campaign_does_not_go_on_with_another_fault_model(tmp_path: Path) -> None:
    def campaign() -> Campaign:
        return campaign_of(IMAGE, INPUTS, Plan.parse("mine=3"), trials=60)

    own_fault(1)
    run_small(tmp_path, campaign())
    before = open_results(tmp_path).table()
    own_fault(2)
    with pytest.raises(WorkbenchError, match="another version of a fault model or an operator"):
        run_small(tmp_path, campaign())
    own_fault(1)
    run_small(tmp_path, campaign())
    assert open_results(tmp_path).table().equals(before) and campaign().own_code


def test_a_campaign_of_what_ships_is_called_what_it_was(tmp_path: Path) -> None:
    """Folders of before have no word about code of one's own."""
    made = run_small(tmp_path, campaign_of(IMAGE, INPUTS, Plan.parse("flips=3"), trials=60))
    text = (tmp_path / "manifest.json").read_text()
    assert made.campaign.own_code == "" and "own_code" not in text
    assert Campaign.load(tmp_path) == made.campaign


# A notebook: its main module is nowhere on the disk of a worker.
NOTEBOOK = """
import sys
from dataclasses import replace
import numpy as np
from programs import random_inputs, random_program
from workbench.experiments.fleets.device_costs import device_costs
from workbench.firmware.emulation.costs import Cost
from workbench.firmware.guards.codes import CODES, CodeInC
from workbench.firmware.remedies_in_c import REMEDIES_IN_C, RemedyInC
from workbench.healing.log import own_remedy
from workbench.healing.remedies import REMEDIES, Action
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.variants import StrategyVariant
from workbench.memory.codes.signatures import Code
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area
from workbench.memory.watches.kind_registry import register
from workbench.memory.watches.pages import Pages

class Last(Code):
    name, sees_every_flip = "last", False

    def check_bytes(self, unit_bytes):
        return 1

    def sign(self, data):
        return data[-1:].copy()

LAST_C = '''
static int wb_last_wrong(const wb_code *code, const wb_byte *unit, uint32_t count, uint32_t step,
                         const wb_byte *check)
{
    (void)code;
    return unit[(count - 1) * step] != *check;
}
'''

def leave(device, watch, unit, state):
    return False

LEAVE_C = '''
static int wb_leave(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    (void)memory, (void)area, (void)unit;
    return 0;
}
'''
register([Pages("last", Last())])
CODES[Last] = CodeInC("last", source=LAST_C)
LEAVE = own_remedy(90, "LEAVE", "left")
REMEDIES[LEAVE] = Action(leave)
REMEDIES_IN_C[LEAVE] = RemedyInC("wb_leave", LEAVE_C)
program = next(p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 300)
strategies = [Strategy(f"mine {n}", (Guard(Area("last", unit_bytes=n), 2, (LEAVE,)),)) for n in (16, 32)]
variants = [StrategyVariant("x", each, program) for each in strategies]
inputs = random_inputs(program, 0, 4)

def measured():
    costs = device_costs(variants, program, inputs, jobs=2)
    for cost in costs.values():
        assert isinstance(cost, Cost), cost
    return [cost.instructions for cost in costs.values()], [cost.firmware for cost in costs.values()]

before, names = measured()
CODES[Last] = CodeInC("last", source=LAST_C.replace("(void)code;", "(void)code; for (volatile int i = 0; i < 99; i++) {}"))
after, others = measured()
assert all(a > b for a, b in zip(after, before)), (before, after)
assert not set(names) & set(others), "costs that are kept would be taken for those of today"
"""


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("ziglang", "unicorn", "elftools")),
    reason="ziglang, unicorn or pyelftools, which compile and emulate firmware, are not installed",
)
def test_c_that_a_notebook_registers_reaches_workers() -> None:
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
