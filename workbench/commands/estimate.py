"""`workbench estimate`: how many bits are dangerous, to a requested width, from few trials."""

from __future__ import annotations

import argparse
import hashlib
import json
from functools import partial
from pathlib import Path

import numpy as np

from workbench.audio.scales import BROKEN, BY_SNR, DEGRADED, Scale
from workbench.commands.common import (
    add_checkpoint,
    add_generator,
    add_image,
    add_words,
    chosen_voice,
    image_of,
    inputs_of,
)
from workbench.commands.kept import Kept
from workbench.experiments.estimates.share_of_harm import share_below
from workbench.experiments.estimates.statistics import CONFIDENCE, sample_size
from workbench.experiments.estimates.stratified import Estimate, uniform_trials
from workbench.experiments.provenance import inputs_digest
from workbench.files import write_text
from workbench.memory.faults.bits import Each
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.places import SECTIONS
from workbench.progress import progress_bar

_QUALITIES = (BROKEN, DEGRADED, "audible")  # or worse
_HALF_WIDTH = 0.0005


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what counts as harm, how sure to be, and which bits and words are meant."""
    add_generator(parser)
    parser.add_argument(
        "--quality",
        choices=_QUALITIES,
        default=BROKEN,
        help="the harm that counts, or worse; audible is all that is not transparent (broken)",
    )
    parser.add_argument(
        "--half-width", type=float, default=_HALF_WIDTH, help=f"of the interval ({_HALF_WIDTH})"
    )
    parser.add_argument(
        "--confidence", type=float, default=CONFIDENCE, help=f"of the interval ({CONFIDENCE})"
    )
    add_words(parser, "words, the worst of them counts (all)")
    parser.add_argument(
        "--section",
        action="append",
        choices=SECTIONS,
        help="only there, may be given again (the working copy)",
    )
    parser.add_argument("--operator", action="append", help="only in this operator, again (any)")
    parser.add_argument("--seed", type=int, default=0, help="another one tries other bits (0)")
    add_image(parser)
    add_checkpoint(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


def run(options: argparse.Namespace) -> None:
    """Sample until the interval has the requested width, then print it and its cost in trials.

    Raises WorkbenchError for places and words that do not exist and impossible widths.
    """
    voice = chosen_voice(options)
    image, scale = image_of(options.image, voice), voice.generator.scale
    inputs = inputs_of(options.words, voice)
    plan = Plan(
        Each(), sections=tuple(options.section or ()), operators=tuple(options.operator or ())
    )
    candidates = plan.candidates(Sites(image))
    depends = (image.content_hash, inputs_digest(inputs), candidates.tolist())
    asked = (
        options.quality,
        *([scale] if scale != BY_SNR else []),
        options.half_width,
        options.confidence,
        options.seed,
    )
    with (
        Kept("estimate", hashlib.sha256(repr(depends).encode()).hexdigest(), asked) as kept,
        progress_bar(desc="sampling", unit="trial") as bar,
    ):

        def show(now: Estimate) -> None:
            # The half-width falls with the square root of the trials, about.
            missing = max(1.0, now.half_width / options.half_width) ** 2
            bar.total = min(len(candidates), int(now.cost * missing))
            bar.update(now.cost - bar.n)
            bar.set_postfix_str(f"{now.share:.4%} +- {now.half_width:.4%}")

        estimate = share_below(
            image,
            inputs,
            candidates,
            fidelity_db=_limit(scale, options.quality),
            scale=scale,
            half_width=options.half_width,
            confidence=options.confidence,
            seed=options.seed,
            progress=show,
            step=partial(kept.step, plain=np.ndarray.tolist, again=np.array),
        )
    _print_figures(estimate, options, list(inputs), candidates, scale)


def _print_figures(
    estimate: Estimate,
    options: argparse.Namespace,
    words: list[str],
    candidates: np.ndarray,
    scale: Scale,
) -> None:
    confidence = options.confidence
    low, high = (float(bound) for bound in estimate.interval)
    uniform = len(candidates)  # where all were tried
    if estimate.half_width:
        uniform = uniform_trials(estimate.share, estimate.half_width, confidence)
    leveugle = sample_size(
        len(candidates), options.half_width, confidence, max(estimate.share, 1 / len(candidates))
    )
    print(
        f"{options.quality} or worse ({scale.measure} < {_limit(scale, options.quality):.3g} dB), in at least one of "
        f"{len(words)} word{'s' * (len(words) != 1)}, when one of "
        f"{len(candidates):,} bits flips: {estimate.share:.4%} of the bits, {low:.4%} to {high:.4%} "
        f"(confidence {confidence:g})"
    )
    print(
        f"{estimate.cost:,} bits tried, {estimate.pilots:,} of them pilots, in {len(estimate.sizes)} strata; "
        f"uniform sampling takes {uniform:,} for the same width: {_beside(uniform, estimate.cost)}"
    )
    print(
        f"Leveugle's sample size for +-{options.half_width:g} at this share: {leveugle:,}; "
        f"where the share is not known: {sample_size(len(candidates), options.half_width, confidence):,}"
    )
    if options.json:
        figures = {
            "quality": options.quality,
            "utterances": words,
            "bits": len(candidates),
            "share": estimate.share,
            "low": low,
            "high": high,
            "confidence": confidence,
            "tried": estimate.cost,
            "pilots": estimate.pilots,
            "strata": len(estimate.sizes),
            "uniform_trials": uniform,
            "saving": uniform / estimate.cost,
            "leveugle": leveugle,
        }
        write_text(options.json, json.dumps(figures, indent=2) + "\n")


def _beside(uniform: int, tried: int) -> str:
    """Trials of uniform sampling beside those that the estimate took, in words."""
    if uniform < tried:
        return f"{tried - uniform:,} fewer than this took, so strata save nothing at this width"
    return f"{uniform / tried:.1f} times as many"


def _limit(scale: Scale, quality: str) -> float:
    """Fidelity in dB under which a sound is of a class of _QUALITIES or worse."""
    return scale.limits[::-1][_QUALITIES.index(quality)]
