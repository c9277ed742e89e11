"""`workbench agree`: device and simulation run the same faults and must agree in samples, log and memory."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from workbench.commands.common import (
    add_checkpoint,
    add_generator,
    add_strategies,
    add_word,
    calibrated,
    chosen_voice,
)
from workbench.commands.kept import Kept
from workbench.commands.safety import add_safety_voice, second_voice
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.safety_voices import SAFETY_VOICE, with_safety
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.threads import one_thread
from workbench.files import as_argument
from workbench.firmware.boards import CORES
from workbench.firmware.design import RAM, Firmware
from workbench.firmware.emulation.costs import fingerprint
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.twins.equivalence import (
    Schedule,
    first_difference,
    near_schedule,
    schedule_of,
    schedule_text,
)
from workbench.firmware.twins.host import host_machine
from workbench.firmware.twins.twin import Machine
from workbench.healing.strategies.variants import StrategyVariant, strategy_variants
from workbench.progress import progress_bar

_HOST = "host"
_CORES = (_HOST, *CORES)
_SCHEDULES, _FRAMES = 20, 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, strategies, cores and schedules."""
    add_generator(parser)
    add_checkpoint(parser)
    add_strategies(parser, default="all that fit", also=(SAFETY_VOICE,))
    add_safety_voice(parser, SAFETY_VOICE)
    parser.add_argument(
        "--core",
        action="append",
        choices=_CORES,
        help=f"may be given again ({_HOST}: compiled for this machine)",
    )
    parser.add_argument(
        "--schedules", type=int, default=_SCHEDULES, metavar="N",
        help=f"of random upsets, for each strategy and core ({_SCHEDULES})",
    )  # fmt: skip
    parser.add_argument(
        "--frames", type=int, metavar="N", help=f"of a word, in each ({_FRAMES}, or the whole word)"
    )
    parser.add_argument("--schedule", metavar="TEXT", help="run this one alone, e.g. 3:4711,5:99=1")
    add_word(parser, "what is said (the first word)")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other upsets (0)")


def run(options: argparse.Namespace) -> None:
    """Compare samples, logs and every byte; print the number of simulations that agree.

    Raises WorkbenchError with the smallest schedule where they differ, options that cannot be, and
    without compiler or emulator.
    """
    for name, least in (("schedules", 1), ("frames", 1), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise WorkbenchError(f"--{name} is {value}; it must be at least {least}")
    voice = chosen_voice(options)
    word, every = options.word or voice.usual[0], voice.all_inputs()
    longest = voice.frames(word)
    frames = min(_FRAMES, longest) if options.frames is None else options.frames
    if frames > longest:
        raise WorkbenchError(
            f"--frames is {frames} and a {voice.generator.noun} has {longest}; choose at most as many"
        )
    rates = {name: voice.program.signal(name).rate for name in voice.program.inputs}
    inputs = {name: codes[:, : frames * rates[name]] for name, codes in voice.inputs(word).items()}
    cores = list(dict.fromkeys(options.core or (_HOST,)))
    asked = with_safety(
        options.strategy and calibrated(options.strategy, voice), voice, second_voice(options),
        over_budget=options.over_budget,
    )  # fmt: skip
    variants = strategy_variants(asked, voice.program, every)
    given = schedule_of(options.schedule) if options.schedule is not None else None
    total = len(variants) * len(cores) * (options.schedules if given is None else 1)
    each = total // (len(variants) * len(cores))
    said = inputs_digest({word: inputs})
    depends = (voice.program.content_hash, said, frames, options.seed, each, options.schedule)
    with (
        Kept("agree", *depends) as kept,
        one_thread(),
        progress_bar(total=total, unit="simulation") as bar,
    ):
        for variant in variants:
            image = variant.strategy.image(variant.program)
            firmware = Firmware.of(image, strategy=variant.strategy, weights=RAM, prefix="model")
            for core in cores:
                schedules = [given] if given is not None else _schedules(firmware, frames, options)
                before = bar.n
                count = kept.step(
                    f"{core}-{variant.strategy.name}-{fingerprint(variant.program, variant.strategy)}",
                    partial(
                        _agree,
                        variant,
                        firmware,
                        core,
                        inputs,
                        schedules,
                        frames,
                        options,
                        bar.update,
                    ),
                )
                bar.update(before + count - bar.n)  # where it was kept
    print(
        f"{total:,} simulations of {frames} frames agree in every sample, log entry and byte: "
        f"{len(variants)} {'strategy' if len(variants) == 1 else 'strategies'} on {', '.join(cores)}"
    )


def _schedules(firmware: Firmware, frames: int, options: argparse.Namespace) -> Sequence[Schedule]:
    first = options.seed * options.schedules
    return [
        near_schedule(firmware, first + n, frames=frames, stuck=firmware.heals)
        for n in range(options.schedules)
    ]  # fmt: skip


def _agree(
    variant: StrategyVariant,
    firmware: Firmware,
    core: str,
    inputs: dict[str, np.ndarray],
    schedules: Sequence[Schedule],
    frames: int,
    options: argparse.Namespace,
    progress: Callable[[], object],
) -> int:
    """How many simulations agree; WorkbenchError where one differs."""
    machine: Machine = (
        host_machine([firmware]) if core == _HOST else emulated_machine([firmware], CORES[core])
    )
    difference = first_difference(machine, firmware, inputs, schedules, progress=progress)
    if difference:
        words = ["workbench", "agree", *([options.generator] if options.generator else [])]
        words += ["--strategy", as_argument(variant.asked), "--core", core, "--frames", str(frames)]
        words += [f"--word={options.word}"] if options.word else []
        words += ["--checkpoint", as_argument(options.checkpoint)] if options.checkpoint else []
        words += ["--schedule", schedule_text(difference.upsets)]
        raise WorkbenchError(
            f"device and simulation differ: {difference.what}; see it again with `{shlex.join(words)}` "
            "and please report it"
        )
    return len(schedules)
