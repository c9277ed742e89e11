"""What applications print: a row an exposure, without and with the healer, and all figures as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict

from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.experiments.applications.exposure import exposures
from workbench.experiments.applications.shares import Measured, Shares, shares_of, table_rows
from workbench.experiments.voices.voice import Voice
from workbench.face.shown import text_table
from workbench.files import write_text


def measure(
    voice: Voice,
    measured: Measured,
    options: argparse.Namespace,
    safety: tuple[str, Callable[[int], Mapping[str, float]]] | None = None,
) -> list[Shares]:
    """Measure all exposures, print and write them; an interrupted run resumes.

    safety: hash of the safety voice's program, and what its users experience; None for none.
    """
    cases = exposures(options.upsets or (), options.years or (), options.rate)
    healer, program = voice.healer(options.strategy)
    depends: tuple[object, ...] = (
        voice.program.content_hash,
        program.content_hash,
        str(healer),
        options.devices,
    )
    depends += (safety[0],) if safety else ()
    depends += (options.core,) if options.core else ()
    with (
        Kept("users", options.application, *depends, options.seed) as kept,
        counted((3 if safety else 2) * len(cases), unit="case") as say,
    ):

        def step(name: str, make: object) -> Shares:
            say(name)
            return kept.step(name.replace(" ", "-"), make, plain=asdict, again=_again)  # type: ignore[arg-type]

        rows = list(
            shares_of(
                voice, measured, cases, options.strategy, devices=options.devices,
                seed=options.seed, step=step, safety=safety[1] if safety else None,
            )
        )  # fmt: skip
    print(text_table(table_rows(rows)))
    if options.json:
        write_text(options.json, json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return rows


def _again(plain: dict[str, object]) -> Shares:
    return Shares(**plain)  # type: ignore[arg-type]
