"""Units of upset rates and where the published ones come from."""

import pytest

from workbench.errors import WorkbenchError
from workbench.memory.faults.arrivals import (
    PUBLISHED_RATES,
    bit_day_rate,
    expected_upsets,
    read_rate,
)


def test_units_by_hand() -> None:
    """1 FIT/Mbit is one upset in 10**9 hours and 10**6 bits: 24e-15 for a bit and a day."""
    assert bit_day_rate(1.0) == pytest.approx(2.4e-14, rel=1e-12)
    assert read_rate("1000FIT/Mbit") == read_rate("1000 FIT/Mbit") == bit_day_rate(1000)
    assert read_rate("4.04e-7upsets/bit/day") == read_rate("4.04e-7") == 4.04e-7
    # A megabit in low Earth orbit, one day.
    rate = read_rate("low-earth-orbit")
    assert expected_upsets(rate, bits=10**6, duration_s=86_400) == pytest.approx(0.404)


def test_environments_grow_harsher_and_name_their_source() -> None:
    rates = [PUBLISHED_RATES[n].upsets_per_bit_day for n in ("sea-level", "aircraft", "low-earth-orbit")]  # fmt: skip
    assert rates == sorted(rates) and len(set(rates)) == 3
    assert rates[0] == pytest.approx(1200 * 2.4e-14)
    assert rates[1] / rates[0] == pytest.approx(6000 / 13)
    assert all(place.source for place in PUBLISHED_RATES.values())


@pytest.mark.parametrize("text", ["", "fast", "-1", "nan", "inf", "3 per day", "1FIT/Mbitupsets/bit/day"])  # fmt: skip
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(
        WorkbenchError, match="is no rate of upsets; give a number of upsets/bit/day"
    ):
        read_rate(text)
