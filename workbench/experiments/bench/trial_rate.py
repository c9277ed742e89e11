"""Trials per second, side by side in one run on one core: the laboratory and other injectors.

All bits of all weights uniformly, one decoder, one input, single flips. Seconds are of the processor, not
of the clock (but where the laboratory computes on a device that was asked for), and rounds alternate, so that what else the machine does hits all alike; medians of rounds
count. Layout: see `Figures`.
"""

from __future__ import annotations

import copy
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from workbench.errors import reason_of
from workbench.experiments.bench.decoder import MACS, Decoder, decoder
from workbench.experiments.bench.peers import Flip, Injector, PlainLoop
from workbench.experiments.bench.peers_packages import PEERS
from workbench.experiments.bench.plans import PLANS, PlanRate, measure_plans
from workbench.experiments.threads import one_thread
from workbench.integer import reference
from workbench.integer.native.instructions import processor_name
from workbench.integer.program import Program
from workbench.integer.sections import WEIGHTS
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

ROUNDS = 5
_ENGINE_TRIALS = {"native": 8192, "torch": 64}  # at once
_DEVICE_TRIALS = 1024  # of torch on a device that was asked for
_PEER_TRIALS = 100
_SELF_CHECK = 20
_PEAK_S = 0.3
_SAID_EVERY = 20  # trials of the reference, which takes about 30 ms for one
_PLAN = Plan(Flips(1), sections=(WEIGHTS,))

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Rate:
    """One injector. trials_per_s: the median of the rounds, None where it did not run; then why."""

    trials_per_s: float | None
    reason: str | None = None


@dataclass(frozen=True)
class Figures:
    """Figures of the benchmark.

    Attributes:
        engine: Of the laboratory.
        kernels: That ran, see `native.instructions`.
        processor: As it calls itself.
        trials_per_s: Single flips, drawing and comparison included.
        gmacs_per_s: int8 multiply-accumulates that whole trials really made, in 1e9 a second; None where the engine
            does not count.
        macs_per_trial: Their mean.
        dense_gmacs_per_s: What the engine's dense sums of this decoder reach alone; None likewise.
        peak_gmacs_per_s: What a plain product of matrices reaches with the same instructions; None likewise.
        peers: By name.
        plans: With more faults a trial.
        checked: Trials that were compared with the plain reference.
        mismatches: Those of them that differ.
        check_s: How long that took.
        peak_memory_bytes: Of this process.
    """

    engine: str
    kernels: str
    processor: str
    trials_per_s: float
    gmacs_per_s: float | None
    macs_per_trial: float | None
    dense_gmacs_per_s: float | None
    peak_gmacs_per_s: float | None
    peers: dict[str, Rate]
    plans: tuple[PlanRate, ...]
    checked: int
    mismatches: int
    check_s: float
    peak_memory_bytes: int

    @property
    def peak_share(self) -> float | None:
        """Multiply-accumulates of whole trials: their share of the peak, 0 to 1."""
        return _share(self.gmacs_per_s, self.peak_gmacs_per_s)

    @property
    def dense_share(self) -> float | None:
        """The same of dense sums alone."""
        return _share(self.dense_gmacs_per_s, self.peak_gmacs_per_s)

    @property
    def forward_gmacs_per_s(self) -> float:
        """What computing every trial in full would take, in 1e9 multiply-accumulates a second."""
        return self.trials_per_s * MACS / 1e9

    def ratio(self, name: str) -> float | None:
        """How many times as many trials a second as that peer."""
        rate = self.peers[name].trials_per_s
        return self.trials_per_s / rate if rate else None

    def as_json(self) -> dict[str, Any]:
        """Plain data; null with a `reason` for peers that did not run."""
        peers = {
            name: {
                "trials_per_s": rate.trials_per_s,
                "ratio": self.ratio(name),
                **({"reason": rate.reason} if rate.reason else {}),
            }
            for name, rate in self.peers.items()
        }
        return {
            "engine": {
                "name": self.engine,
                "kernels": self.kernels,
                "processor": self.processor,
                "trials_per_s": self.trials_per_s,
                "gmacs_per_s": self.gmacs_per_s,
                "macs_per_trial": self.macs_per_trial,
                "peak_gmacs_per_s": self.peak_gmacs_per_s,
                "peak_share": self.peak_share,
                "dense_gmacs_per_s": self.dense_gmacs_per_s,
                "dense_share": self.dense_share,
                "forward_gmacs_per_s": self.forward_gmacs_per_s,
            },
            "peers": peers,
            "plans": [plan.as_json() for plan in self.plans],
            "checked_trials": self.checked,
            "mismatches": self.mismatches,
            "check_s": self.check_s,
            "peak_memory_bytes": self.peak_memory_bytes,
        }


