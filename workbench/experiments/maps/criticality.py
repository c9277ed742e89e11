"""Criticality: the harm of each bit of the memory when it flips, from a table of single-flip trials.

Reference: none; the harm of a trial is that of its fidelity, see `audio.scales`: by the waveform min(1, sum e^2 / sum s^2),
its error energy relative to the signal's. Layout: arrays over all bits of the working copy, index 8 * address + bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from workbench.audio.scales import BROKEN, DEGRADED, harm
from workbench.errors import WorkbenchError
from workbench.memory.changes import locate
from workbench.memory.image import Image

COLUMNS = ("events", "position", "snr_db", "quality")


@dataclass(frozen=True)
class Bits:
    """What is known of each bit of the working copy, [8 * working_bytes] each.

    place: index into `layout.places`, -1 for padding. channel: of the operator's output,
    0 where a tensor has none. bit: within the element, 0 the lowest. int64 each.
    """

    place: np.ndarray
    channel: np.ndarray
    bit: np.ndarray

    @classmethod
    def of(cls, image: Image) -> Bits:
        """The bits of `image`."""
        positions = np.arange(8 * image.layout.working_bytes)
        place, element, bit = locate(image.layout, positions)
        channel = np.zeros_like(element)
        for number in np.unique(place[place >= 0]):
            tensor = image.layout.places[number]
            axis = image.layout.channel_axis(tensor)
            if axis is not None:
                chosen = place == number
                channel[chosen] = np.unravel_index(element[chosen], tensor.shape)[axis]
        return cls(place, channel, bit)


class Criticality:
    """Harm and share of broken and degraded trials of each bit of `image`.

    table: rows of single events with the columns COLUMNS, and `fidelity_db` by the spectrum, any number of words, exhaustive or sampled;
    trials without an event or outside of the working copy are left out and counted. tried: trials of
    each bit, int64 [8 * working_bytes]. rows, left_out: counts. Raises WorkbenchError when the table
    is no such table or nothing in it can be used. meaning: of harm, in words.

    What was not tried is estimated: a bit without trials takes the mean of those tried in the same
    tensor at the same bit of the element (so sums over strata of tensor and bit are the stratified
    estimates, however unequally those were sampled). Bits where none was tried stay unknown, NaN.
    protection: digest of the mask that all trials ran under, "" for none; under one nothing is
    estimated, since what it protects could not be tried.
    """

    def __init__(self, image: Image, table: pa.Table, *, protection: str = "") -> None:
        self.image = image
        self.protection = protection
        by_snr = fidelity_column(table) == "snr_db"
        self.meaning = "error / signal energy" if by_snr else "damage of the spectrum"
        position, damage, broken, degraded, self.left_out = _usable(table, image)
        self.rows = len(position)
        size = 8 * image.layout.working_bytes
        self.tried = np.bincount(position, minlength=size)
        self._sums = {
            "harm": np.bincount(position, weights=damage, minlength=size),
            BROKEN: np.bincount(position, weights=broken, minlength=size),
            DEGRADED: np.bincount(position, weights=degraded, minlength=size),
        }
        self.bits = Bits.of(image)

    @cached_property
    def harm(self) -> np.ndarray:
        """Mean harm of each bit over its trials, float64 [8 * working_bytes], 0 to 1."""
        return self._estimate("harm")

    @cached_property
    def broken(self) -> np.ndarray:
        """Share of each bit's trials that are broken, likewise."""
        return self._estimate(BROKEN)

    @cached_property
    def degraded(self) -> np.ndarray:
        """Share of each bit's trials that are degraded, not broken, likewise."""
        return self._estimate(DEGRADED)

    @property
    def coverage(self) -> float:
        """Share of the bits of all tensors of the working copy that were tried, 0 to 1."""
        named = self.bits.place >= 0
        return float((self.tried[named] > 0).mean())

    @cached_property
    def known(self) -> np.ndarray:
        """Which bits anything is known of, tried or estimated; bool [8 * working_bytes]."""
        return (self.bits.place >= 0) & ~np.isnan(self.harm)

    @property
    def whole(self) -> bool:
        """Whether something is known of every bit of all tensors."""
        return bool(self.known[self.bits.place >= 0].all())

    @property
    def about(self) -> str:
        """What was tried and what the rest is, in words."""
        tried = self.coverage
        parts = ["every bit tried" if tried == 1 else f"{100 * tried:.3g} % of the bits tried"]
        named = int((self.bits.place >= 0).sum())
        estimated = self.known.sum() / named - tried
        if estimated > 0:
            rest = "the others" if self.whole else f"{100 * estimated:.3g} %"
            parts.append(f"{rest} estimated from those of the same tensor and bit")
        if not self.whole:
            parts.append("all shares are of these alone")
        if self.protection:
            parts.append(f"under the protection mask {self.protection}")
        return ", ".join(parts)

    def by_operator(self, values: np.ndarray, tensor: str) -> tuple[list[str], np.ndarray]:
        """Means of `values` over all bits of a tensor's name: operators, float64 [operators, bits].

        values: of every bit, e.g. `harm`. NaN where an operator has no such bit or none was tried.
        Operators are those that have such a tensor, in image order.
        """
        numbers = self._places(tensor)
        places = [self.image.layout.places[number] for number in numbers]
        means = np.full((len(places), max((p.bits for p in places), default=0)), np.nan)
        for row, number in enumerate(numbers):
            chosen = self.bits.place == number
            by_bit = _means(self.bits.bit[chosen], values[chosen], places[row].bits)
            means[row, : len(by_bit)] = by_bit
        return [place.operator for place in places], means

    def by_channel(self, values: np.ndarray, operator: str, tensor: str) -> np.ndarray:
        """Means of `values` over all bits of one tensor: float64 [channels, bits], NaN as above."""
        place = self.image.layout.place(operator, tensor)
        chosen = self.bits.place == self.image.layout.places.index(place)
        axis = self.image.layout.channel_axis(place)
        channels = 1 if axis is None else place.shape[axis]
        key = self.bits.channel[chosen] * place.bits + self.bits.bit[chosen]
        return _means(key, values[chosen], channels * place.bits).reshape(channels, place.bits)

    def channels(self, values: np.ndarray) -> tuple[list[str], np.ndarray]:
        """Means over all bits of a channel's parameters: operators, float64 [operators, channels].

        Operators are all those with parameters, in program order.
        """
        parameters = self._places()
        owners = {self.image.layout.places[number].operator for number in parameters}
        operators = [o.name for o in self.image.program.operators if o.name in owners]
        widest = int(self.bits.channel.max(initial=0)) + 1
        row = np.full(len(self.image.layout.places) + 1, -1)  # the last for padding
        for number in parameters:
            row[number] = operators.index(self.image.layout.places[number].operator)
        row = row[self.bits.place]
        key = (row * widest + self.bits.channel)[row >= 0]
        means = _means(key, values[row >= 0], len(operators) * widest)
        return operators, means.reshape(len(operators), widest)

    def tensors(self) -> list[str]:
        """Names of the kinds of tensors that have bits, e.g. weight, bias, shift, in image order."""
        places = self.image.layout.places
        return list(dict.fromkeys(places[number].tensor for number in self._places()))

    def _places(self, tensor: str | None = None) -> list[int]:
        """Numbers of the parameters' places, in image order; of those called `tensor`."""
        places = self.image.layout.places
        return [
            int(number)
            for number in np.unique(self.bits.place[self.bits.place >= 0])
            if tensor in (None, places[number].tensor)
        ]

    def _estimate(self, what: str) -> np.ndarray:
        sums = self._sums[what]
        with np.errstate(invalid="ignore"):
            values = sums / self.tried
        widest = int(self.bits.bit.max(initial=0)) + 1
        named = self.bits.place >= 0
        if self.protection:
            return np.where(named, values, 0.0)
        stratum = np.where(named, self.bits.place * widest + self.bits.bit, 0)
        means = _means(stratum[named], values[named], int(stratum.max(initial=0)) + 1)
        values = np.where(self.tried > 0, values, means[stratum] if len(means) else np.nan)
        return np.where(named, values, 0.0)


