"""`workbench compare`: healing strategies against the same faults, what is left and what it costs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.commands.attempts import Attempts
from workbench.commands.common import (
    add_checkpoint,
    add_faults,
    add_generator,
    add_strategies,
    add_texts,
    add_word_count,
    add_workers,
    calibrated,
    check_jobs,
    chosen_voice,
    inputs_of,
)
from workbench.commands.compare_table import LEGEND, print_environment, print_missing
from workbench.commands.progress import doing, resumable
from workbench.commands.safety import add_safety_voice, second_voice
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.comparison import (
    ENVIRONMENTS,
    Environment,
    records_of,
    with_cost,
    with_differences,
    workload_of,
)
from workbench.experiments.fleets.comparison_rows import strategy_notes
from workbench.experiments.fleets.device_costs import device_costs
from workbench.experiments.fleets.environments import attacked_bits, cases_of, environments_of
from workbench.experiments.fleets.safety_voices import SAFETY_VOICE, SUMMARY, with_safety
from workbench.experiments.fleets.spoken import Spoken
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.monitors.watching_strategies import watching_summaries
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.records import RecordFile
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.outputs import output_name, write_output
from workbench.experiments.voices.script import script_of
from workbench.experiments.voices.voice import Voice
from workbench.files import exists, output_folder, write_text
from workbench.firmware.emulation.costs import Cost
from workbench.healing.simulation import SimulationResult, simulate
from workbench.healing.strategies.named import nothing
from workbench.healing.strategies.strategy_file import summary
from workbench.healing.strategies.variants import (
    ALTERED_PROGRAMS,
    NAMES,
    StrategyVariant,
    file_stem,
    strategy_variant,
    strategy_variants,
)
from workbench.healing.strategies.watching import AUTONOMIC
from workbench.integer.reference import Codes
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.progress import progress_bar

_OUT = Path("out/compare")
_DEVICES, _WORDS = 40, 25
_HEARD_WORDS = 6
_SINGLE = "single"
_PICTURES = ("harm.png", "costs.png", "timelines.png")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare strategies, faults, duration, and where the files go."""
    add_generator(parser)
    add_strategies(parser, default="all that fit", also=(SAFETY_VOICE,))
    parser.add_argument(
        "--list", action="store_true", help="describe each strategy, and stop there"
    )
    parser.add_argument(
        "--environment", action="append", choices=tuple(ENVIRONMENTS), metavar="NAME",
        help=f"may be given again (all): {', '.join(ENVIRONMENTS)}",
    )  # fmt: skip
    add_faults(parser, "each by itself, beside environments or instead of all of them")
    parser.add_argument("--devices", type=int, default=_DEVICES, help=f"of each ({_DEVICES})")
    add_word_count(parser, "that each of them says", default=_WORDS)
    add_texts(parser, "said", "what they say, drawn by the seed (the usual ones of the generator)")
    parser.add_argument("--seed", type=int, default=0, help="another one draws other faults (0)")
    add_safety_voice(parser, f"{SAFETY_VOICE} and {AUTONOMIC}")
    parser.add_argument(
        "--mask",
        type=Path,
        metavar="FILE",
        help="which bytes `triple` keeps (high bytes of biases)",
    )
    add_workers(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to write, and go on ({_OUT})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all records there as well")


def run(options: argparse.Namespace) -> None:
    """Simulate the fleets, measure costs, print tables, draw harm, costs and timelines, write sounds.

    Figures are written before anything is measured on a device or drawn, and failures are reported
    at the end. An interrupted comparison resumes. Raises WorkbenchError for unknown or impossible
    options, a folder that cannot be written, and steps that failed.
    """
    for name in ("devices", "words"):
        if getattr(options, name) < 1:
            raise WorkbenchError(f"--{name} is {getattr(options, name)}; it must be at least 1")
    check_jobs(options.jobs)
    voice = chosen_voice(options)
    inputs = inputs_of(options.said, voice)
    if options.list:
        _list(voice, inputs, options)
        return
    out = output_folder(options.out)
    environments = _environments(options)
    asked = with_safety(
        options.strategy and calibrated(options.strategy, voice), voice, second_voice(options),
        over_budget=options.over_budget,
    )  # fmt: skip
    with doing("preparing the strategies"):
        variants = strategy_variants(asked, voice.program, inputs, options.mask)
        for environment in environments:
            if environment.fault:  # the worst bits are searched for later
                workload = workload_of(
                    environment, devices=1, utterances=options.words, seed=options.seed
                )
                script = workload.script(len(inputs))
                frames = Spoken.of(voice.program, inputs, script).frames
                _refuse_impossible(workload, variants, frames)
    attempts = Attempts()
    records = with_differences(_live(attempts, out, voice, inputs, variants, environments, options))
    environments = [e for e in environments if any(r["environment"] == e.name for r in records)]
    with attempts.step(f"{options.json}"):
        _write(options.json, records)
    costs = _costs(out, voice, inputs, variants, options.jobs)
    records = [with_cost(each, costs[each["strategy"]]) for each in records]
    with attempts.step(f"{options.json}"):
        _write(options.json, records)
    print(LEGEND)
    for environment in environments:
        print_environment(environment, [r for r in records if r["environment"] == environment.name])
    print_missing(records, {name: cost for name, cost in costs.items() if isinstance(cost, str)})
    for line in strategy_notes(variants, every=options.strategy is None):
        print(line)
    if records:
        _draw(attempts, out, records, environments)
    with attempts.step("sounds and timelines.png"):
        _sounds(out, voice, tuple(inputs), variants, options)
    kinds = [path.name for path in map(out.joinpath, _PICTURES) if exists(path)]
    written = f"{', '.join([*kinds, 'sounds'])} and records are in {out}"
    attempts.finish(f"the figures are above, and what could be written is in {options.json or out}")
    print(written)


def _environments(options: argparse.Namespace) -> list[Environment]:
    """Those that are named and one for each fault; all by name where there are neither."""
    faults = options.fault or []
    return environments_of([*(options.environment or ([] if faults else ENVIRONMENTS)), *faults])


def _refuse_impossible(
    workload: Workload, variants: Sequence[StrategyVariant], frames: int
) -> None:
    """Raise WorkbenchError, before any work, for faults that fit the memory of none of them."""
    refused = WorkbenchError("there is no strategy to compare; name one")
    for _, strategy, program in variants:
        try:
            workload.events(Sites(strategy.image(program)), range(1), frames=frames)
            return
        except WorkbenchError as error:
            refused = error
    raise refused


def _list(voice: Voice, inputs: dict[str, Codes], options: argparse.Namespace) -> None:
    watching = watching_summaries()
    for name in dict.fromkeys(options.strategy or (*NAMES, *watching, SAFETY_VOICE)):
        if name == SAFETY_VOICE:
            print(f"{name:<16} {SUMMARY}")
            continue
        if name in watching:
            print(f"{name:<16} {watching[name]}; calibrated when it is used")
            continue
        strategy, program = strategy_variant(name, voice.program, inputs, options.mask)
        what = ALTERED_PROGRAMS.get(name) or summary(strategy)
        try:
            strategy.layout(program)
        except WorkbenchError as error:
            what += f" (not for this network: {error})"
        print(f"{name:<16} {what}")


def _live(
    attempts: Attempts,
    out: Path,
    voice: Voice,
    inputs: dict[str, Codes],
    variants: Sequence[StrategyVariant],
    environments: Sequence[Environment],
    options: argparse.Namespace,
) -> list[dict[str, Any]]:
    """The records of all fleets; each is written to `out` as soon as it is complete."""

    def keep(file: RecordFile, record: dict[str, Any]) -> None:
        """Write a record; a failure is reported and the comparison goes on."""
        with attempts.step(file.path.name):
            file.write(record)

    records: dict[int, dict[str, Any]] = {}
    failed: dict[int, Exception] = {}
    with (
        resumable(lambda: f"what is finished is kept in {out}"),
        Workers(options.jobs, options.dask) as workers,
    ):
        worst = attacked_bits(
            voice, inputs, environments, workers, folder=out,
            show=lambda most: progress_bar(total=most, unit="bit", desc="worst bits"),
        )  # fmt: skip
        cases = cases_of(
            environments, variants, devices=options.devices, utterances=options.words,
            seed=options.seed, worst=worst, scale=voice.generator.scale,
        )  # fmt: skip
        with progress_bar(total=len(cases) * options.devices, unit="device") as bar:
            for number, record in records_of(
                out, inputs, cases, workers, progress=bar.update, keep=keep
            ):
                if isinstance(record, Exception):
                    failed[number] = record
                else:
                    records[number] = record
                bar.set_postfix_str(f"{len(records) + len(failed)} of {len(cases)} fleets")
    for number, error in sorted(failed.items()):
        with attempts.step(f"{cases[number].strategy.name} in {cases[number].environment.name}"):
            raise error
    return [records[number] for number in sorted(records)]


def _costs(
    out: Path,
    voice: Voice,
    inputs: dict[str, Codes],
    variants: Sequence[StrategyVariant],
    jobs: int,
) -> dict[str, Cost | str]:
    """Measured in the last word where the shipped table does not know them."""
    *_, last = inputs.values()
    with progress_bar(desc="costs", unit="strategy", total=len(variants)) as bar:
        return device_costs(
            variants, voice.program, last, folder=out, jobs=jobs,
            progress=lambda _: bar.update() and None,
        )  # fmt: skip


def _write(path: Path | None, records: Sequence[dict[str, Any]]) -> None:
    if path:
        write_text(path, json.dumps(records, indent=1, allow_nan=False) + "\n")


def _draw(
    attempts: Attempts,
    out: Path,
    records: Sequence[dict[str, Any]],
    environments: Sequence[Environment],
) -> None:
    """Both pictures; none of an earlier comparison stays where one cannot be drawn."""
    from workbench.experiments.fleets.comparison_pictures import draw_costs, draw_harm

    titles = {each.name: each.title for each in environments}
    first = _SINGLE if _SINGLE in titles else environments[0].name
    costly = [r for r in records if r["environment"] == first and r["device"]]
    for name in _PICTURES:
        (out / name).unlink(missing_ok=True)
    with attempts.step("harm.png"):
        draw_harm(out / "harm.png", records, titles)
    if costly:
        with attempts.step("costs.png"):
            draw_costs(out / "costs.png", costly)


def _sounds(
    out: Path,
    voice: Voice,
    vocabulary: Sequence[str],
    variants: Sequence[StrategyVariant],
    options: argparse.Namespace,
) -> None:
    """The sound of the first device under single upsets, and its wrong bits over time."""
    words = min(_HEARD_WORDS, options.words)
    workload = workload_of(ENVIRONMENTS[_SINGLE], devices=1, utterances=words, seed=options.seed)
    script = script_of(voice, [vocabulary[n] for n in workload.script(len(vocabulary))])
    results: dict[str, SimulationResult] = {}
    with one_thread():
        for _, strategy, program in progress_bar(variants, desc="sounds"):
            image = strategy.image(program)
            (events,) = workload.events(Sites(image), range(1), frames=script.frames).rows(1)
            results[strategy.name] = result = simulate(
                image, script.inputs, events, strategy, word_starts=script.starts
            )
            name = output_name(file_stem(strategy.name), voice)
            write_output(out / name, result.samples(), voice)
        clean = simulate(
            Image.of(voice.program), script.inputs, (), nothing(), word_starts=script.starts
        )
    write_output(out / output_name("clean", voice), clean.samples(), voice)
    from workbench.experiments.fleets.comparison_pictures import draw_timelines

    draw_timelines(out / "timelines.png", results, script.starts)
