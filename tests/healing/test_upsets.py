"""Arrivals, strategies and what they cost."""

import math

import numpy as np
import pytest
from programs import random_program

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import open_voice
from workbench.healing.overheads import Overheads, overheads
from workbench.healing.strategies.named import NAMED, crc_scrub, named, nothing, scrub
from workbench.memory.faults.arrivals import expected_upsets
from workbench.memory.faults.poisson import poisson_upsets

BITS = np.arange(100, 164)


def test_arrivals_are_a_poisson_process() -> None:
    """Mean, variance and spread over frames and bits within five standard deviations."""
    devices, frames, mean = 2000, 50, 3.0
    fleet = [
        poisson_upsets(BITS, frames=frames, mean_upsets=mean, seed=1, device=n)
        for n in range(devices)
    ]
    counts = np.array([len(upsets) for upsets in fleet])
    assert abs(counts.mean() - mean) < 5 * math.sqrt(mean / devices)
    assert abs(counts.var() - mean) < 5 * math.sqrt((mean + 2 * mean**2) / devices)
    total = counts.sum()
    for values, size in (
        ([upset.frame for upsets in fleet for upset in upsets], frames),
        ([upset.position - 100 for upsets in fleet for upset in upsets], len(BITS)),
    ):
        occurrences = np.bincount(values, minlength=size)
        assert len(occurrences) == size
        expected = total / size
        chi_squared = np.sum((occurrences - expected) ** 2 / expected)
        assert chi_squared < size + 5 * math.sqrt(2 * size)


def test_a_schedule_is_a_function_of_its_seed_and_device() -> None:
    first = poisson_upsets(BITS, frames=50, mean_upsets=9, seed=1)
    assert first == poisson_upsets(BITS, frames=50, mean_upsets=9, seed=1, device=0)
    assert first != poisson_upsets(BITS, frames=50, mean_upsets=9, seed=2)
    assert first != poisson_upsets(BITS, frames=50, mean_upsets=9, seed=1, device=1)
    assert list(first) == sorted(first, key=lambda upset: upset.frame)
    assert poisson_upsets(BITS, frames=50, mean_upsets=0, seed=1) == ()


def test_the_mean_has_its_units() -> None:
    assert expected_upsets(2.0, bits=1000, duration_s=43_200.0) == 1000.0


@pytest.mark.parametrize("mean", [-1.0, math.nan, math.inf, 1e9])
def test_a_mean_that_is_none_is_refused(mean: float) -> None:
    with pytest.raises(WorkbenchError, match="cannot schedule"):
        poisson_upsets(BITS, frames=5, mean_upsets=mean, seed=0)


def test_strategies_that_do_not_exist_are_refused() -> None:
    with pytest.raises(WorkbenchError, match=r"no strategy 'prayer'; .*compare --list"):
        named("prayer")
    with pytest.raises(WorkbenchError, match="cannot check 0 units"):
        crc_scrub(0)
    with pytest.raises(WorkbenchError, match="at most 4096"):
        crc_scrub(10**9)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_overheads_count_every_byte_that_is_not_the_generator(name: str) -> None:
    strategy = named(name)
    layout = strategy.image(open_voice().program).layout
    cost = overheads(layout, strategy)
    bare = layout.working_bytes + layout.sections["state"].size_bytes
    golden = layout.sections["golden"].size_bytes
    assert cost.golden_bytes in (0, golden)
    if strategy.heals:
        added = cost.check_bytes + cost.ram_bytes + cost.version_bytes
        assert added == layout.size_bytes - bare - golden


def test_overheads_tell_how_long_a_scan_takes() -> None:
    strategy = scrub("crc32", 2, unit_bytes=32)
    layout = strategy.image(random_program(4)).layout
    cost = overheads(layout, strategy)
    pages = layout.watches[0].units
    assert (cost.frames_per_scan - 1) * 2 < pages <= cost.frames_per_scan * 2
    assert cost.bytes_per_frame == 64
    assert overheads(layout, nothing()) == Overheads(0, 0, 0, 0, None)
