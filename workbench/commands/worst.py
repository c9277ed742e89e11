"""`workbench worst`: the few bits that an attacker, or bad luck, would choose."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from workbench.audio.scales import BY_SNR, ByError, Scale, error_share
from workbench.commands.common import (
    add_checkpoint,
    add_generator,
    add_image,
    add_words,
    add_workers,
    check_jobs,
    chosen_voice,
    image_of,
    inputs_of,
)
from workbench.commands.progress import resumable
from workbench.experiments.maps.worst_bits import Inputs, Step, worst_bits
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.outputs import compared, in_words, output_name, write_output
from workbench.experiments.voices.voice import Voice
from workbench.files import output_folder, write_text
from workbench.integer.sections import WEIGHTS
from workbench.memory.faults.bits import Bits, Each, Flips
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import measured
from workbench.progress import progress_bar

_OUT = Path("out/worst")
_BITS, _RANDOM_TRIALS = 5, 200
_SECTIONS = (WEIGHTS,)  # one bit of a bias breaks every word: nothing to search for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how many bits, where they may lie, and which words they should spoil."""
    add_generator(parser)
    parser.add_argument("--bits", type=int, default=_BITS, help=f"how many to find ({_BITS})")
    add_words(parser, "words whose mean damage counts (all)")
    parser.add_argument(
        "--section",
        action="append",
        choices=WORKING_SECTIONS,
        help=f"where they may lie, may be given again ({' '.join(_SECTIONS)})",
    )
    parser.add_argument("--operator", action="append", help="only in this operator, again (any)")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the gradient's probes and of the random bits (0)"
    )
    add_image(parser)
    add_workers(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to write ({_OUT})"
    )


def run(options: argparse.Namespace) -> None:
    """Search, print each bit and the error so far beside that of random bits, write sounds and JSON.

    An interrupted search resumes. Raises WorkbenchError for places and words that do not exist, too many
    bits, a lost cluster and a folder that cannot be written.
    """
    check_jobs(options.jobs)
    voice = chosen_voice(options)
    image, scale = image_of(options.image, voice), voice.generator.scale
    inputs = inputs_of(options.words, voice)
    where = Plan(
        Each(),
        sections=tuple(options.section or _SECTIONS),
        operators=tuple(options.operator or ()),
    )
    candidates = where.candidates(Sites(image))
    out = output_folder(options.out)
    print(
        f"the worst {options.bits:,} of {len(candidates):,} bits; {_error(scale)}, mean over {len(inputs)} word{'s' * (len(inputs) != 1)}"
    )
    with (
        resumable(lambda: f"the bits found so far are kept in {out}"),
        one_thread(),
        Workers(options.jobs, options.dask) as workers,
        progress_bar(total=options.bits, unit="bit") as bar,
    ):

        def show(step: Step) -> None:
            bar.update()
            bar.write(f"  {step.error:.4f} with {step.name}")

        steps = worst_bits(
            image, inputs, candidates, bits=options.bits, seed=options.seed,
            workers=workers, folder=out, progress=show, scale=scale,
        )  # fmt: skip
    positions = tuple(step.position for step in steps)
    plan = Plan(Bits(positions))
    trials = {word: str(TrialId.of(image, word, plan, 0)) for word in inputs}
    drawn = replace(where, model=Flips(len(steps)), seed=options.seed)
    random = _random_share(image, inputs, drawn, scale)
    print(f"as many random bits: {random:.4f} (mean of {_RANDOM_TRIALS} draws, the same words)")
    _write(voice, image, steps, random, trials, out)


def _error(scale: Scale) -> str:
    if scale == BY_SNR:
        return "energy of the error over that of error and sound together"
    if isinstance(scale, ByError):
        return "damage of the shapes, 0.5 where a face is about to break"
    return "damage of the spectrum, 0.5 where a sound is about to break"


def _random_share(image: Image, inputs: Inputs, plan: Plan, scale: Scale) -> float:
    """Mean error share over all words and the first _RANDOM_TRIALS trials of `plan`."""
    events = plan.events(Sites(image), np.arange(_RANDOM_TRIALS))
    shares = []
    for each in inputs.values():
        made = measured(Laboratory(image, each), events, _RANDOM_TRIALS, scale=scale)
        shares.append(error_share(made.fidelity_db))
    return float(np.mean(shares))


def _write(
    voice: Voice, image: Image, steps: list[Step], random: float, trials: dict[str, str], out: Path
) -> None:
    flips = [
        {"position": step.position, "name": step.name, "error_share": step.error} for step in steps
    ]
    report = {
        "bits": flips,
        "random": {"error_share": random, "draws": _RANDOM_TRIALS},
        "replay": trials,
    }
    write_text(out / "worst.json", json.dumps(report, indent=2) + "\n")
    word = next(iter(trials))
    before = voice.speak(word)
    after = voice.speak(word, image.flip([step.position for step in steps]))
    write_output(out / output_name("before", voice), before, voice)
    write_output(out / output_name("after", voice), after, voice)
    print(f"{voice.spoken(word)!r}: {in_words(compared(after, before, voice))}")
    print(f"replay: {trials[word]}")
    names = [output_name(stem, voice) for stem in ("before", "after")]
    print(f"{', '.join(names)} and worst.json are in {out}")
