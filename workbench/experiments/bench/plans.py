"""Trials a second of plans with more than one fault a trial, and where the time goes.

All strike the decoder of the benchmark; the plain float loop flips as many bits of float weights, one
after the other, before each forward, where a plan flips bits of weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.experiments.bench.peers import PlainLoop
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.native_faults import FaultTranslator

PLANS = (
    "flips=1,section=weights",
    "flips=3,section=weights",
    "flips=30,section=weights",
    "ber=1e-5,section=weights",
    "ber=1e-3,section=weights",
    "mbu=3,word=32,interleave=4,section=weights",
    "arrive=low-earth-orbit,frames=32,speed=4e6",
    "transient=1,frames=32",
)
_LEAST_FAULTS = 1 << 16  # in one batch, so that drawing is not all overhead
_MOST_TRIALS = 4096
_PEER_TRIALS = 20


@dataclass(frozen=True)
class PlanRate:
    """One plan.

    Attributes:
        plan: Its text.
        faults: Mean of a trial.
        trials_per_s: Drawing included.
        draw_us: Microseconds a trial for drawing events.
        translate_us: For turning them into faults of the engine; None of torch, which needs none.
        run_us: For the engine.
        plain_per_s: Trials a second of the plain float loop with as many flips; None where it cannot do it.
    """

    plan: str
    faults: float
    trials_per_s: float
    draw_us: float
    translate_us: float | None
    run_us: float
    plain_per_s: float | None

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def measure_plans(
    laboratory: Laboratory,
    loop: PlainLoop,
    *,
    seconds: float,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[PlanRate, ...]:
    """All of PLANS, `seconds` for each of the two."""
    sites = Sites(laboratory.image)
    rates = []
    for text in PLANS:
        progress(f"plan {text}")
        rates.append(_measured(text, laboratory, sites, loop, seconds))
    return tuple(rates)


def _measured(
    text: str, laboratory: Laboratory, sites: Sites, loop: PlainLoop, seconds: float
) -> PlanRate:
    plan = Plan.parse(text)
    faults = len(plan.events(sites, np.arange(_PEER_TRIALS)).trial) / _PEER_TRIALS
    at_once = int(np.clip(_LEAST_FAULTS / max(1.0, faults), 1, _MOST_TRIALS))
    if laboratory.engine != "native":
        at_once = min(at_once, _PEER_TRIALS)
    translator = FaultTranslator(laboratory.image, laboratory.frames)
    spent, trials, translated = np.zeros(2), 0, 0.0
    while not trials or spent.sum() < seconds:
        started = time.process_time()
        events = plan.events(sites, np.arange(trials, trials + at_once))
        drawn = time.process_time()
        laboratory.outcomes(events, at_once)
        done = time.process_time()
        for _ in translator.parts(events, at_once):  # once more, to know its share
            pass
        translated += time.process_time() - done
        spent += (drawn - started, done - drawn)
        trials += at_once
    draw_us, run_us = 1e6 * spent / trials
    translate_us = 1e6 * translated / trials if laboratory.engine == "native" else None
    return PlanRate(
        plan=text,
        faults=faults,
        trials_per_s=float(trials / spent.sum()),
        draw_us=float(draw_us),
        translate_us=translate_us,
        run_us=float(max(0.0, run_us - (translate_us or 0.0))),
        plain_per_s=_plain(loop, round(faults), seconds) if "section=weights" in text else None,
    )


def _plain(loop: PlainLoop, flips: int, seconds: float) -> float:
    """Trials a second of the float loop with so many flips each."""
    trials, started, passed = 0, time.process_time(), 0.0
    while passed < seconds:
        trials += loop.run_many(_PEER_TRIALS, flips)
        passed = time.process_time() - started
    return trials / passed
