"""Upset rates: units, conversions, and published rates.

Reference: FIT, failures in 10**9 device hours, JEDEC JESD89A. Rates are upsets for each bit and day;
a Mbit is 10**6 bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import unquote

from workbench.errors import WorkbenchError, closest, expect

SECONDS_PER_DAY = 86_400.0
_HOURS_PER_DAY = 24.0
_FIT_UNIT, _DAY_UNIT = "FIT/Mbit", "upsets/bit/day"


@dataclass(frozen=True)
class PublishedRate:
    """A place and its published rate in upsets for each bit and day, with the source's own words."""

    name: str
    upsets_per_bit_day: float
    source: str


def bit_day_rate(fit_per_mbit: float) -> float:
    """Upsets for each bit and day of a rate in FIT/Mbit."""
    return fit_per_mbit * _HOURS_PER_DAY / 1e15


def expected_upsets(upsets_per_bit_day: float, *, bits: int, duration_s: float) -> float:
    """Mean number of upsets in `bits` bits during `duration_s` seconds."""
    return upsets_per_bit_day * bits * duration_s / SECONDS_PER_DAY


# Fluxes of neutrons above 10 MeV, in 1 / (cm**2 h): the reference of JESD89A at sea level in New York,
# and the nominal one of IEC 62396-1 at 12.2 km and 45 degrees.
_SEA_LEVEL_FLUX, _AIRCRAFT_FLUX = 13.0, 6000.0

PUBLISHED_RATES = {
    place.name: place
    for place in (
        PublishedRate(
            "sea-level",
            bit_day_rate(1200),
            "IEC 61508: soft errors of embedded memories, 700 to 1200 FIT/Mbit; the upper end",
        ),
        PublishedRate(
            "aircraft",
            bit_day_rate(1200 * _AIRCRAFT_FLUX / _SEA_LEVEL_FLUX),
            "derived, not measured: sea-level scaled by the neutron flux above 10 MeV, 6000 / (cm2 h) "
            "at 12.2 km and 45 degrees (IEC 62396-1) to 13 / (cm2 h) in New York (JEDEC JESD89A)",
        ),
        PublishedRate(
            "low-earth-orbit",
            4.04e-7,
            "Bentoutou, A review of in-orbit observations of radiation-induced effects in commercial "
            "memories onboard Alsat-1: 4.04e-7 SEU/bit/day over eight years",
        ),
    )
}


def read_rate(text: str) -> float:
    """Upsets for each bit and day.

    >>> read_rate("4e-7") == read_rate("4e-7upsets/bit/day")
    True

    Args:
        text: A number, one with a unit, as "1200FIT/Mbit", or a name of PUBLISHED_RATES.

    Raises:
        WorkbenchError: The text is none of these, or the rate is negative or not finite.
    """
    expect(text, str, "a rate of upsets", 'text, as "1200FIT/Mbit"')
    words = unquote(text).strip()
    if words in PUBLISHED_RATES:
        return PUBLISHED_RATES[words].upsets_per_bit_day
    unit = next((unit for unit in (_FIT_UNIT, _DAY_UNIT) if words.endswith(unit)), "")
    try:
        rate = float(words.removesuffix(unit))
    except ValueError:
        rate = math.nan
    if not 0 <= rate < math.inf:
        near = closest(words, PUBLISHED_RATES)
        if near:
            raise WorkbenchError(f"{text!r} is no rate of upsets; did you mean {near}?")
        raise WorkbenchError(
            f"{text!r} is no rate of upsets; give a number of {_DAY_UNIT}, one with {_FIT_UNIT} behind "
            f"it, or {', '.join(PUBLISHED_RATES)}"
        )
    return bit_day_rate(rate) if unit == _FIT_UNIT else rate
