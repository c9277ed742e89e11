"""Comparison of strategies under the same faults: remaining harm and costs.

Differences are paired by device: all strategies meet the same faults of working copy and histories.
Layout: one record, JSON-ready, for each strategy and environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.audio.scales import BY_SNR, QUALITIES, Scale, scale_text
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import mean_interval
from workbench.experiments.fleets.fleet_run import FleetRun, simulate_fleets
from workbench.experiments.fleets.lifetime import Fleet
from workbench.experiments.fleets.safety_voices import safety_figures
from workbench.experiments.fleets.workload import KINDS, Workload
from workbench.experiments.parallel.task import code_here
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.records import RecordFile
from workbench.firmware.emulation.costs import Cost, known_cost
from workbench.healing.overheads import overheads
from workbench.healing.strategies.own_parts import parts_of
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.places import BACKOFF, CHECK, GOLDEN, HEALER, RAM_CHECK, SPARE
from workbench.own_code import own_digest

REFERENCE = "crc-scrub"
CORE = "m4"


@dataclass(frozen=True)
class Environment:
    """Faults that strategies are compared under.

    fault: as text of a plan, what happens at every arrival where there are any. upsets_per_s: arrivals
    in as many bits as the working copy of one device has, 0 where the fault happens as it is. adversarial: instead of a
    fault, bits that an attacker flips before the first word, the worst of a search. where: the rest of the plan's text.
    drift: as of `Workload`.
    """

    name: str
    title: str
    fault: str = ""
    upsets_per_s: float = 0.0
    adversarial: int = 0
    where: str = ""
    drift: str = ""

    def plan_text(self, worst: Sequence[int] = ()) -> str:
        """The fault as `Workload` takes it, "" for none.

        worst: bit positions, the worst first. Raises WorkbenchError where fewer than needed are given.
        """
        if len(worst) < self.adversarial:
            raise WorkbenchError(
                f"{self.name} needs {self.adversarial} bits and has {len(worst)}; look for them with "
                "`workbench worst`"
            )
        if self.adversarial:
            return f"bits={'+'.join(str(int(bit)) for bit in worst[: self.adversarial])}"
        if self.upsets_per_s:
            where = f",{self.where}" if self.where else ""
            return f"poisson={self.upsets_per_s!r}Hz,of={self.fault}{where}"
        return self.fault


# What a strategy adds to the working copy and the histories.
_HEALERS = (HEALER, RAM_CHECK, SPARE, BACKOFF, GOLDEN, CHECK)
ENVIRONMENTS = {
    each.name: each
    for each in (
        Environment("single", "single upsets, one a second", KINDS["single"], 1.0),
        Environment("mbu", "2 x 2 neighbours, one in 4 s", KINDS["mbu"], 0.25),
        Environment("burst", "8 bits in a row, one in 8 s", KINDS["burst"], 0.125),
        Environment("stuck", "stuck cells, one in 4 s", KINDS["stuck"], 0.25),
        Environment("ber", "bit-error rate 1e-4 at the start", "fluence=1e-4"),
        Environment("adversarial", "the 5 worst bits at the start", adversarial=5),
        Environment(
            "unseen", "changes that CRC-32 does not see, one in 8 s", "unseen=crc32", 0.125,
            where="section=weights+bias+shift+table+embed",
        ),
        # Rates are of as many bits as the working copy has; histories and codes in passing are far fewer.
        Environment(
            "histories", "flips in histories, about one a second", KINDS["single"], 50.0,
            where="section=state",
        ),
        Environment(
            "transients", "codes that flip in passing", KINDS["single"], 10.0, where="section=activations"
        ),
        Environment(
            "healers", "flips in what healers store, as one a second in parameters", KINDS["single"], 1.0,
            where=f"flash=1.0,section={'+'.join(_HEALERS)}",
        ),
        Environment(
            "monitors", "flips in what monitors of frames keep, about one a second", KINDS["single"], 50.0,
            where="flash=1.0,section=monitors",
        ),
        Environment("drift", "nothing broken, other data", drift="other"),
        Environment("stalled", "nothing broken, inputs that stall", drift="stalled"),
    )
}  # fmt: skip


def workload_of(
    environment: Environment,
    *,
    devices: int,
    utterances: int,
    seed: int,
    worst: Sequence[int] = (),
) -> Workload:
    """The workload of devices in an environment; worst and errors as `Environment.plan_text`."""
    text = environment.plan_text(worst)
    return Workload(devices, utterances, (text,) if text else (), seed, environment.drift)


@dataclass(frozen=True)
class Case:
    """A fleet to be compared: its program without a healer's codes, its healer, what happens to it, and its scale."""

    program: Program
    strategy: Strategy
    environment: Environment
    workload: Workload
    scale: Scale = BY_SNR


