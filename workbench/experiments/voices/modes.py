"""What a voice pruned in blocks is in each of its modes: quality, instructions, bytes, and what a lost page costs.

A mode is a set of layers that are un-pruned. Layout: figures are plain data, a row a mode.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.voices.quality import MEASURES, quality_of_voice
from workbench.experiments.voices.voice import Voice
from workbench.firmware.boards import Core
from workbench.firmware.emulation.emulate import emulate
from workbench.integer.operators import PrunedConv
from workbench.integer.program import Program
from workbench.integer.pruning import dense_program, prunable, with_dense
from workbench.memory.image import Image

PRUNED, DENSE, ORDINARY = "pruned", "all", "ordinary"


@dataclass(frozen=True)
class Mode:
    """name: of the layer that is un-pruned, or one of PRUNED, DENSE and ORDINARY.

    program: with these layers un-pruned; of ORDINARY one of ordinary convolutions, as if nothing had been pruned.
    """

    name: str
    program: Program


def modes_of(program: Program) -> list[Mode]:
    """Pruned, each layer un-pruned alone, all of them, and all of them as ordinary convolutions."""
    layers = refuse_unpruned(program)
    return [
        Mode(PRUNED, with_dense(program, ())),
        *(Mode(layer, with_dense(program, (layer,))) for layer in layers),
        Mode(DENSE, with_dense(program, layers)),
        Mode(ORDINARY, dense_program(with_dense(program, layers))),
    ]


def refuse_unpruned(program: Program) -> tuple[str, ...]:
    """The layers that can be un-pruned; WorkbenchError where there is none."""
    layers = prunable(program)
    if not layers:
        raise WorkbenchError(
            f"program {program.name} is not pruned in blocks; train one with "
            "`workbench train challenge --prune-blocks 0.5`"
        )
    return layers


def in_mode(voice: Voice, layers: Collection[str]) -> Voice:
    """The voice with exactly these layers un-pruned; WorkbenchError for a name that is none."""
    return replace(voice, program=with_dense(voice.program, layers))


def mode_figures(
    voice: Voice, mode: Mode, cores: Mapping[str, Core], *, say: Callable[[str], object]
) -> dict[str, Any]:
    """Quality by measure, and instructions a frame, mean and most, by core. say: told what is being measured."""
    say(f"quality of {mode.name}")
    quality = quality_of_voice(replace(voice, program=mode.program))
    figures: dict[str, Any] = {
        "mode": mode.name,
        "macs_per_frame": mode.program.macs_per_frame(),
        "quality": {name: quality.value(name) for name in MEASURES},
        "instructions": {},
    }
    for name, core in cores.items():
        say(f"instructions of {mode.name} on {name}")
        run = emulate(Image.of(mode.program), core, voice.inputs(voice.usual[0]))
        figures["instructions"][name] = {
            "mean": float(run.instructions.mean()),
            "most": int(run.instructions.max()),
        }
    return figures


def memory_figures(program: Program) -> dict[str, int]:
    """Bytes of weights in RAM, of masks and modes there, and of the reserve in flash."""
    sections = Image.of(program).layout.sections
    masks = sum(o.mask.size for o in program.operators if isinstance(o, PrunedConv))
    return {
        "weights": sections["weights"].size_bytes,
        "masks": masks,
        "modes": len(prunable(program)),
        "reserve": sections["reserve"].size_bytes,
    }


def restore_figures(program: Program, page_bytes: int = 256) -> dict[str, float]:
    """Bytes of flash that the restoration of a page of kept weights reads, mean over all pages.

    aligned: blocks as they are stored here: the page of the golden copy, which has the order of the working copy.
    unstructured: as many weights, chosen one by one by a mask with a bit a weight, and in flash the dense weights, of which
    they are a part: the bits before the page have to be counted, those of the page read, and the dense weights between
    its first and its last.
    """
    read = []
    for conv in program.operators:
        if isinstance(conv, PrunedConv):
            read += _unstructured(
                np.sort(conv.places[:, : conv.kept.shape[1]].reshape(-1)), page_bytes
            )
    return {"aligned": float(page_bytes), "unstructured": float(np.mean(read))}


def _unstructured(kept: np.ndarray, page_bytes: int) -> list[float]:
    """Bytes read for each page of weights whose flat places, ascending int64, these are."""
    pages = [kept[start : start + page_bytes] for start in range(0, len(kept), page_bytes)]
    return [
        (int(page[-1]) + 8) // 8 + int(page[-1] - page[0]) + 1
        for page in pages
        if len(page) == page_bytes
    ]