def steps_of(check: int, peers: tuple[type[Injector], ...] = PEERS) -> int:
    """How often `bench_campaign` calls `progress`, unless a peer that is installed fails."""
    kinds: tuple[type[Injector], ...] = (PlainLoop, *peers)
    running = sum(kind.missing() is None for kind in kinds)
    rounds = ROUNDS * (1 + running)
    return 2 + len(peers) + rounds + len(PLANS) + -(-check // _SAID_EVERY)


def bench_campaign(
    *,
    seconds: float = 5.0,
    check: int = 1000,
    engine: str | None = None,
    device: str | None = None,
    peers: tuple[type[Injector], ...] = PEERS,
    progress: Progress = lambda _: None,
) -> Figures:
    """Measure everything, each injector for `seconds` in all, and check `check` trials.

    engine, device: of the laboratory. progress: called with the name of each step, which all take about equally
    long but for those of preparation. Raises WorkbenchError where the engine cannot run.
    """
    with one_thread():
        progress("preparing the decoder")
        subject = decoder()
        campaign = _Campaign(subject, engine, device)
        rates: dict[str, Rate] = {}
        ready: dict[str, Injector] = {}
        kinds: tuple[type[Injector], ...] = (PlainLoop, *peers)
        for kind in kinds:
            progress(f"preparing {kind.NAME}")
            made = _prepared(kind, subject)
            if isinstance(made, str):
                rates[kind.NAME] = Rate(None, made)
            else:
                rates[kind.NAME] = Rate(0.0)
                ready[kind.NAME] = made
        campaign.run(seconds / ROUNDS / 2)  # warm
        timings: dict[str, list[float]] = {name: [] for name in ready}
        rounds, peaks, dense = [], [], []
        for number in range(ROUNDS):
            progress(f"round {number + 1} of {ROUNDS}: workbench")
            rounds.append(campaign.run(seconds / ROUNDS))
            for name, injector in ready.items():
                progress(f"round {number + 1} of {ROUNDS}: {name}")
                timings[name].append(_timed(injector, seconds / ROUNDS))
            peaks.append(campaign.laboratory.peak_gmacs_per_s(min(_PEAK_S, seconds / ROUNDS)))
            dense.append(campaign.laboratory.dense_gmacs_per_s(min(_PEAK_S, seconds / ROUNDS)))
        rates |= {name: Rate(statistics.median(each)) for name, each in timings.items()}
        loop = PlainLoop(copy.deepcopy(subject.module), subject.x, seed=2)
        plans = measure_plans(
            campaign.laboratory, loop, seconds=seconds / ROUNDS, progress=progress
        )
        memory = _peak_memory()
        started = time.perf_counter()
        mismatches = campaign.mismatches(check, progress)
        middle = sorted(rounds)[len(rounds) // 2]
        return Figures(
            engine=campaign.laboratory.engine,
            kernels=campaign.laboratory.kernels,
            processor=processor_name(),
            trials_per_s=middle[0],
            gmacs_per_s=middle[1],
            macs_per_trial=None if middle[1] is None else middle[1] * 1e9 / middle[0],
            dense_gmacs_per_s=_best(dense),
            peak_gmacs_per_s=_best(peaks),
            peers=rates,
            plans=plans,
            checked=check,
            mismatches=mismatches,
            check_s=time.perf_counter() - started,
            peak_memory_bytes=memory,
        )


def _share(reached: float | None, peak: float | None) -> float | None:
    return None if reached is None or peak is None else reached / peak


def _best(measured: list[float | None]) -> float | None:
    return max((each for each in measured if each is not None), default=None)


class _Campaign:
    """The laboratory and an endless plan of single flips."""

    def __init__(self, subject: Decoder, engine: str | None, device: str | None) -> None:
        self.subject = subject
        self.image = Image.of(subject.program)
        self.sites = Sites(self.image)
        self.laboratory = Laboratory(self.image, subject.inputs, engine=engine, device=device)
        self.next = 0

    def run(self, seconds: float) -> tuple[float, float | None]:
        """Trials a second, drawing them included, and 1e9 multiply-accumulates a second."""
        before = self.laboratory.macs
        device = self.laboratory.device
        at_once = _DEVICE_TRIALS if device else _ENGINE_TRIALS[self.laboratory.engine]
        # A processor that waits for a GPU may do so asleep.
        clock = time.perf_counter if device else time.process_time
        first, started = self.next, clock()
        while True:
            events = _PLAN.events(self.sites, np.arange(self.next, self.next + at_once))
            self.laboratory.outcomes(events, at_once)
            self.next += at_once
            passed = clock() - started
            if passed >= seconds:
                break
        after = self.laboratory.macs
        counted = None if before is None or after is None else (after - before) / passed / 1e9
        return (self.next - first) / passed, counted

    def mismatches(self, trials: int, progress: Progress) -> int:
        """How many of fresh trials differ from the plain reference, in a code or in the outcome."""
        events = _PLAN.events(self.sites, np.arange(self.next, self.next + trials))
        outcomes = self.laboratory.outcomes(events, trials)
        sounds = self.laboratory.sounds(events, trials)
        clean = reference.run(self.image.program, self.subject.inputs)
        wrong = 0
        triples = zip(events.position, outcomes, sounds, strict=True)
        for number, (position, outcome, sound) in enumerate(triples):
            if number % _SAID_EVERY == 0:
                progress(f"checking against the plain reference: {number:,} of {trials:,} trials")
            faulty = self.image.flip([int(position)]).to_program()
            codes = reference.run(faulty, self.subject.inputs)
            same = np.array_equal(codes[faulty.output][0], sound)
            wrong += not (same and _agrees(outcome, faulty, codes, clean))
        return wrong


def _agrees(
    outcome: np.void, program: Program, codes: reference.Codes, clean: reference.Codes
) -> bool:
    """Whether an OUTCOME tells how the codes of all signals differ from the clean ones."""
    differ = [
        number
        for number, operator in enumerate(program.operators)
        if not np.array_equal(codes[operator.target], clean[operator.target])
    ]
    error = codes[program.output][0].astype(np.int64) - clean[program.output][0]
    rows = np.flatnonzero(error.any(axis=1))
    # The torch engine does not know how far a fault reached, and says -2.
    return (
        int(outcome["reached"]) in (-2, max(differ, default=-1))
        and int(outcome["first"]) == (rows[0] if len(rows) else -1)
        and int(outcome["differing"]) == len(rows)
        and int(outcome["max_error"]) == np.abs(error).max()
        and int(outcome["error_energy"]) == (error**2).sum()
    )


def _prepared(kind: type[Injector], subject: Decoder) -> Injector | str:
    """An injector that is warm and was checked, or why there is none."""
    missing = kind.missing()
    if missing:
        return missing
    try:
        injector = kind(copy.deepcopy(subject.module), subject.x, seed=1)
        plain = PlainLoop(copy.deepcopy(subject.module), subject.x, seed=1)
        wrong = sum(_self_check(injector, plain))
        injector.run(_PEER_TRIALS)
    except Exception as error:  # whatever a package of another hand may raise
        return f"{kind.NAME} fails here and is left out ({reason_of(error)})"
    if wrong:
        return f"{kind.NAME} fails its self-check and is left out: {wrong} outputs are not the plain loop's"
    return injector


def _self_check(injector: Injector, plain: PlainLoop) -> Iterator[bool]:
    """For some trials, whether the output is another than what the plain loop makes of the flip."""
    seen: list[tuple[Flip, torch.Tensor]] = []
    while len(seen) < _SELF_CHECK:
        injector.run(_SELF_CHECK, lambda flip, output: seen.append((flip, output.clone())))
    with torch.inference_mode():
        for flip, output in seen:
            yield not np.array_equal(output, plain.trial(flip), equal_nan=True)


def _timed(injector: Injector, seconds: float) -> float:
    trials, started = 0, time.process_time()
    while True:
        trials += injector.run(_PEER_TRIALS)
        passed = time.process_time() - started
        if passed >= seconds:
            return trials / passed


def _peak_memory() -> int:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
