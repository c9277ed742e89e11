"""A table of cells coloured by harm, one of which is chosen by a click or with the keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from workbench.panels.bit_grid import harm_codes

_HERE = Path(__file__).parent
NOTHING = -1  # of a cell that is none, or of which nothing is known


class HeatMap(anywidget.AnyWidget):
    """Rows of tensors, columns of bits.

    Attributes:
        rows: Names of the rows.
        columns: Names of the columns.
        chosen: Row and column of the cell that was chosen last; empty before.
    """

    # A widget is one file of JavaScript; the colours are those of the grid of bits.
    _esm = "\n".join((_HERE / name).read_text("utf-8") for name in ("bits.js", "heat_map.js"))
    _css = _HERE / "heat_map.css"

    rows = traitlets.List(traitlets.Unicode()).tag(sync=True)
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    chosen = traitlets.List(traitlets.Int()).tag(sync=True)
    _codes = traitlets.List(traitlets.List(traitlets.Int())).tag(sync=True)
    _told = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)

    def show(
        self,
        rows: Sequence[str],
        columns: Sequence[str],
        harm: np.ndarray,
        told: Sequence[Sequence[str]],
    ) -> None:
        """Show other cells, none of them chosen.

        Args:
            rows: Names.
            columns: Names.
            harm: float64 [rows, columns], 0 to 1; NaN for a cell that is none.
            told: What is said of each cell.
        """
        codes = np.where(np.isnan(harm), NOTHING, harm_codes(np.nan_to_num(harm)).astype(int))
        with self.hold_sync():
            self.rows, self.columns, self.chosen = list(rows), list(columns), []
            self._codes, self._told = codes.tolist(), [list(each) for each in told]
