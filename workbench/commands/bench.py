"""`workbench bench`: measure this workbench, on this machine."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

from workbench.commands.common import (
    add_checkpoint,
    add_device,
    add_strategies,
    add_word,
    generator_name,
)
from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import FRAMES
from workbench.firmware.boards import CORES, USUAL_CORES
from workbench.generators.generator_registry import DEFAULT
from workbench.memory.trials.laboratory import ENGINES

# Name -> what it measures; each is a module of `benchmarks`, imported when it is used.
BENCHMARKS = {
    "campaign": "fault trials a second, beside other tools",
    "voices": "fault trials a second of the voices that ship, and of yours",
    "estimate": "coverage and saving of `workbench estimate` against the exhaustive truth of one word",
    "codes": "which faults of memory each check detects",
    "diagnoses": "whether the diagnoses in a log are right",
    "flash": "which damage of flash is found, and within what time",
    "monitors": "what monitors of behaviour find of single flips, how soon, and what they cost",
    "lead": "how long before the sound gets worse monitors of behaviour speak",
    "behaviour": "whether monitors of behaviour take faults for faults and other data for data",
    "calm": "whether a device with monitors ever heals while nothing is broken, and what it writes down",
    "start": "how long commands take to start",
    "growth": "how trials, memory and fleets grow with weights, batch and devices",
    "synthesis": "what the synthesiser of speech costs on emulated cores",
    "speech": "how well a recogniser understands texts that a voice never learned",
    "visemes": "how well a face follows what is said, by held-out recordings and other voices",
    "versions": "what a store of versions costs: instructions of a proof, erasures over ten years",
    "kernels": "instructions a multiply-accumulate on every emulated core, beside CMSIS-NN",
    "pruning": "instructions that leaving blocks of weights out saves, and how trained voices sound at that",
    "robust": "how several trainings of a voice sound, and what bit errors do to them",
    "cluster": "how many tasks a second a Dask scheduler hands out to many simulated workers",
}
_HELD_OUT = 1  # what monitors do unless told otherwise was chosen by how they did with 0
# Benchmark -> the options that it takes, with what they are when they are left out.
_VOICE: dict[str, Any] = {"generator": None, "checkpoint": None}
OPTIONS: dict[str, dict[str, Any]] = {
    "campaign": {"seconds": 5.0, "check": 1_000, "engine": None, "device": None},
    "voices": {**_VOICE, "word": None, "seconds": 2.0, "check": 20},
    "estimate": {**_VOICE, "word": None, "repeats": 200},
    "codes": {**_VOICE, "trials": 5_000},
    "diagnoses": {**_VOICE, "trials": 100, "strategy": None},
    "flash": {**_VOICE, "trials": 1_000},
    "monitors": {
        **_VOICE,
        "trials": 1_000,
        "frames": FRAMES,
        "core": None,
        "seed": _HELD_OUT,
        "out": None,
    },
    "lead": {**_VOICE, "trials": 100, "upsets": 4.0, "seed": _HELD_OUT, "out": Path("out/lead")},
    "behaviour": {**_VOICE, "trials": 40, "seed": _HELD_OUT, "out": Path("out/behaviour")},
    "calm": {**_VOICE, "frames": 10_000_000},
    "start": {"repeats": 3},
    "synthesis": {},
    "versions": {},
    "speech": dict(_VOICE),
    "visemes": {"checkpoint": None},
    "kernels": {"out": None},
    "pruning": {**_VOICE, "core": None, "out": None},
    "robust": {"trials": 100, "out": Path("out/robust")},
    "growth": {**_VOICE, "seconds": 1.0, "out": Path("out/growth")},
    "cluster": {"workers": 200},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which benchmark, how long, and where the figures go."""
    parser.add_argument(
        "benchmark",
        choices=BENCHMARKS,
        help="; ".join(f"{name}: {what}" for name, what in BENCHMARKS.items()),
    )
    parser.add_argument(
        "--seconds",
        type=float,
        help=f"campaign: for each tool, in all ({OPTIONS['campaign']['seconds']:g}); voices: for each rate "
        f"({OPTIONS['voices']['seconds']:g}); growth: for each network ({OPTIONS['growth']['seconds']:g})",
    )
    parser.add_argument(
        "--check",
        type=int,
        help=f"campaign, voices: trials compared with the reference ({OPTIONS['campaign']['check']}; of each "
        f"voice {OPTIONS['voices']['check']})",
    )
    parser.add_argument(
        "--engine", choices=ENGINES, help="campaign: of the laboratory (the faster one)"
    )
    add_device(parser, "campaign: ")
    parser.add_argument(
        "--repeats",
        type=int,
        help=f"estimate, start: how often ({OPTIONS['estimate']['repeats']}, {OPTIONS['start']['repeats']})",
    )
    parser.add_argument(
        "--trials",
        type=int,
        help=f"codes: faults of each kind ({OPTIONS['codes']['trials']:,}); diagnoses: of each strategy "
        f"({OPTIONS['diagnoses']['trials']}); flash: of each part ({OPTIONS['flash']['trials']:,}); monitors: flips ({OPTIONS['monitors']['trials']:,}); "
        "lead: devices "
        f"({OPTIONS['lead']['trials']}); behaviour: scenarios of each kind ({OPTIONS['behaviour']['trials']}); robust: of each "
        f"word and rate ({OPTIONS['robust']['trials']})",
    )
    parser.add_argument(
        "--upsets",
        type=float,
        metavar="N",
        help=f"lead: flips before an utterance, on average ({OPTIONS['lead']['upsets']:g})",
    )
    add_strategies(parser, default="diagnoses: all that heal")
    add_word(parser, "estimate, voices: which is said (7, or the generator's first)")
    parser.add_argument(
        "--generator", type=generator_name, metavar="NAME",
        help="estimate, codes, diagnoses, flash, monitors, lead, behaviour, calm, growth, pruning, speech, voices: which generator (that of the checkpoint, "
        f"or {DEFAULT}; voices: all)",
    )  # fmt: skip
    add_checkpoint(parser)
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help=f"cluster: how many are simulated ({OPTIONS['cluster']['workers']})",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help=f"growth: where pictures and figures go ({OPTIONS['growth']['out']}); kernels, monitors: where a picture "
        f"goes; lead, behaviour: where pictures go ({OPTIONS['lead']['out']}, {OPTIONS['behaviour']['out']}); pruning, robust: folder "
        f"with trained checkpoints in folders, where a picture goes (robust: {OPTIONS['robust']['out']})",
    )
    parser.add_argument(
        "--frames", type=int, metavar="N",
        help=f"monitors: as of `calibrate` ({FRAMES:,}); calm: clean ones ({OPTIONS['calm']['frames']:,})",
    )  # fmt: skip
    parser.add_argument(
        "--core", action="append", choices=sorted(CORES), metavar="NAME",
        help=f"monitors: whose instructions are counted, may be given again ({', '.join(USUAL_CORES)}); pruning: the same, one (m4)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int,
        help=f"monitors, lead, behaviour: of faults and utterances ({_HELD_OUT}; with 0 the defaults of monitors were chosen)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


def run(options: argparse.Namespace) -> None:
    """Measure and print; exit status 1 when a checked trial differs from the reference.

    Raises WorkbenchError for options of another benchmark, times and numbers that make no sense and an engine
    that cannot run.
    """
    own = OPTIONS[options.benchmark]
    for name in dict.fromkeys(option for each in OPTIONS.values() for option in each):
        if getattr(options, name) is None:
            setattr(options, name, own.get(name))
        elif name not in own:
            users = ", ".join(bench for bench, taken in OPTIONS.items() if name in taken)
            raise WorkbenchError(
                f"`bench {options.benchmark}` has no use for --{name}, which is for {users}; leave it out"
            )
    if options.seed is not None and options.seed < 0:
        raise WorkbenchError(f"--seed is {options.seed}; it must be 0 or more")
    importlib.import_module(f"workbench.commands.benchmarks.{options.benchmark}").run(options)
