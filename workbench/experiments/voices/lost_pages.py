"""What a lost page of a pruned layer costs in quality, and what un-pruning gives back while nothing can restore it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.experiments.voices.modes import DENSE, PRUNED, refuse_unpruned
from workbench.experiments.voices.quality import quality_of_voice
from workbench.experiments.voices.voice import Voice
from workbench.integer.pruning import with_dense
from workbench.memory.image import Image
from workbench.memory.sampling import counter_stream

UNPRUNED = "un-pruned"  # the damaged layer alone
_PAGE_BYTES = 256
_MOST_BITS = 8 * _PAGE_BYTES


def lost_page_figures(
    voice: Voice, layer: str, *, bits: int, pages: int, seed: int = 0, say: Callable[[str], object]
) -> dict[str, Any]:
    """Quality by state, PRUNED, UNPRUNED and DENSE, and measure, mean over lost pages of a layer's kept weights.

    Args:
        voice: Pruned in blocks.
        layer: Whose pages are lost.
        bits: That are wrong in a page.
        pages: How many, drawn with repetition; each is lost alone.
        seed: Another one draws other pages and bits.
        say: Told what is being measured.

    Raises:
        WorkbenchError: The voice is not pruned, or a number cannot be.
    """
    layers = refuse_unpruned(voice.program)
    for what, number, most in (("wrong bits", bits, _MOST_BITS), ("lost pages", pages, 1000)):
        if not 1 <= number <= most:
            raise WorkbenchError(f"{number} {what} cannot be; choose 1 to {most:,}")
    states = {PRUNED: (), UNPRUNED: (layer,), DENSE: layers}
    image = Image.of(with_dense(voice.program, ()), areas=())
    flips = [_flips(image, layer, bits, f"{seed},{layer}", page) for page in range(pages)]
    names = [measure.name for measure in voice.generator.measures]
    quality = {}
    for state, dense in states.items():
        say(f"lost pages of {layer}, {state}")
        heard = [
            quality_of_voice(
                replace(voice, program=with_dense(image.flip(each).to_program(), dense))
            )
            for each in flips
        ]
        quality[state] = {name: _mean([each.value(name) for each in heard]) for name in names}
    return {"layer": layer, "bits": bits, "pages": pages, "quality": quality}


def _flips(image: Image, layer: str, bits: int, seed: str, page: int) -> list[int]:
    """Positions of so many different bits of one page."""
    place = image.layout.place(layer, "kept")
    drawn = counter_stream(f"lost pages,seed={seed}", page).random_raw(8 * bits + 1).tolist()
    start = drawn[0] % -(-place.size_bytes // _PAGE_BYTES) * _PAGE_BYTES
    size = 8 * min(_PAGE_BYTES, place.size_bytes - start)
    chosen = dict.fromkeys(number % size for number in drawn[1:])
    return [8 * (place.start + start) + bit for bit in list(chosen)[:bits]]


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
