"""`workbench lower`: a checkpoint as an integer program and as a memory image, with a table.

Every code of every layer is compared with Brevitas over all words before anything is written.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.commands.common import add_checkpoint, add_generator, checkpoint_of
from workbench.commands.kept import Kept
from workbench.commands.progress import counted, doing
from workbench.errors import WorkbenchError
from workbench.generators.generator import Generator
from workbench.generators.generator_registry import DEFAULT
from workbench.integer.biases import with_wide_biases
from workbench.integer.ends import without_front_end
from workbench.integer.operators import Operator
from workbench.integer.program import Program
from workbench.integer.pruning import pruned_program
from workbench.integer.reference import Codes
from workbench.integer.reference import run as run_program
from workbench.integer.sections import COPIED_SECTIONS, WEIGHTS
from workbench.integer.storage import save_program
from workbench.memory.image import Image
from workbench.own_code import own_digest
from workbench.training.checkpoint_files import generator_of, read_metadata, refuse_replacing
from workbench.training.kept_blocks import masks_of

if TYPE_CHECKING:  # the rest of lowering needs torch
    from workbench.integer.lowering.lower import Lowered

_OUT = "out/{}.program"
_HEADINGS = (
    "operator", "kind", "shape", "weight bits", "bytes", "MACs/frame", "acc bits", "at clamp",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, the checkpoint and the file."""
    add_generator(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the program to write; its image goes beside it, ending in .image "
        f"({_OUT.format(DEFAULT)})",
    )


def run(options: argparse.Namespace) -> None:
    """Lower, compare, write both files and print the table; WorkbenchError when it cannot."""
    from workbench.integer.lowered_generator import lower_generator
    from workbench.training.checkpoint import load_checkpoint

    checkpoint = checkpoint_of(options.checkpoint, options.generator)
    metadata = read_metadata(checkpoint)
    generator = generator_of(metadata, checkpoint)
    out = options.out or Path(_OUT.format(generator.name))
    if not out.name:
        raise WorkbenchError(f"--out {out} is a folder; name a file in it")
    image_path = out.with_suffix(".image")
    if image_path == out:
        raise WorkbenchError(f"--out {out} is the name of the image; call the program .program")
    refuse_replacing(out, checkpoint)
    with doing("reading the checkpoint"):
        model, _ = load_checkpoint(checkpoint)
    words = generator.utterances(model.config)
    with counted(1 + len(words), unit=generator.noun) as say:
        say("lowering")
        lowered = lower_generator(generator, model)
        if options.wide_biases:
            lowered = replace(lowered, program=with_wide_biases(lowered.program))
        program = lowered.program
        # One by one, so that float64 needs little memory.
        own = own_digest([type(generator)])
        with Kept("lower", program.content_hash, sorted(metadata.items()), own) as kept:
            compared = 0
            for word in words:
                say(f"comparing {word!r} with Brevitas")
                compared += kept.step(word, partial(_compared, generator, model, lowered, word))
        spoken = [run_program(program, generator.encode(model.config, [word])) for word in words]
        codes = {name: np.concatenate([each[name][0] for each in spoken]) for name in spoken[0]}
    program = pruned_program(program, masks_of(metadata, str(checkpoint)))
    image = Image.of(program)
    save_program(program, out)
    image.save(image_path)
    print(_table(program, image, codes))
    print(
        f"{compared:,} codes of {len(words)} {generator.noun}s are what Brevitas computes, in every layer\n"
        f"{out}: program {program.content_hash[:12]}, "
        f"{program.macs_per_frame() * program.frame_rate_hz / 1e6:.1f} million MACs a second\n"
        f"{image_path}: image of {image.layout.sram_bytes:,} bytes of RAM "
        f"and {image.layout.size_bytes - image.layout.sram_bytes:,} of flash"
    )


def _compared(generator: Generator, model: Any, lowered: Lowered, word: str) -> int:
    """Number of codes of a word compared with Brevitas; WorkbenchError when one differs."""
    from workbench.integer.lowered_generator import network_inputs
    from workbench.integer.lowering.layer_check import disagreements

    network = replace(lowered, program=without_front_end(lowered.program))
    inputs = network_inputs(generator, model.config, generator.tensors(model.config, [word]))
    differing = disagreements(model, network, inputs)
    wrong = [name for name, count in differing.items() if count]
    if wrong:
        raise WorkbenchError(
            f"the program differs from Brevitas at {wrong[0]} for the {generator.noun} {word!r}; "
            "please report this as a defect of the lowering"
        )
    name, given = next(iter(generator.encode(model.config, [word]).items()))
    frames = given.shape[1] // lowered.program.signal(name).rate
    signals = [lowered.program.signal(name) for name in differing]
    return sum(frames * signal.rate * signal.channels for signal in signals)


def _table(program: Program, image: Image, codes: Codes) -> str:
    sizes: dict[str, int] = {}
    for place in image.layout.places:
        if place.section in COPIED_SECTIONS:
            sizes[place.operator] = sizes.get(place.operator, 0) + place.size_bytes
    rows = [
        _row(program, operator, sizes.get(operator.name, 0), codes[operator.target])
        for operator in program.operators
    ]
    total = (
        "total",
        "",
        "",
        "",
        f"{sum(sizes.values()):,}",
        f"{program.macs_per_frame():,}",
        "",
        "",
    )
    return _aligned([_HEADINGS, *rows, total])


def _row(program: Program, operator: Operator, size: int, made: np.ndarray) -> tuple[str, ...]:
    source = program.sources(operator)[0]
    count = operator.macs_per_frame(source)
    macs = f"{count:,}" if count else ""
    bits = " ".join(
        str(operator.parameter_bits(field))
        for field, section in operator.PARAMETERS.items()
        if section == WEIGHTS
    )
    bound = operator.accumulator_bound(source.bits)
    return (
        operator.name,
        operator.kind,
        operator.shape_text,
        bits,
        f"{size:,}" if size else "",
        macs,
        "" if bound is None else str(bound.bit_length() + 1),
        _clamped(operator, made),
    )


def _clamped(operator: Operator, made: np.ndarray) -> str:
    """Share of the codes that lie at the end of a clamp; the zeros of a ReLU do not count."""
    if not operator.clamps:
        return ""
    low, high = (vars(operator)[name] for name in ("low", "high"))
    at_end = (made == high) | ((made == low) & (low < 0))
    return f"{at_end.mean():.2%}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns side by side, names to the left and figures to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
