"""`workbench map`: which bytes are critical and what protecting them buys, or quality over bit errors."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from workbench.audio.scales import BY_SNR, DEGRADED, Scale
from workbench.commands.attempts import Attempts
from workbench.commands.common import add_checkpoint, add_image, chosen_voice, image_of
from workbench.commands.progress import counted, doing
from workbench.errors import WorkbenchError
from workbench.experiments.maps.products import CURVE_FILES, MAP_FILES
from workbench.face.mapping import SHARE, curve_of, map_of, opened
from workbench.files import output_folder, write_text

_OUT = Path("out/map")
_PROTECT = f"{100 * SHARE:g}%"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the results, how much to protect, and where the files go."""
    parser.add_argument(
        "results",
        nargs="+",
        type=Path,
        metavar="DIR",
        help="results of `workbench campaign` or a sweep of it: single flips for a map, ber= for a curve",
    )
    parser.add_argument(
        "--protect",
        metavar="SHARE",
        help=f"share of the bytes that the mask protects ({_PROTECT}%)",  # argparse needs it twice
    )
    add_image(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--out", type=Path, default=_OUT, metavar="DIR", help=f"where to write ({_OUT})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


def run(options: argparse.Namespace) -> None:
    """Write map.png, map.csv, critical.csv, protection.png and protection.mask, or curve.png; print the main figures.

    Raises WorkbenchError for results that are not whole, of another image, of both kinds or of other
    faults than flips, a share that is none and a folder that cannot be written.
    """
    with doing("reading the results"):
        image = image_of(options.image, chosen_voice(options))
        campaigns = opened(options.results, image)
    sweep = [results.plan.model.error_rate is not None for results in campaigns]
    if any(sweep) and not all(sweep):
        raise WorkbenchError(
            f"{campaigns[sweep.index(False)].folder} holds no trials at a bit-error rate and "
            f"{campaigns[sweep.index(True)].folder} does; make a map of the one and a curve of the other"
        )
    if any(sweep):
        if options.protect is not None:
            raise WorkbenchError(
                "a curve protects nothing; make a mask from single flips, run the campaigns with it, "
                "and leave out --protect"
            )
        out = output_folder(options.out)
        with doing("counting"):
            products = curve_of(campaigns)
        _print_curve(products.figures, campaigns[0].scale)
    else:
        share = _share(options.protect or _PROTECT)
        out = output_folder(options.out)
        with doing("mapping and ranking bytes"):
            products = map_of(campaigns, image, out, share)
        _print_map(products.figures, campaigns[0].scale)
    if options.json:
        write_text(options.json, json.dumps(products.figures, indent=2, allow_nan=False) + "\n")
    attempts = Attempts()
    with counted(len(products.pictures), unit="picture") as say:
        for name in products.pictures:
            say(f"drawing {name}")
            with attempts.step(name):
                products.draw_one(name, out)
    attempts.finish(f"all other figures are in {options.json or out}")
    files = CURVE_FILES if any(sweep) else MAP_FILES
    print(f"{', '.join(files)} {'are' if len(files) > 1 else 'is'} in {out}")


def _share(text: str) -> float:
    """0.003 of "0.3%"; the sign is asked for, since 0.3 could be meant either way."""
    number, percent, rest = text.strip().partition("%")
    try:
        share = float(number) / 100 if percent and not rest else 0.0
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise WorkbenchError(
            f"--protect {text} is no share of the bytes; write one like {_PROTECT}, at most 100%"
        )
    return share


def _print_map(figures: dict[str, Any], scale: Scale) -> None:
    share, worst = 100 * figures["share"], figures["worst"]
    these = "" if figures["whole"] else " of the bits tried"
    of_signal = " of the signal's energy" if scale == BY_SNR else ""
    print(f"trials: {figures['trials']:,} of single bits; {figures['about']}")
    if figures["protection"]:
        print("bytes which that mask protects could not be tried and are not in the new one")
    if figures["left_out"]:
        print(f"left out: {figures['left_out']:,} trials without an event in the working copy")
    print(f"a flip does harm of {figures['mean_harm']:.2g}{of_signal} on average{these}")
    print(
        f"{share:.2g} % of the bytes carry {100 * figures['harm_carried']:.0f} % of the harm and "
        f"{100 * figures['broken_carried']:.0f} % of the broken words{these} "
        f"(broken: {scale.less})"
    )
    if figures["bytes"] == figures["known_bytes"]:
        print("the mask holds every byte of which anything is known, and no other")
    tensors = sorted(figures["tensors"].items(), key=lambda item: -item[1])[:3]
    names = ", ".join(f"{count} of {name}" for name, count in tensors)
    print(f"protected: {figures['bytes']:,} bytes, {names}, ... (mask {figures['mask']})")
    print(f"the worst: {'; '.join(worst[:3])}")


def _print_curve(figures: dict[str, Any], scale: Scale) -> None:
    for point in figures["points"]:
        broken = point["at_least"][DEGRADED]
        median = point["snr_db"]["0.5"]
        quality = "every sample equal" if median is None else f"{median:.1f} dB"
        print(
            f"bit-error rate {point['rate']:g}{_with(point['protection'])}: median SNR {quality}, "
            f"broken ({scale.less}) {100 * (1 - broken['share']):.1f} % "
            f"({100 * (1 - broken['high']):.1f} to {100 * (1 - broken['low']):.1f} %) "
            f"of {point['trials']:,} words, {point['devices']:,} devices"
        )


def _with(protection: str) -> str:
    return f" with {protection}" if protection else ""
