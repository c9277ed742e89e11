"""Detection rates of memory checks for many faults, an attack, and golden inputs."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from typing import Any

from workbench.commands.common import chosen_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import counted
from workbench.errors import WorkbenchError
from workbench.experiments.bench.codes import (
    ATTACK_BITS,
    FLIPS,
    GROUP_BYTES,
    MOMENT_TRIALS,
    MOMENTS,
    Coverage,
    attack_on_radar,
    coverage_of,
    kinds,
    seen_by_golden_inputs,
)
from workbench.experiments.maps.worst_bits import worst_weights
from workbench.experiments.threads import one_thread
from workbench.files import write_text


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    wanted = options.trials
    if wanted < 1:
        raise WorkbenchError(f"cannot try {wanted} faults; give at least 1")
    voice = chosen_voice(options)
    inputs = voice.all_inputs()
    image, trials = voice.image(), min(wanted, MOMENT_TRIALS)
    every = kinds()
    with (
        Kept("bench-codes", image.content_hash, wanted) as kept,
        counted(len(every) + ATTACK_BITS + len(MOMENTS)) as say,
        one_thread(),
    ):
        rows = []
        for code, page_bytes in every:
            say(f"{code}, {page_bytes} bytes")
            rows.append(
                kept.step(
                    f"{code}-{page_bytes}",
                    partial(coverage_of, image, code, page_bytes, trials=wanted),
                    plain=asdict, again=_coverage,
                )
            )  # fmt: skip
        worst = worst_weights(
            image, inputs, bits=ATTACK_BITS, folder=kept.folder, scale=voice.generator.scale,
            progress=lambda step: say(f"the worst bits: {step.name}"),
        )  # fmt: skip
        golden = {}
        for n in MOMENTS:
            say(f"golden inputs of {n} frames")
            make = partial(seen_by_golden_inputs, image, n, trials=trials)
            golden[n] = kept.step(f"golden-{n}", make)
    print(f"share of random faults within a page that a code misses, {wanted:,} of each")
    print(f"{'code':<10}{'page':>6}{'checks':>9}" + "".join(f"{n:>9} bits" for n in FLIPS))
    for row in rows:
        share = row.check_bytes / row.watched_bytes
        cells = "".join(f"{100 * row.missed[n]:>12.3g} %" for n in FLIPS)
        print(f"{row.code:<10}{row.page_bytes:>6}{share:>9.2%}{cells}")
    random, chosen, size = attack_on_radar(image, worst, trials=min(wanted, 2000))
    print(
        f"radar, groups of {GROUP_BYTES}, {size} byte{'s' * (size != 1)} of signatures: of {ATTACK_BITS} sign bits at random "
        f"{random:.2f} lie in groups that are flagged, of the {ATTACK_BITS} worst bits {chosen:g}"
    )
    for moments, seen in golden.items():
        shares = ", ".join(f"{share:.1%} of {section}" for section, share in seen.items())
        print(
            f"golden inputs of {moments} frame{'s' * (moments != 1)} detect of {trials} single flips each: {shares}"
        )
    if options.json:
        report = {"codes": [asdict(row) for row in rows], "golden inputs": golden,
                "radar": {"random": random, "worst": chosen, "bytes": size}}  # fmt: skip
        write_text(options.json, json.dumps(report, indent=2) + "\n")


def _coverage(plain: dict[str, Any]) -> Coverage:
    """What was kept as JSON, whose keys are texts."""
    missed = {int(flips): share for flips, share in plain["missed"].items()}
    return Coverage(**{**plain, "missed": missed})