def records_of(
    folder: Path | None,
    inputs: dict[str, Codes],
    cases: Sequence[Case],
    workers: Workers,
    *,
    progress: Callable[[int], object] | None = None,
    keep: Callable[[RecordFile, dict[str, Any]], None] = RecordFile.write,
) -> Iterator[tuple[int, dict[str, Any] | Exception]]:
    """The figures of each case, by its number and as they come, from `folder` where they are there already.

    A record's name is a hash of all that it depends on, so that a comparison that was killed goes on
    and one that was changed starts anew; what was damaged or edited is measured again. All cases share the
    workers, so that none of them waits for the end of a fleet. A case that fails gives its error.

    Args:
        folder: Of the comparison; None to keep nothing.
        inputs: Of every word that may be said.
        cases: What is compared.
        workers: Where fleets are simulated; open.
        progress: Gets the number of devices that are done.
        keep: Writes a new record into its file.

    Raises:
        WorkbenchError: As `Workers.each`, and a folder that cannot be written.
    """
    missing: list[int] = []
    files: dict[int, RecordFile] = {}
    runs: list[FleetRun] = []
    for number, case in enumerate(cases):
        name = f"{case.strategy.name}-{case.environment.name}"
        record = None
        if folder is not None:
            files[number] = RecordFile(folder, name, _key(case, inputs))
            record = files[number].read()
        if record is not None:
            if progress:
                progress(case.workload.devices)
            yield number, _with_costs(record, case.strategy, case.program)
            continue
        missing.append(number)
        runs.append(fleet_run(folder, name, case, inputs))
    for which, fleet in simulate_fleets(runs, workers, progress=progress):
        number = missing[which]
        if isinstance(fleet, Exception):
            yield number, fleet
            continue
        record = _figures(fleet, cases[number])
        if number in files:
            keep(files[number], record)
        runs[which].forget_parts()
        yield number, _with_costs(record, cases[number].strategy, cases[number].program)


def fleet_run(folder: Path | None, name: str, case: Case, inputs: dict[str, Codes]) -> FleetRun:
    """The run of a case whose parts are kept in `folder` until it is complete; name: of its files, for people."""
    if folder is None:
        return FleetRun(case.program, inputs, case.strategy, case.workload, scale=case.scale)
    key = _key(case, inputs)
    return FleetRun(
        case.program, inputs, case.strategy, case.workload, scale=case.scale,
        file_of=lambda devices: RecordFile(
            folder, f"{name}-{devices.start}", f"{key} {devices}"
        ),
    )  # fmt: skip


def _key(case: Case, inputs: dict[str, Codes]) -> str:
    """Text that differs wherever the figures may differ: of the workbench's sources, and of code of one's own."""
    program, strategy, workload = case.program, case.strategy, case.workload
    own: list[object] = [*map(type, program.operators), *parts_of(strategy)]
    with suppress(WorkbenchError):  # of faults that are none, which the simulation refuses
        own += [plan.model for plan in workload.plans(frames=1)]
    made_by = f"{code_here().digest} {own_digest(own)}"
    made_by += scale_text(case.scale)
    if strategy.safety:
        made_by += f" {strategy.safety.program.content_hash} {strategy.safety.rules}"
    return f"{made_by} {program.content_hash} {strategy} {workload} {inputs_digest(inputs)}"


def record_of(fleet: Fleet, case: Case) -> dict[str, Any]:
    """The figures of a fleet, with the costs of its healer where they are known."""
    return _with_costs(_figures(fleet, case), case.strategy, case.program)


