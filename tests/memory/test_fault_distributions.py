"""Fault models are distributed as they say: exact small cases, chi-squares, geometry by hand."""

from collections import Counter
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_program, seeds

from workbench.memory.faults.bits import Each, Flips, Stuck
from workbench.memory.faults.events import CLEAR, SET, Events
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.rates import UNDERVOLTED, Ber, Retention, Weak, failure_probability
from workbench.memory.faults.space import Burst, Mbu, neighbours
from workbench.memory.faults.time import Arrive, Transient
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image

SITES = Sites(Image.of(random_program(4)))


def drawn(plan: Plan, trials: int, sites: Sites = SITES) -> Events:
    return plan.events(sites, np.arange(trials))


def assert_uniform(values: np.ndarray, choices: np.ndarray) -> None:
    """Each of `choices` about equally often: chi-squared within five standard deviations."""
    counts = np.bincount(np.searchsorted(choices, values), minlength=len(choices))
    expected = len(values) / len(choices)
    chi_squared = np.sum((counts - expected) ** 2 / expected)
    freedom = len(choices) - 1
    assert chi_squared < freedom + 5 * np.sqrt(2 * max(1, freedom))


@pytest.mark.parametrize(
    "plan",
    [
        Plan(Flips(5), 1, ("weights",)), Plan(Stuck(5), 1, ("weights",)),
        Plan(Ber(2e-3), 1, ("weights",)), Plan(Transient(5, 7), 1),
        Plan(Arrive(1e-5, 7, 3e8), 1, ("weights",)),
    ],
    ids=str,
)  # fmt: skip
def test_every_candidate_is_hit_equally_often(plan: Plan) -> None:
    assert_uniform(drawn(plan, 4000).position, plan.candidates(SITES))


def test_each_candidate_has_its_trial() -> None:
    plan = Plan(Each("clear", 3), sections=("bias",))
    events = drawn(plan, plan.size(SITES) or 0)
    np.testing.assert_array_equal(events.position, plan.candidates(SITES))
    assert set(events.frame.tolist()) == {3} and set(events.action.tolist()) == {CLEAR}


def test_stuck_cells_take_both_values() -> None:
    actions = drawn(Plan(Stuck(4), 3), 3000).action
    assert set(actions.tolist()) == {CLEAR, SET}
    assert abs((actions == SET).mean() - 0.5) < 5 * 0.5 / np.sqrt(len(actions))
    assert set(drawn(Plan(Stuck(4, "0"), 3), 50).action.tolist()) == {CLEAR}
    assert set(drawn(Plan(Stuck(4, "1"), 3), 50).action.tolist()) == {SET}


def test_bit_errors_are_independent_bits() -> None:
    """On four bits every one of the sixteen outcomes has its exact probability."""
    operator = next(p for p in SITES.layout.places if p.section == "shift").operator
    plan = Plan(Ber(0.3), 5, ("shift",), (operator,), (0,))
    candidates = plan.candidates(SITES)[:4]
    trials = 20_000
    events = plan.model.events(SITES, candidates, "x", 5, np.arange(trials))
    key = np.bincount(
        events.trial, 2.0 ** np.searchsorted(candidates, events.position), minlength=trials
    ).astype(int)
    n = len(candidates)
    for outcome in range(2**n):
        ones = outcome.bit_count()
        exact = 0.3**ones * 0.7 ** (n - ones)
        deviation = np.sqrt(exact * (1 - exact) / trials)
        assert abs((key == outcome).mean() - exact) < 5 * deviation


def test_numbers_of_bit_errors_are_binomial() -> None:
    plan = Plan(Ber(1e-3), 2)
    size, trials = len(plan.candidates(SITES)), 20_000
    counts = np.bincount(drawn(plan, trials).trial, minlength=trials)
    for k in range(12):
        exact = comb(size, k) * 1e-3**k * (1 - 1e-3) ** (size - k)
        assert abs((counts == k).mean() - exact) < 5 * np.sqrt(exact / trials) + 1e-9
    assert len(drawn(Plan(Ber(0.0)), 5).trial) == 0
    assert len(drawn(Plan(Ber(1.0)), 2).trial) == 2 * size


def test_retention_loses_ones_and_zeros_at_their_rates() -> None:
    plan, trials = Plan(Retention(0.01, 0.002), 2), 2000
    candidates, position = plan.candidates(SITES), drawn(plan, trials).position
    for value, rate in ((1, 0.01), (0, 0.002)):
        having = (SITES.data[candidates >> 3] >> (candidates & 7) & 1 == value).sum()
        lost = (SITES.data[position >> 3] >> (position & 7) & 1 == value).sum()
        mean = rate * having * trials
        assert abs(lost - mean) < 5 * np.sqrt(mean)
    only_ones = drawn(Plan(Retention(0.05), 2), 50).position
    assert (SITES.data[only_ones >> 3] >> (only_ones & 7) & 1 == 1).all()
    # What is stored counts, not what was stored once.
    flipped = Sites(SITES.image.flip(candidates))
    position = drawn(Plan(Retention(0.05), 2), 50, flipped).position
    assert (SITES.data[position >> 3] >> (position & 7) & 1 == 0).all()


