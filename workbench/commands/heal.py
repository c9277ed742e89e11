"""`workbench heal`: let upsets arrive while a voice speaks, with and without healing."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from workbench.commands.attempts import Attempts
from workbench.commands.common import (
    add_checkpoint,
    add_faults,
    add_generator,
    add_strategy,
    add_words,
    chosen_voice,
    image_under,
    strategy_of,
    words_of,
)
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.voices.outputs import compared, output_name, plain, write_output
from workbench.experiments.voices.script import Script, script_of
from workbench.experiments.voices.voice import Voice
from workbench.files import output_folder, write_text
from workbench.healing.overheads import overheads
from workbench.healing.simulation import SimulationResult, simulate
from workbench.healing.strategies.named import CRC_SCRUB, nothing
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.strategy_file import strategy_to_json
from workbench.memory.faults.arrivals import expected_upsets
from workbench.memory.faults.events import ACTIONS, Event
from workbench.memory.faults.poisson import poisson_upsets
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.places import SECTIONS, SRAM_SECTIONS

_OUT = Path("out/heal")
_UPSETS = 40.0
_WORDS = ("3", "1", "4", "1", "5")
# A check of the working copy does not look at these, or only now and then.
_UNSEEN = {
    "golden": "damage to the golden copy stays unseen until a page needs it",
    "check": "damage to a check is seen when its page is scrubbed",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is said, how upsets arrive, how they are healed, and where the files go."""
    add_generator(parser)
    add_words(parser, f"what is said, 3 or three ({','.join(_WORDS)})")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "--rate", type=float, metavar="R", help="mean upsets per bit and day (accelerated)"
    )
    amount.add_argument(
        "--upsets", type=float, metavar="N", help=f"mean upsets of the whole run ({_UPSETS:.0f})"
    )
    add_faults(parser, "all of them, instead of --rate, --upsets and --section", amount)
    add_strategy(parser)
    parser.add_argument(
        "--section",
        action="append",
        choices=SECTIONS,
        help="where upsets fall, may be given again (everything in SRAM)",
    )
    parser.add_argument("--seed", type=int, default=0, help="another one gives other upsets (0)")
    add_checkpoint(parser)
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to write ({_OUT})"
    )


def run(options: argparse.Namespace) -> None:
    """Write all figures and the log as JSON, print the main ones, write the sounds and a timeline.

    Raises WorkbenchError for words it cannot say, a wrong strategy or rate, and a folder that
    cannot be written.
    """
    with counted(4) as say:
        say("opening the voice")
        voice = chosen_voice(options)
        strategy, program = strategy_of(options.strategy or CRC_SCRUB, options.pages, voice)
        script = script_of(voice, _words(options, voice))
        image = image_under(strategy, program)
        upsets = _upsets(options, image, voice.frame_s, script)
        results = []
        for title, hits, healer in (
            ("without upsets", (), nothing()),
            ("with upsets, without healer", upsets, nothing()),
            ("with upsets and healer", upsets, strategy),
        ):
            say(f"speaking {title}")
            results.append(simulate(image, script.inputs, hits, healer, word_starts=script.starts))
    clean, unhealed, healed = results
    out = output_folder(options.out)
    figures = {
        "utterances": _compare(voice, script, clean, unhealed, healed),
        "strategy": strategy_to_json(strategy),
        "overheads": dataclasses.asdict(overheads(image.layout, strategy)),
        "seed": options.seed,
        "frames": script.frames,
        "frame_s": voice.frame_s,
        "image": image.content_hash,
        "upsets": _described_upsets(healed),
        "log": [entry.describe(image.layout, frame_s=voice.frame_s) for entry in healed.log],
    }
    write_text(out / "heal.json", json.dumps(figures, indent=1) + "\n")
    write_text(out / "log.txt", "".join(f"{line}\n" for line in healed.lines()))
    _print_figures(figures, healed, strategy, voice.generator.noun)
    attempts = Attempts()
    for name, result in (("clean", clean), ("unhealed", unhealed), ("healed", healed)):
        with attempts.step(output_name(name, voice)):
            write_output(out / output_name(name, voice), result.samples(), voice)
    with attempts.step("timeline.png"):
        from workbench.healing.timeline import draw_timeline

        draw_timeline(
            out / "timeline.png",
            clean=clean,
            unhealed=unhealed,
            healed=healed,
            word_starts=script.starts,
        )
    attempts.finish(f"log and heal.json are in {out}")
    print(f"{voice.generator.output}s, log, timeline.png and heal.json are in {out}")


def _words(options: argparse.Namespace, voice: Voice) -> tuple[str, ...]:
    if options.words is None:
        return _WORDS if set(_WORDS) <= set(voice.utterances) else voice.usual[: len(_WORDS)]
    return words_of(options.words, voice)


