"""`workbench train` with several seeds, widths or sparsities: a checkpoint for each of their combinations."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from workbench.commands.attempts import Attempts
from workbench.commands.progress import resumable
from workbench.errors import WorkbenchError
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.sweeps.sweep import SLICE_S, Variant, steps_of, sweep, sweep_table
from workbench.files import as_argument, write_text
from workbench.generators.generator import Generator
from workbench.generators.recipe import Recipe, with_steps
from workbench.progress import progress_bar

TRUNK_BITS = "trunk_weight_bits"
TABLE_FILE = "sweep.json"
_OUT = "out/training/{}-sweep"


def variants_of(options: argparse.Namespace) -> list[Variant]:
    """All combinations that --seed, --trunk-bits and --sparsity ask for; a name has what differs."""
    made = []
    for seed, bits, sparsity in product(
        options.seed, options.trunk_bits or [None], options.sparsity
    ):
        parts = [f"seed{seed}"] if len(options.seed) > 1 else []
        parts += [f"bits{bits}"] if len(options.trunk_bits) > 1 else []
        parts += [f"sparsity{sparsity:g}"] if len(options.sparsity) > 1 else []
        settings = {} if bits is None else {TRUNK_BITS: bits}
        made.append(Variant("-".join(parts), seed, settings, sparsity))
    return made


def recipe_of(generator: Generator, options: argparse.Namespace) -> Recipe:
    """That of --preset, with the numbers of --steps."""
    recipe = generator.recipe(options.preset)
    if not options.steps:
        return recipe
    return with_steps(recipe, options.steps, blocks=bool(options.prune_blocks))


def run_sweep(
    generator: Generator,
    variants: Sequence[Variant],
    settings: Mapping[str, Any],
    options: argparse.Namespace,
) -> None:
    """Train what is missing, print a table and write it as JSON; WorkbenchError when a training failed.

    settings: of all variants.
    """
    stages = options.code_words or options.prune_blocks or options.start
    if stages or options.bit_errors or options.clip:
        raise WorkbenchError(
            "training for code words, for blocks or against bit errors is no part of a sweep; give one --seed, "
            "--trunk-bits and --sparsity, and no --dask"
        )
    from workbench.training.task import make_task

    out = options.out or Path(_OUT.format(generator.name))
    recordings = generator.training_set(options.data)
    recipe = recipe_of(generator, options)
    every = [replace(each, settings={**settings, **each.settings}) for each in variants]
    for each in every:  # what cannot be is said before hours of training
        make_task(
            generator, recordings, recipe=recipe, seed=each.seed, settings=each.settings,
            sparsity=each.sparsity,
        )  # fmt: skip
    total = len(every) * steps_of(recipe)
    with (
        resumable(lambda: f"progress is kept in {out} every {SLICE_S:g} s"),
        Workers(options.jobs, options.dask) as workers,
        progress_bar(desc=f"{len(every)} trainings", total=total, unit="step", leave=True) as bar,
    ):
        failed = sweep(
            generator, recordings, recipe, every, out, workers,
            device=options.device, progress=bar.update,
        )  # fmt: skip
    rows = sweep_table(every, out)
    write_text(out / TABLE_FILE, json.dumps({"trainings": rows}, indent=1) + "\n")
    _print_table(rows)
    attempts = Attempts()
    for name, error in failed.items():
        with attempts.step(name):
            raise error
    attempts.finish(f"the others are in {out}")
    words = ["workbench", "measure", generator.name]
    words += [word for row in rows for word in ("--checkpoint", as_argument(row["checkpoint"]))]
    words += ["--data", as_argument(options.data)] if options.data else []
    print(f"the table is in {out / TABLE_FILE}; measure them with `{shlex.join(words)}`")


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    width = max(len(row["checkpoint"]) for row in rows)
    print(f"{'checkpoint':<{width}}  {'loss':>7}  {'zero weights':>12}  {'bytes':>9}  {'s':>7}")
    for row in rows:
        print(
            f"{row['checkpoint']:<{width}}  {row['loss']:>7.3f}  {row['zero_weights']:>12.1%}  "
            f"{row['parameter_bytes']:>9,}  {row['seconds']:>7,.0f}"
        )
