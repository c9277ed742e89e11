"""`workbench flip`: flip bits of a memory image, hear the difference, and be able to repeat it."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from workbench.commands.common import (
    add_checkpoint,
    add_generator,
    add_image,
    add_word,
    chosen_voice,
    default_utterance,
    image_of,
)
from workbench.experiments.voices.outputs import compared, in_words, output_name, write_output
from workbench.experiments.voices.voice import Voice
from workbench.files import output_folder, write_text
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.places import SECTIONS
from workbench.memory.trials.truth import spoken

_OUT = Path("out/flip")
_FLIPS, _SEED, _WORD = 10, 0, "3"
_SITES_SHOWN, _SITES_FILE = 10, "sites.txt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is flipped, what is said, and where the files go."""
    add_generator(parser)
    add_word(parser, f"what is said, 7 or seven ({_WORD})")
    parser.add_argument(
        "--flips", type=int, help=f"how many different bits ({_FLIPS}; none more with --image)"
    )
    parser.add_argument("--seed", type=int, help=f"another one flips other bits ({_SEED})")
    parser.add_argument("--trial", type=int, help="number of the trial of this seed (0)")
    parser.add_argument(
        "--section",
        action="append",
        choices=SECTIONS,
        help="flip only in this section of the memory, may be given again (the working copy)",
    )
    parser.add_argument("--operator", action="append", help="only in this operator, again (any)")
    parser.add_argument(
        "--bit", action="append", type=int, help="only this bit of an element, 0 the lowest (any)"
    )
    parser.add_argument("--fault", type=_no_fault, help=argparse.SUPPRESS)
    add_image(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to write ({_OUT})"
    )


def _no_fault(text: str) -> None:
    """Argparse's error for an option of other commands."""
    plan = shlex.quote(text)
    raise argparse.ArgumentTypeError(
        f"bits that flip are chosen by --flips, --section, --operator and --bit; for other faults see "
        f"`workbench heal --fault {plan}` or `workbench campaign --fault {plan}`"
    )


def run(options: argparse.Namespace) -> None:
    """Write both sounds, faulty.image and sites.txt and print the flipped bits and the distance of the sounds.

    Raises WorkbenchError for an image of another generator, places that do not exist and a folder
    that cannot be written.
    """
    voice = chosen_voice(options)
    image = image_of(options.image, voice)
    trial = _trial(options, image, voice)
    inputs = voice.inputs(trial.utterance)
    positions = trial.events(Sites(image)).position
    faulty = image.flip(positions)
    before, after = (
        image.program.rendered(spoken(each, inputs)) for each in (voice.image(), faulty)
    )
    out = output_folder(options.out)
    write_output(out / output_name("before", voice), before, voice)
    write_output(out / output_name("after", voice), after, voice)
    faulty.save(out / "faulty.image")
    _print_sites(faulty, trial.plan, len(positions), out)
    print(in_words(compared(after, before, voice)))
    print(f"replay: {trial}")
    names = [output_name(stem, voice) for stem in ("before", "after")]
    print(f"{', '.join(names)}, faulty.image and {_SITES_FILE} are in {out}")


def _trial(options: argparse.Namespace, image: Image, voice: Voice) -> TrialId:
    chosen = {
        name: getattr(options, name)
        for name in ("word", "flips", "seed", "trial", "section", "operator", "bit")
        if getattr(options, name) is not None
    }
    plan = Plan(
        model=Flips(chosen.get("flips", 0 if options.image else _FLIPS)),
        seed=chosen.get("seed", _SEED),
        sections=tuple(chosen.get("section", ())),
        operators=tuple(chosen.get("operator", ())),
        bits=tuple(chosen.get("bit", ())),
    )
    word = voice.utterance(chosen.get("word", default_utterance(voice, _WORD)))
    return TrialId.of(image, word, plan, chosen.get("trial", 0))


def _print_sites(faulty: Image, plan: Plan, flips: int, out: Path) -> None:
    """Write position (8 * address + bit) and name of every flipped bit, and print the first.

    The `flips` of `plan` may come on top of others that were flipped before.
    """
    flipped = faulty.flipped()
    sites = [str(faulty.site(int(position))) for position in flipped]
    lines = (f"{position}\t{site}\n" for position, site in zip(flipped, sites, strict=True))
    write_text(out / _SITES_FILE, "".join(lines))
    earlier = "" if len(flipped) == flips else f"; with earlier ones {len(flipped):,} differ"
    candidates = len(plan.candidates(Sites(faulty)))
    print(f"flipped: {flips:,} of {candidates:,} bits of {_where(plan)}{earlier}")
    for site in sites[:_SITES_SHOWN]:
        print(f"  {site}")
    if len(sites) > _SITES_SHOWN:
        print(f"  and {len(sites) - _SITES_SHOWN:,} more, all in {_SITES_FILE}")


def _where(plan: Plan) -> str:
    """What the bits of a plan were drawn from, in words."""
    place = f"section {' + '.join(plan.sections)}" if plan.sections else "the working copy"
    operators = f" in {' + '.join(plan.operators)}" if plan.operators else ""
    bits = f", bit {' + '.join(map(str, plan.bits))} of each element" if plan.bits else ""
    return place + operators + bits