def _upsets(
    options: argparse.Namespace, image: Image, frame_s: float, script: Script
) -> tuple[Event, ...]:
    for name in ("rate", "upsets"):
        value = getattr(options, name)
        if value is not None and not 0 <= value < math.inf:
            raise WorkbenchError(f"--{name} is {value:g}; choose a number that is at least 0")
    if options.fault:
        return _planned(options, image, script)
    candidates = image.layout.positions(options.section or SRAM_SECTIONS)
    if not len(candidates):
        sections = " ".join(options.section)
        raise WorkbenchError(
            f"{options.strategy or CRC_SCRUB} keeps nothing in {sections}; choose another --section or "
            "--strategy"
        )
    mean = _UPSETS if options.upsets is None else options.upsets
    if options.rate is not None:
        duration_s = script.frames * frame_s
        mean = expected_upsets(options.rate, bits=len(candidates), duration_s=duration_s)
    return poisson_upsets(candidates, frames=script.frames, mean_upsets=mean, seed=options.seed)


def _planned(options: argparse.Namespace, image: Image, script: Script) -> tuple[Event, ...]:
    if options.section:
        raise WorkbenchError(
            "--section and --fault say both where faults happen; write --fault "
            f"{options.fault[0]},section={'+'.join(options.section)}"
        )
    workload = Workload(1, len(script.utterances), options.fault, options.seed)
    (events,) = workload.events(Sites(image), range(1), frames=script.frames).rows(1)
    return tuple(events)


def _compare(
    voice: Voice,
    script: Script,
    clean: SimulationResult,
    unhealed: SimulationResult,
    healed: SimulationResult,
) -> list[dict[str, Any]]:
    """Metrics of every word against the same word without upsets."""
    program = clean.image.program
    each = program.signal(program.output).rate  # samples a frame
    starts = [each * start for start in script.starts[1:]]
    parts = [np.split(result.samples(), starts) for result in (clean, unhealed, healed)]
    return [
        {
            "utterance": word,
            "unhealed": plain(compared(damaged, expected, voice)),
            "healed": plain(compared(mended, expected, voice)),
        }
        for word, expected, damaged, mended in zip(script.utterances, *parts, strict=True)
    ]


def _described_upsets(result: SimulationResult) -> list[dict[str, Any]]:
    return [
        {
            "frame": upset.frame,
            "time_s": upset.frame * result.frame_s,
            "position": upset.position,
            "action": ACTIONS[upset.action],
            "site": site,
        }
        for upset, site in zip(result.upsets, result.sites(), strict=True)
    ]


def _print_figures(
    figures: dict[str, Any], healed: SimulationResult, strategy: Strategy, noun: str
) -> None:
    cost, healing = figures["overheads"], strategy.heals
    headline = f"{len(healed.upsets):,} upsets in {healed.frame_s * figures['frames']:.2f} s"
    print(f"{headline}; the healer:" if healing else headline)
    if healing:
        for line in healed.lines() or _why_empty(healed):
            print(f"  {line}")
    columns = ("unhealed", "healed") if healing else ("unhealed",)
    titles = ("without healer", "with healer")[: len(columns)]
    rows = [(noun, *titles)] + [
        (row["utterance"], *(_fared(row[column]) for column in columns))
        for row in figures["utterances"]
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        print("  ".join(map(str.ljust, cells, widths)).rstrip())
    if cost["frames_per_scan"]:
        print(
            f"the healer takes {cost['golden_bytes'] + cost['check_bytes']:,} bytes of flash and, for its "
            f"variables and checks, {cost['ram_bytes']:,} of RAM (a device's code and log come on top: `workbench emulate --costs`), "
            f"and checks everything once in {cost['frames_per_scan']:,} frames"
        )
        print(
            "healed: unit and check agree again. Upsets fell on the memory that this strategy has; "
            "`workbench compare` lets strategies meet the same faults"
        )


def _why_empty(healed: SimulationResult) -> list[str]:
    """What an empty log means, by the sections that were hit."""
    hit = {healed.image.layout.section_at(upset.position // 8).name for upset in healed.upsets}
    return ["nothing found", *(why for section, why in _UNSEEN.items() if section in hit)]


def _fared(metrics: dict[str, Any]) -> str:
    if "looks" in metrics:
        return f"visibly wrong {metrics['wrong']:.1%}, error {metrics['error']:.3f}: {metrics['looks']}, {metrics['class']}"
    snr = metrics["snr_db"]
    ratio = "equal" if snr is None else f"SNR {snr:.1f} dB"
    return (
        f"{ratio}, log-mel {metrics['log_mel_db']:.2f} dB: {metrics['class']} ({metrics['limit']})"
    )