def fidelity_column(table: pa.Table) -> str:
    """The column that harm follows from: the fidelity where classes go by the spectrum, else the SNR."""
    return "fidelity_db" if "fidelity_db" in table.column_names else "snr_db"


def _means(key: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Mean of the known values of each key 0 .. size - 1, NaN where there is none."""
    known = ~np.isnan(values)
    count = np.bincount(key[known], minlength=size)
    total = np.bincount(key[known], weights=values[known], minlength=size)
    with np.errstate(invalid="ignore"):
        return total / count


def _usable(
    table: pa.Table, image: Image
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Position, harm, broken and degraded of every row that can be used, and how many cannot."""
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise WorkbenchError(
            f"the results have no column {', '.join(missing)}; give those of `workbench campaign`"
        )
    if any(table[name].null_count for name in COLUMNS):
        raise WorkbenchError("the results have gaps in their columns; run the campaign again")
    events = table["events"].to_numpy()
    if events.max(initial=0) > 1:
        raise WorkbenchError(
            f"the results hold trials with up to {events.max():,} events and a map needs single "
            "flips; run `workbench campaign --exhaustive`, or a plan with flips=1"
        )
    position = table["position"].to_numpy()
    inside = (events == 1) & (position >= 0) & (position < 8 * image.layout.working_bytes)
    if not inside.any():
        raise WorkbenchError(
            f"none of the {len(table):,} trials hits the working copy of the parameters; a map needs "
            "trials of weights, bias, shift, table or embed"
        )
    quality = table["quality"].combine_chunks()
    if not isinstance(quality, pa.DictionaryArray):
        quality = quality.dictionary_encode()
    names = np.array(quality.dictionary.to_pylist(), object)
    code = quality.indices.to_numpy()[inside]
    damage = harm(table[fidelity_column(table)].to_numpy()[inside])
    broken, degraded = ((names == name)[code].astype(np.float64) for name in (BROKEN, DEGRADED))
    return position[inside], damage, broken, degraded, int((~inside).sum())
