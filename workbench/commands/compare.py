"""`workbench compare`: healing strategies against the same faults, what is left and what it costs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from workbench.audio.sound_files import write_wav
from workbench.commands.common import add_checkpoint, add_generator, add_jobs, check_jobs
from workbench.errors import WorkbenchError
from workbench.experiments.adversarial import worst_bits
from workbench.experiments.compare import (
    ENVIRONMENTS,
    REFERENCE,
    Environment,
    mission_of,
    record_of,
    with_differences,
)
from workbench.experiments.compare_pictures import draw_costs, draw_harm, draw_timelines
from workbench.experiments.contestants import NAMES, RANGE, contestant, fitting
from workbench.experiments.script import script_of
from workbench.experiments.threads import one_thread
from workbench.experiments.voice import Voice, open_voice
from workbench.files import output_folder, write_text
from workbench.healing.simulation import Life, simulate
from workbench.healing.strategy_file import summary
from workbench.memory.image import Image

_OUT = Path("out/compare")
_DEVICES, _WORDS = 40, 25
_HEARD_WORDS = 6
_SINGLE = "single"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare who competes, against what, how long, and where the files go."""
    add_generator(parser)
    parser.add_argument(
        "--strategy", action="append", choices=NAMES, metavar="NAME",
        help=f"may be given again (all that fit): {', '.join(NAMES)}",
    )  # fmt: skip
    parser.add_argument(
        "--list", action="store_true", help="tell what each strategy does, and stop there"
    )
    parser.add_argument(
        "--environment", action="append", choices=tuple(ENVIRONMENTS), metavar="NAME",
        help=f"may be given again (all): {', '.join(ENVIRONMENTS)}",
    )  # fmt: skip
    parser.add_argument("--devices", type=int, default=_DEVICES, help=f"of each ({_DEVICES})")
    parser.add_argument(
        "--words", type=int, default=_WORDS, help=f"that each of them says ({_WORDS})"
    )
    parser.add_argument("--seed", type=int, default=0, help="another one draws other faults (0)")
    parser.add_argument(
        "--mask",
        type=Path,
        metavar="FILE",
        help="which bytes `triple` keeps (high bytes of biases)",
    )
    add_jobs(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to write, and go on ({_OUT})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all records there as well")


def run(options: argparse.Namespace) -> None:
    """Let the fleets live, tell the table, draw harm, costs and timelines, write sounds and records.

    A comparison that was stopped goes on where it was. Raises WorkbenchError for what is unknown or
    cannot be, and a folder that cannot be written.
    """
    for name in ("devices", "words"):
        if getattr(options, name) < 1:
            raise WorkbenchError(f"--{name} is {getattr(options, name)}; it must be at least 1")
    check_jobs(options.jobs)
    voice = open_voice(options.checkpoint)
    inputs = {word: voice.inputs(word) for word in voice.words}
    names = list(dict.fromkeys(options.strategy or fitting(NAMES, voice.program)))
    environments = [
        ENVIRONMENTS[name] for name in dict.fromkeys(options.environment or ENVIRONMENTS)
    ]
    if options.list:
        for name in names:
            strategy, _ = contestant(name, voice.program, inputs, options.mask)
            what = (
                "activations are cut to what clean words reach"
                if name == RANGE
                else summary(strategy)
            )
            print(f"{name:<16} {what}")
        return
    out = output_folder(options.out)
    worst = _worst(voice, environments)
    contestants = [contestant(name, voice.program, inputs, options.mask) for name in names]
    total = len(contestants) * len(environments) * options.devices
    records: list[dict[str, Any]] = []
    with tqdm(total=total, unit="device", leave=False, disable=None) as bar:
        for environment in environments:
            mission = mission_of(
                environment, 8 * voice.image.layout.working_bytes, devices=options.devices,
                words=options.words, seed=options.seed, worst=worst,
            )  # fmt: skip
            for strategy, program in contestants:
                bar.set_postfix_str(f"{strategy.name}, {environment.name}")
                records.append(
                    record_of(
                        out, program, inputs, strategy, environment, mission,
                        jobs=options.jobs, progress=bar.update,
                    )
                )  # fmt: skip
    records = with_differences(records)
    print(
        f"harm: energy of the error over that of the voice; vs {REFERENCE}: harm against its, by device "
        "(95 % interval); broken, available: words below 9 dB, and with nothing to be heard; found in: time "
        "from an upset to an entry about its unit; mended: bits right again; costs on an emulated Cortex-M4: "
        "instructions a frame, bytes of RAM and of flash for code and checks"
    )
    for environment in environments:
        _tell(environment, [r for r in records if r["environment"] == environment.name])
    _draw(out, records, environments)
    _sounds(out, voice, names, inputs, options)
    if options.json:
        write_text(options.json, json.dumps(records, indent=1, allow_nan=False) + "\n")
    print(f"harm.png, costs.png, timelines.png, sounds and records are in {out}")


def _worst(voice: Voice, environments: list[Environment]) -> tuple[int, ...]:
    most = max((environment.adversarial for environment in environments), default=0)
    if not most:
        return ()
    candidates = voice.image.layout.positions(("weights",))
    inputs = {word: voice.inputs(word) for word in voice.words}
    with (
        one_thread(),
        tqdm(total=most, unit="bit", desc="worst bits", leave=False, disable=None) as bar,
    ):
        steps = worst_bits(
            voice.image, inputs, candidates, bits=most, progress=lambda _: bar.update() and None
        )
    return tuple(step.position for step in steps)


def _tell(environment: Environment, records: list[dict[str, Any]]) -> None:
    print(f"\n{environment.title}: {records[0]['device_s']:,.0f} s of device life each")
    rows = [("strategy", "harm", f"vs {REFERENCE}", "broken", "available", "found in", "mended",
             "instr.", "RAM", "flash")]  # fmt: skip
    for record in sorted(records, key=lambda each: each["harm"]):
        device = record["device"]
        struck = record["struck"]
        rows.append(
            (
                record["strategy"],
                f"{100 * record['harm']:.3g} %",
                _difference(record["difference"]),
                f"{100 * record['quality']['broken']:.1f} %",
                f"{100 * record['availability']:.1f} %",
                f"{record['detection_s']:.2f} s" if record["detection_s"] is not None else "-",
                f"{100 * record['repaired'] / struck:.0f} %" if struck else "-",
                f"{device['instructions']:,.0f}" if device else "-",
                f"{device['ram_bytes']:,}" if device else "-",
                f"{device['flash_bytes']:,}" if device else "-",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        print("  ".join(map(str.ljust, cells, widths)).rstrip())


def _difference(difference: dict[str, float | None] | None) -> str:
    low, high = (difference["low"], difference["high"]) if difference else (None, None)
    if low is None or high is None or low == high == 0:
        return "-"
    return f"{100 * low:+.3g} to {100 * high:+.3g} %"


def _draw(out: Path, records: list[dict[str, Any]], environments: list[Environment]) -> None:
    draw_harm(out / "harm.png", records, {each.name: each.title for each in environments})
    first = _SINGLE if any(each.name == _SINGLE for each in environments) else environments[0].name
    draw_costs(out / "costs.png", [r for r in records if r["environment"] == first])


def _sounds(
    out: Path, voice: Voice, names: list[str], inputs: dict[str, Any], options: argparse.Namespace
) -> None:
    """What the first device says under single upsets, and how its memory fares meanwhile."""
    environment = ENVIRONMENTS[_SINGLE]
    mission = mission_of(
        environment, 8 * voice.image.layout.working_bytes, devices=1,
        words=min(_HEARD_WORDS, options.words), seed=options.seed,
    )  # fmt: skip
    script = script_of(voice, [voice.words[n] for n in mission.script(len(voice.words))])
    lives: dict[str, Life] = {}
    with one_thread():
        for name in tqdm(names, desc="sounds", leave=False, disable=None):
            strategy, program = contestant(name, voice.program, inputs, options.mask)
            image = strategy.image(program)
            upsets = mission.upsets(image.layout, 0, frames=script.frames, frame_s=voice.frame_s)
            lives[name] = simulate(
                image, script.inputs, upsets, strategy, word_starts=script.starts
            )
            write_wav(out / f"{name}.wav", lives[name].samples())
        clean = simulate(
            Image.of(voice.program), script.inputs, (), contestant("none", voice.program, inputs)[0],
            word_starts=script.starts,
        )  # fmt: skip
    write_wav(out / "clean.wav", np.asarray(clean.samples()))
    draw_timelines(out / "timelines.png", lives, script.starts)
