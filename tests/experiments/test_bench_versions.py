"""`bench versions`: a proof in bounded steps on an emulated core, and erasures that stay within their bound."""

import pytest

from workbench.experiments.bench.versions import proofs, wear
from workbench.firmware.boards import CORES


def test_a_proof_is_cut_into_bounded_steps() -> None:
    (one,) = proofs([CORES["m4"]], 4096, 256)
    (other,) = proofs([CORES["m4"]], 4096, 1024)
    assert one.worst_step < other.worst_step < one.instructions < 1.2 * other.instructions
    assert 5 < one.per_byte < 40 and one.opened > 0 and one.as_json()["per_byte"] == one.per_byte


@pytest.mark.parametrize("rate", ["0", "low-earth-orbit"])
def test_no_sector_is_erased_more_often_than_the_bound_says(rate: str) -> None:
    life = wear(years=1, installations_a_year=40, rate=rate, content_bits=800_000, sector_bytes=512)
    assert life.installations == 40 and life.starts == 365 + 40
    assert 0 < life.journal <= life.bound[0] and 0 < life.slot <= life.bound[1]
    assert (life.fallen_back > 0) == (rate != "0")
    # Four to five records an installation and one for each version that was lost, and no start writes any.
    assert 3 * 40 <= life.records <= 5 * 40 + life.fallen_back


def test_a_device_that_gets_nothing_new_erases_nothing() -> None:
    life = wear(years=1, installations_a_year=1, rate="0", content_bits=1)
    assert life.records <= 5 and life.slot == 1 and life.journal <= 1
