"""The criticality map and the ranked bytes as CSV files.

Layout of map.csv: a row a tensor, channel and bit of the element. Of critical.csv: a row a byte, the
worst first, with the harm of its bits 0 to 7.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from workbench.experiments.maps.criticality import Criticality
from workbench.experiments.maps.ranking import Ranking
from workbench.files import write_text

MAP_COLUMNS = ("operator", "tensor", "channel", "bit", "tried", "harm", "broken", "degraded")
BYTE_COLUMNS = (
    "rank", "address", "operator", "tensor", "index", "element_bit", "tried", "harm", "broken",
    "harm_left", *(f"bit_{bit}" for bit in range(8)),
)  # fmt: skip


def write_map(path: Path, criticality: Criticality) -> None:
    """Replace the CSV file `path`: tensor x channel x bit, parameters in program order.

    tried: how many of its bits were. harm, broken, degraded: means over its bits, empty where nothing
    is known. channel: empty for tensors that have none, as a table. WorkbenchError when the file cannot be written.
    """
    rows: list[list[object]] = [list(MAP_COLUMNS)]
    tried = (criticality.tried > 0).astype(np.float64)
    values = (criticality.harm, criticality.broken, criticality.degraded)
    for operator, tensor, _ in criticality.image.program.parameters():
        place = criticality.image.layout.place(operator.name, tensor)
        means = [criticality.by_channel(each, operator.name, tensor) for each in values]
        shares = criticality.by_channel(tried, operator.name, tensor)
        elements = int(np.prod(place.shape)) // len(shares)
        counts = np.rint(shares * elements).astype(int)
        whole = criticality.image.layout.channel_axis(place) is None
        for channel, bit in np.ndindex(*shares.shape):
            where = (operator.name, tensor, "" if whole else channel, bit, counts[channel, bit])
            rows.append([*where, *(_number(float(each[channel, bit])) for each in means)])
    _write(path, rows)


def write_bytes_ranked(
    path: Path, criticality: Criticality, ranking: Ranking, *, rows: int
) -> None:
    """Replace the CSV file `path`: the `rows` worst bytes, those without any harm left out.

    tensor, index: of the element that bit `element_bit` and the seven above it belong to (of the
    first of two 4-bit elements). harm, broken: of the byte, sums over its bits. harm_left: share of
    all harm that remains with this byte and those above it protected. tried: how many of its bits
    were. WorkbenchError when the file cannot be written.
    """
    count = min(rows, int((ranking.harm > 0).sum()))
    lines: list[list[object]] = [list(BYTE_COLUMNS)]
    bits = criticality.harm.reshape(-1, 8)
    tried = (criticality.tried > 0).reshape(-1, 8).sum(axis=1)
    for rank, address in enumerate(ranking.addresses[:count].tolist()):
        site = criticality.image.site(8 * address)
        index = " ".join(str(each) for each in site.index)
        where = (site.operator, site.tensor, index, site.bit, tried[address])
        values = (ranking.harm[rank], ranking.broken[rank], ranking.harm_left[rank + 1])
        lines.append([rank + 1, address, *where, *map(_number, (*values, *bits[address]))])
    _write(path, lines)


def _number(value: float) -> str:
    """Six digits, empty for what is not known."""
    return "" if np.isnan(value) else f"{value:.6g}"


def _write(path: Path, rows: list[list[object]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())
