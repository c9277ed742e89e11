"""A grid of the real bits of one tensor: drawn by how much harm each does, flipped by a click or a key.

`flipped` is all that the browser changes; whoever shows the grid observes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from workbench.memory.image import Image
from workbench.memory.places import Place
from workbench.memory.tensors import read_tensor

_HERE = Path(__file__).parent
UNKNOWN = 255  # of a harm that was not measured
LEAST_HARM = 1e-5  # what is drawn darkest but for none at all


class BitGrid(anywidget.AnyWidget):
    """A canvas with a cell a bit, elements in rows, the highest bit of each to the left.

    Attributes:
        name: Of the tensor, as "up2.weight".
        shape: Of the tensor.
        width: Bits of an element.
        elements_a_row: How many elements stand in a row.
        flipped: Bits that differ from the clean tensor, ascending: element times `width` plus bit.
        chosen: The bit under the keyboard's cursor, likewise; -1 for none.
    """

    # A widget is one file of JavaScript.
    _esm = "\n".join((_HERE / name).read_text("utf-8") for name in ("bits.js", "bit_grid.js"))
    _css = _HERE / "bit_grid.css"

    name = traitlets.Unicode().tag(sync=True)
    shape = traitlets.List(traitlets.Int()).tag(sync=True)
    width = traitlets.Int(8).tag(sync=True)
    elements_a_row = traitlets.Int(1).tag(sync=True)
    flipped = traitlets.List(traitlets.Int()).tag(sync=True)
    chosen = traitlets.Int(-1).tag(sync=True)
    _clean = traitlets.Bytes().tag(sync=True)  # bits, eight to a byte, the lowest first
    _first = traitlets.Bytes().tag(sync=True)  # int32 [elements], position of bit 0 in the image
    _harm = traitlets.Bytes().tag(sync=True)  # uint8 [bits], see `harm_codes`; empty for none

    def show(self, image: Image, place: Place, *, flipped: Iterable[int] = ()) -> None:
        """Show a tensor of a clean image, nothing known of its harm.

        Args:
            image: Clean.
            place: Of the tensor in it.
            flipped: As the attribute.
        """
        codes = read_tensor(image.data, place).reshape(-1).astype(np.int64)
        bits = (codes[:, None] >> np.arange(place.bits)) & 1  # [elements, bits]
        with self.hold_sync():
            self.name = f"{place.operator}.{place.tensor}"
            self.shape, self.width = list(place.shape), place.bits
            self.elements_a_row = elements_a_row(place)
            self._clean = np.packbits(bits.astype(np.uint8), bitorder="little").tobytes()
            first = image.layout.element_positions(place).reshape(-1)
            self._first = first.astype("<i4").tobytes()
            self._harm, self.chosen = b"", -1
            self.flipped = sorted(flipped)

    def colour(self, harm: np.ndarray) -> None:
        """Colour the first bits by their harm, float64 [known] 0 to 1; NaN and those behind them are unknown."""
        codes = np.full(int(np.prod(self.shape)) * self.width, UNKNOWN, np.uint8)
        codes[: len(harm)] = np.where(np.isnan(harm), UNKNOWN, harm_codes(np.nan_to_num(harm)))
        self._harm = codes.tobytes()


def elements_a_row(place: Place) -> int:
    """So many that a vector becomes twice as wide as high, and a row of a matrix stays one."""
    count = int(np.prod(place.shape))
    if len(place.shape) > 1 and count > place.shape[-1]:
        return int(place.shape[-1])
    return int(min(count, max(1, round(np.sqrt(2 * count / place.bits)))))


def harm_codes(harm: np.ndarray) -> np.ndarray:
    """0 for none, else 1 to 254 over the logarithm from LEAST_HARM to 1, uint8 [n]."""
    decades = np.log10(np.clip(harm, LEAST_HARM, 1.0)) / -np.log10(LEAST_HARM)  # -1 to 0
    codes = np.rint(254 + 253 * decades)
    return np.where(harm > 0, codes, 0).astype(np.uint8)
