"""Flips that an image draws are the trials of the fault model `flips`, for any choice of places."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_program, seeds

from workbench.errors import WorkbenchError
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS

SECTIONS = ("state", "golden", "check", *WORKING_SECTIONS)


@settings(max_examples=60)
@given(
    program=seeds,
    sections=st.lists(st.sampled_from(SECTIONS), max_size=2, unique=True),
    one_operator=st.integers(0, 3),
    bits=st.lists(st.integers(0, 9), max_size=2, unique=True),
    count=st.integers(0, 3),
    seed=st.integers(0, 9),
    trial=st.integers(0, 2**64 - 1),
)
def test_they_are_what_the_plan_draws(
    program: int,
    sections: list[str],
    one_operator: int,
    bits: list[int],
    count: int,
    seed: int,
    trial: int,
) -> None:
    image = Image.of(random_program(program))
    names = [operator.name for operator in image.program.operators]
    operators = tuple(names[one_operator - 1 : one_operator]) if one_operator else ()
    plan = Plan(Flips(count), seed, tuple(sections), operators, tuple(bits))
    sites, indexes = Sites(image), np.array([trial], np.uint64)
    try:
        expected = plan.events(sites, indexes).position
    except WorkbenchError as refused:
        expected, reason = None, str(refused)
    try:
        flipped = image.flip(
            section=sections, operator=operators, bits=bits, count=count, seed=seed, trial=trial
        )
    except WorkbenchError as refused:
        assert expected is None
        nothing = "it has"  # and then what: an image has no transient bits
        assert str(refused).partition(nothing)[0] == reason.partition(nothing)[0] or (
            "bits match" in str(refused) and "do not fit in" in reason
        )
        return
    assert expected is not None
    np.testing.assert_array_equal(flipped.flipped(), expected)
    assert flipped.drawn is not None
    assert (flipped.drawn.plan, flipped.drawn.trial) == (str(plan), trial)
    assert flipped.drawn.image == image.content_hash


@settings(max_examples=20)
@given(seeds)
def test_a_tensor_is_its_section(seed: int) -> None:
    image = Image.of(random_program(seed))
    for place in image.layout.places:
        if place.section in WORKING_SECTIONS and place.size_bytes:
            one = image.flip(operator=place.operator, tensor=place.tensor, seed=seed)
            same = image.flip(operator=place.operator, section=place.section, seed=seed)
            (position,) = one.flipped()
            assert one.drawn == same.drawn and image.site(position).tensor == place.tensor
