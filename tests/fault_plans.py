"""Random plans of every fault model that fit small random programs, for whoever runs trials."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.faults.bits import Bits, Each, Flips, Stuck
from workbench.memory.faults.events import Events
from workbench.memory.faults.model import FaultModel
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.poisson import Fluence, Poisson
from workbench.memory.faults.rates import Ber, Retention, Weak
from workbench.memory.faults.space import Burst, Mbu
from workbench.memory.faults.square import Square
from workbench.memory.faults.time import Arrive, Transient
from workbench.memory.faults.transients import ALL_SECTIONS, Sites
from workbench.memory.faults.unseen import Unseen
from workbench.memory.places import WORKING_SECTIONS

FRAMES = 4  # in which plans let things happen

# A small model of each kind; the generator chooses its parameters.
MAKERS: dict[str, Callable[[np.random.Generator], FaultModel]] = {
    "each": lambda rng: Each(str(rng.choice(["flip", "clear", "set"])), int(rng.integers(FRAMES))),
    "flips": lambda rng: Flips(int(rng.integers(0, 5))),
    "stuck": lambda rng: Stuck(int(rng.integers(1, 5)), _value(rng)),
    "bits": lambda rng: Bits((0,)),  # chosen from the candidates below
    "ber": lambda rng: Ber(float(rng.choice([1e-3, 0.02, 0.5]))),
    "retention": lambda rng: Retention(float(rng.random() * 0.03), float(rng.random() * 0.01)),
    "weak": lambda rng: Weak(0.54, "vc707", _value(rng)),
    "burst": lambda rng: Burst(int(rng.integers(1, 9))),
    "mbu": lambda rng: Mbu(
        int(rng.integers(1, 6)), int(rng.choice([8, 32])), int(rng.choice([1, 2, 4]))
    ),
    "transient": lambda rng: Transient(int(rng.integers(1, 6)), FRAMES),
    "square": lambda rng: Square(int(rng.choice([1, 2, 4, 8]))),
    "unseen": lambda rng: Unseen(str(rng.choice(["parity", "xor", "crc16", "crc32"]))),
    "fluence": lambda rng: Fluence(float(rng.choice([1e-3, 0.02, 0.5]))),
    "poisson": lambda rng: Poisson(
        str(rng.choice(["200.0Hz", "0.01"])), FRAMES, _arriving(rng), 1.0, float(rng.choice([1, 2]))
    ),
    "arrive": lambda rng: Arrive(float(rng.choice([1e-5, 1e-4])), FRAMES, 1e9),
}


def random_plan(rng: np.random.Generator, sites: Sites, name: str | None = None) -> Plan:
    """A plan that fits `sites`, of the model called `name` or of any."""
    name = name or str(rng.choice(sorted(MAKERS)))
    for _ in range(200):
        plan = Plan(
            model=MAKERS[name](rng),
            seed=int(rng.integers(2**32)),
            sections=_some(rng, ALL_SECTIONS if rng.random() < 0.5 else WORKING_SECTIONS, 3),
            operators=_some(rng, sorted({p.operator for p in sites.places}), 3),
            bits=tuple(range(int(rng.integers(1, 33)))) if rng.random() < 0.2 else (),
        )
        try:
            if name == "bits":
                candidates = plan.candidates(sites)
                chosen = rng.choice(candidates, min(3, len(candidates)), replace=False)
                plan = Plan(Bits(tuple(int(p) for p in chosen)), plan.seed, plan.sections, plan.operators, plan.bits)  # fmt: skip
            plan.events(sites, np.arange(1))
        except WorkbenchError:
            continue  # nothing there to hit, or too little
        return plan
    return Plan(Flips(0), 0, ALL_SECTIONS)  # some programs have activations alone


def trials_of(plan: Plan, sites: Sites, count: int) -> tuple[np.ndarray, Events]:
    """Numbers of up to `count` trials of a plan, and their events."""
    size = plan.size(sites)
    indexes = np.arange(count) if size is None else np.linspace(0, size - 1, min(count, size))
    indexes = indexes.astype(np.int64)
    return indexes, plan.events(sites, indexes)


def _some(rng: np.random.Generator, names: tuple[str, ...] | list[str], most: int) -> tuple[str, ...]:  # fmt: skip
    if rng.random() < 0.5:
        return ()
    return tuple(str(n) for n in rng.choice(list(names), int(rng.integers(1, most + 1)), replace=False))  # fmt: skip


def _arriving(rng: np.random.Generator) -> FaultModel:
    """What may happen at an arrival: models with and without a bit of their own to strike."""
    models = [Flips(1), Flips(2), Stuck(1, _value(rng)), Stuck(2, _value(rng)), Burst(3), Square(2), Mbu(3), Ber(1e-3), Transient(1, 2)]  # fmt: skip
    return models[rng.integers(len(models))]


def _value(rng: np.random.Generator) -> str:
    return str(rng.choice(["0", "1", "either"]))
