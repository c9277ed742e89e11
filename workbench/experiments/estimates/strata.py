"""Strata of single bit flips: similar bits of an image, by operator, kind, bit and stored value.

Of two flips of one bit, the one that sets it and the one that clears it move the value in opposite
directions, and where values are small they differ in size of effect as well.
"""

from __future__ import annotations

import numpy as np

from workbench.experiments.estimates.stratified import Stratum
from workbench.memory.faults.transients import Sites

_LEAST_SITES = 1000  # in a stratum of its own
_MOST_BITS = 32


def strata_of(
    sites: Sites, candidates: np.ndarray, *, least_sites: int = _LEAST_SITES
) -> list[Stratum]:
    """Divide stored bits, int64 [n] positions, into strata "operator.tensor bit b = v".

    Those with fewer than `least_sites` bits are put together over all operators, since every stratum
    costs a pilot. All candidates are in exactly one stratum.
    """
    place, _, bit = sites.locate(candidates)
    stored = (sites.data[candidates >> 3] >> (candidates & 7).astype(np.uint8)) & 1
    tensors = sorted({each.tensor for each in sites.places})
    kind = np.array([tensors.index(each.tensor) for each in sites.places])
    fine = (place * _MOST_BITS + bit) * 2 + stored
    coarse = (kind[place] * _MOST_BITS + bit) * 2 + stored
    _, which, count = np.unique(fine, return_inverse=True, return_counts=True)
    keys, stratum = np.unique(
        np.where(count[which] < least_sites, -1 - coarse, fine), return_inverse=True
    )
    order = np.argsort(stratum, kind="stable")
    groups = np.split(candidates[order], np.cumsum(np.bincount(stratum))[:-1])
    strata = []
    for key, group in zip(keys.tolist(), groups, strict=True):
        where, value = divmod(key if key >= 0 else -1 - key, 2)
        number, of_bit = divmod(where, _MOST_BITS)
        named = sites.places[number] if key >= 0 else None
        name = f"{named.operator}.{named.tensor}" if named else f"other {tensors[number]}"
        strata.append(Stratum(f"{name} bit {of_bit} = {value}", group))
    return strata