def _figures(fleet: Fleet, case: Case) -> dict[str, Any]:
    program, environment, strategy = case.program, case.environment, case.strategy
    layout = strategy.image(program).layout
    stored = overheads(layout, strategy)
    return {
        "strategy": strategy.name,
        "environment": environment.name,
        "faults": list(fleet.workload.faults),
        "source": strategy.source,
        "devices": fleet.workload.devices,
        "device_s": fleet.device_s,
        "upsets": int(fleet.upsets.sum()),
        "harm": float(fleet.harm.mean()),
        "harm_of_devices": [round(float(each), 9) for each in fleet.harm],
        "words_of_devices": fleet.words.tolist(),
        "detected_of_devices": _sums(fleet),
        "bits_left_of_devices": fleet.bits_left.tolist(),
        "availability": fleet.availability,
        "quality": {
            name: float(fleet.quality[code] / fleet.quality.sum())
            for code, name in enumerate(QUALITIES)
        },
        "audible_s": fleet.audible_s,
        "wrong_samples": fleet.wrong_samples,
        "hit": fleet.hit,
        "detected": len(fleet.detected),
        "repaired": len(fleet.repaired),
        "frames": fleet.workload.devices * fleet.frames,
        **_delays("detection", fleet.detected, program),
        **_delays("repair", fleet.repaired, program),
        "verdicts": fleet.verdicts,
        "oscillations": fleet.oscillations,
        "false_positives": fleet.false_positives,
        "wrong_bits_left": int(fleet.bits_left.sum()),
        "safety": safety_figures(strategy, program, fleet),
        "memory": {
            "check_bytes": stored.check_bytes,
            "ram_bytes": stored.ram_bytes,
            "golden_bytes": stored.golden_bytes + stored.version_bytes,
            "bytes_per_frame": stored.bytes_per_frame,
        },
    }


def _with_costs(record: dict[str, Any], strategy: Strategy, program: Program) -> dict[str, Any]:
    """`device`: measured on CORE, None where the table of today does not know this very firmware."""
    return with_cost(record, known_cost(program, strategy, CORE))


def with_cost(record: dict[str, Any], known: Cost | str | None) -> dict[str, Any]:
    """The record with the costs of its strategy on a device, as of `measure_cost`.

    known: a text, which says why they are unknown, is as good as none.

    spent: what all devices together took for healing, to be multiplied by what it costs in energy.
    """
    cost = known if isinstance(known, Cost) else None
    device = cost and {
        "core": cost.core,
        "instructions": cost.instructions,
        "share": cost.share,
        "worst_frame": cost.worst_frame,
        "code_bytes": cost.code_bytes,
        "ram_bytes": cost.ram_bytes,
        "flash_bytes": cost.code_bytes + cost.check_bytes,
    }
    spent = cost and {
        "instructions": round(
            cost.instructions * record["frames"] + (cost.finding or 0) * _findings(record)
        ),
        "flash_bytes_read": round(
            cost.flash_reads * record["frames"] + (cost.finding_reads or 0) * _findings(record)
        ),
    }
    return {**record, "device": device, "spent": spent}


def _findings(record: dict[str, Any]) -> int:
    return int(sum(record["verdicts"].values()))


def _sums(fleet: Fleet) -> list[list[int]]:
    """Of each device, how many of its upsets were detected, and the sum of their latencies in frames."""
    each = np.split(fleet.detected, np.cumsum(fleet.detections)[:-1])
    return [[len(latencies), int(latencies.sum())] for latencies in each]


def _delays(what: str, frames: np.ndarray, program: Program) -> dict[str, float | None]:
    """Mean of int64 [n] frames as seconds, frames and samples of sound; None where there are none."""
    mean = float(frames.mean()) if len(frames) else None
    units = {
        "s": 1.0 / program.frame_rate_hz,
        "frames": 1.0,
        "samples": float(program.signal(program.output).rate),
    }
    return {f"{what}_{name}": None if mean is None else mean * unit for name, unit in units.items()}


def with_differences(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records with `difference` to the reference strategy in the same environment.

    mean, low, high: of harm, paired by device, with Student's interval (confidence 95 %); None where
    the reference is not among them, low and high None for a single device.
    """
    references = {r["environment"]: r for r in records if r["strategy"] == REFERENCE}
    made = []
    for record in records:
        reference = references.get(record["environment"])
        difference = None
        if reference and len(reference["harm_of_devices"]) == len(record["harm_of_devices"]):
            pairs = np.subtract(record["harm_of_devices"], reference["harm_of_devices"])
            low, high = mean_interval(pairs)
            difference = {"mean": float(pairs.mean()), "low": low, "high": high}
        made.append({**record, "difference": difference})
    return made