@pytest.mark.parametrize("chip", UNDERVOLTED)
def test_weak_cells_are_nested_and_as_many_as_measured(chip: str) -> None:
    bits, cells = UNDERVOLTED[chip]
    volts = sorted(cells)
    devices = 3000
    steps = [*volts, volts[0] + 0.003, volts[0] + 0.0071]
    maps = {}
    for v in steps:
        events = drawn(Plan(Weak(v, chip), 1, ("weights", "bias", "state")), devices)
        maps[v] = set(
            zip(
                events.trial.tolist(), events.position.tolist(), events.action.tolist(), strict=True
            )
        )
        size = len(Plan(Weak(v, chip), 1, ("weights", "bias", "state")).candidates(SITES))
        mean = float(failure_probability(chip, v)) * size * devices
        assert abs(len(maps[v]) - mean) < 5 * np.sqrt(mean) + 1
    for lower, higher in zip(sorted(steps), sorted(steps)[1:], strict=False):
        assert maps[higher] <= maps[lower]
    assert failure_probability(chip, 1.0) == 0
    assert failure_probability(chip, volts[0]) * bits == cells[volts[0]]
    between = failure_probability(chip, (volts[0] + volts[1]) / 2) * bits
    assert abs(float(between) / np.sqrt(cells[volts[0]] * cells[volts[1]]) - 1) < 1e-9


def test_a_weak_map_belongs_to_the_device_not_to_the_question() -> None:
    """Cells of a section are those of the whole map that lie there, with the same values."""
    whole = drawn(Plan(Weak(0.54), 9, ("weights", "bias", "state", "healer")), 2000)
    part = drawn(Plan(Weak(0.54), 9, ("state",)), 2000)
    inside = np.isin(whole.position, Plan(Weak(0.54), 9, ("state",)).candidates(SITES))
    assert inside.any()
    for column, expected in zip(part, whole, strict=True):
        np.testing.assert_array_equal(column, expected[inside])


def test_a_burst_is_one_run() -> None:
    plan = Plan(Burst(6), 1)
    events = drawn(plan, 3000)
    runs = events.position.reshape(-1, 6)
    assert (np.diff(runs, axis=1) == 1).all()
    candidates = plan.candidates(SITES)
    starts = candidates[np.isin(candidates + 5, candidates)]
    starts = starts[np.isin(starts[:, None] + np.arange(6), candidates).all(axis=1)]
    assert np.isin(runs[:, 0], starts).all()
    assert_uniform(runs[:, 0], starts)


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 5000), word=st.integers(1, 40), interleave=st.integers(1, 9))
def test_neighbours_by_drawing_the_array(position: int, word: int, interleave: int) -> None:
    """Against a grid that is filled cell by cell, as the docstring describes it."""
    rows = 5000 // (word * interleave) + 3
    grid = np.array(
        [
            [((r * interleave + w) * word) + b for b in range(word) for w in range(interleave)]
            for r in range(rows)
        ]
    )
    r, c = (int(axis[0]) for axis in np.nonzero(grid == position))
    expected = [
        int(grid[y, x]) if y >= 0 and 0 <= x < grid.shape[1] else -1
        for y, x in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1))
    ]
    cells = neighbours(np.array([position]), word, interleave)[0].tolist()
    assert cells == expected
    if interleave > 1:  # cells side by side are of different words
        assert all(cell // word != position // word for cell in cells[2:] if cell >= 0)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, cells=st.integers(1, 7))
def test_cells_of_an_upset_hang_together(seed: int, cells: int) -> None:
    sites = Sites(Image.of(random_program(seed)))
    rng = np.random.default_rng(seed)
    model = Mbu(cells, int(rng.choice([8, 32])), int(rng.choice([1, 2, 4])))
    plan = Plan(model, seed, ("weights", "bias", "shift", "state", "healer", "golden"))
    if len(plan.candidates(sites)) < cells:
        return
    events = drawn(plan, 20, sites)
    for trial in range(20):
        left = set(events.position[events.trial == trial].tolist())
        assert 1 <= len(left) <= cells
        reached, sram = {left.pop()}, 8 * sites.layout.sram_bytes
        assert len({position < sram for position in reached | left}) == 1
        while left:
            around = neighbours(np.array(sorted(reached)), model.word, model.interleave)
            connected = left & set(around.reshape(-1).tolist())
            assert connected, "a cell that hangs on none of the others"
            reached, left = reached | connected, left - connected


def test_small_upsets_have_the_shapes_that_growing_gives() -> None:
    """Far from any edge: two cells lie side by side or above each other, half and half."""
    plan = Plan(Mbu(2, 32, 4), 1, ("weights",))
    events = drawn(plan, 4000)
    pairs = [events.position[events.trial == t] for t in range(400)]
    kinds = Counter(int(pair[1] - pair[0]) == 128 for pair in pairs if len(pair) == 2)
    assert sum(kinds.values()) > 390 and 120 < kinds[True] < 280


def test_transients_are_spread_over_frames() -> None:
    events = drawn(Plan(Transient(3, 11), 4), 4000)
    assert_uniform(events.frame, np.arange(11))
    assert len(events.trial) == 12_000


def test_arrivals_are_a_poisson_process_without_repeats() -> None:
    plan, trials = Plan(Arrive(1e-5, 20, 4e6), 3), 6000
    model = plan.model
    assert isinstance(model, Arrive)
    mean = model.mean(SITES, plan.candidates(SITES))
    assert mean == pytest.approx(
        1e-5 * 4e6 * len(plan.candidates(SITES)) * (20 / 100.0) / 86_400, rel=1e-12
    )
    events = drawn(plan, trials)
    counts = np.bincount(events.trial, minlength=trials)
    assert abs(counts.mean() - mean) < 5 * np.sqrt(mean / trials)
    assert abs(counts.var() - mean) < 5 * np.sqrt((mean + 2 * mean**2) / trials)
    assert_uniform(events.frame, np.arange(20))
    # So fast that most bits are hit, and again: the first hit stays, early frames have more.
    fast = drawn(Plan(Arrive(1e-5, 20, 1e12), 3), 3)
    hits = np.stack([fast.trial, fast.position], axis=1)
    assert len(np.unique(hits, axis=0)) == len(hits)
    assert (fast.frame < 10).mean() > 0.9
