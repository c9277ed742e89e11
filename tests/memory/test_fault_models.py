"""Every fault model on random programs: where it strikes, how often, and that trials are pure."""

import numpy as np
import pytest
from fault_plans import MAKERS, random_plan, trials_of
from hypothesis import given, settings
from programs import random_program, seeds

from workbench.memory.faults.events import CLEAR, FLIP, SET
from workbench.memory.faults.fault_registry import fault_names
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image


def test_every_model_has_random_plans() -> None:
    assert set(MAKERS) == set(fault_names())


@pytest.mark.parametrize("name", sorted(set(fault_names()) - {"poisson"}))
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_bits_are_candidates_and_none_is_hit_twice(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sites = Sites(Image.of(random_program(seed)))
    plan = random_plan(rng, sites, name)
    indexes, events = trials_of(plan, sites, 9)
    assert np.isin(events.position, plan.candidates(sites)).all()
    hits = np.stack([events.trial, events.position], axis=1)
    assert len(np.unique(hits, axis=0)) == len(hits)
    order = np.lexsort((events.position, events.frame, events.trial))
    np.testing.assert_array_equal(order, np.arange(len(order)))
    assert ((events.trial >= 0) & (events.trial < len(indexes))).all() and (events.frame >= 0).all()
    assert np.isin(events.action, [FLIP, CLEAR, SET]).all()
    assert [column.dtype for column in events] == [np.int64] * 3 + [np.uint8]


@pytest.mark.parametrize("name", sorted(fault_names()))
@settings(max_examples=12, deadline=None)
@given(seed=seeds)
def test_a_trial_is_a_pure_function_of_plan_and_number(name: str, seed: int) -> None:
    """Also of the text of the plan, and of nothing that was drawn before or beside it."""
    rng = np.random.default_rng(seed)
    program = random_program(seed)
    sites = Sites(Image.of(program))
    plan = random_plan(rng, sites, name)
    indexes, events = trials_of(plan, sites, 7)
    again = Plan.parse(str(plan))
    assert again == plan and again.hash == plan.hash and str(again) == str(plan)
    mixed = rng.permutation(len(indexes))
    shuffled = again.events(Sites(Image.of(program)), indexes[mixed])
    for place, number in enumerate(mixed):
        one, other = events.of_trials(number, number + 1), shuffled.of_trials(place, place + 1)
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
