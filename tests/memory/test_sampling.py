"""Trials are pure functions of plan and number, and their identifiers repeat them (promise 5)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds

from workbench.errors import WorkbenchError
from workbench.memory.image import Image
from workbench.memory.layout import SECTIONS, WORKING_SECTIONS
from workbench.memory.sampling import Plan, TrialId
from workbench.memory.trials import run_trials

GOLDEN = ([1278, 2414, 3282, 4196, 5191, 5346], [1472, 1611, 2742, 4487, 4838, 6364])

labels = st.text(min_size=1, max_size=8)
plans = st.builds(
    Plan,
    flips=st.integers(0, 2000),
    seed=st.integers(0, 2**32),
    sections=st.lists(st.sampled_from(SECTIONS), unique=True, max_size=3).map(tuple),
    operators=st.lists(labels, max_size=3).map(tuple),
    bits=st.lists(st.integers(0, 31), max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, share=st.floats(0, 1), data=st.data())
def test_a_trial_never_repeats_a_bit_and_stays_where_it_may(
    seed: int, share: float, data: st.DataObject
) -> None:
    layout = Image.of(random_program(seed)).layout
    sections = tuple(s for s in WORKING_SECTIONS if layout.sections[s].size_bytes)
    if not sections:
        return
    chosen = tuple(data.draw(st.sets(st.sampled_from(sections), min_size=1)))
    bits = tuple(data.draw(st.sets(st.integers(0, 3), max_size=2)))
    everything = Plan(0, seed, chosen, bits=bits).candidates(layout)
    plan = Plan(round(share * len(everything)), seed, chosen, bits=bits)
    first, second = plan.faults(layout, [0, 1])
    assert len(set(first.tolist())) == len(first) == plan.flips
    assert set(first.tolist()) <= set(everything.tolist())
    for position in first[:20]:
        site = layout.site(int(position))
        assert site.section in chosen and (not bits or site.bit in bits)
    np.testing.assert_array_equal(plan.faults(layout, [1, 0])[0], second)
    if plan.flips == len(everything):
        np.testing.assert_array_equal(first, everything)


def test_every_bit_is_drawn_equally_often() -> None:
    layout = Image.of(random_program(4)).layout
    plan = Plan(5, 1, sections=("weights",))
    candidates = plan.candidates(layout)
    draws = 3000
    counts = np.bincount(
        np.searchsorted(candidates, np.concatenate(plan.faults(layout, range(draws)))),
        minlength=len(candidates),
    )
    expected = draws * plan.flips / len(candidates)
    chi_squared = np.sum((counts - expected) ** 2 / expected)
    # Mean n - 1 and variance 2 (n - 1): five standard deviations.
    assert chi_squared < len(candidates) + 5 * np.sqrt(2 * len(candidates))


def test_known_trials_stay_what_they_are() -> None:
    """Golden vectors, made by this function at version 0.1.0: identifiers are kept for years."""
    layout = Image.of(random_program(4)).layout
    first, second = Plan(6, 7).faults(layout, [0, 3])
    assert (first.tolist(), second.tolist()) == GOLDEN


@given(plan=plans, word=labels, index=st.integers(0, 2**40), digest=st.integers(0, 16**12 - 1))
def test_an_identifier_reads_back(plan: Plan, word: str, index: int, digest: int) -> None:
    trial = TrialId(f"{digest:012x}", word, plan, index)
    text = str(trial)
    assert TrialId.parse(text) == trial
    assert text.isascii() and not set(text) & set(" \n'\"$&;/\\")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0123456789ab",
        "0123456789ab,word=3,flips=1,seed=1",
        "0123456789ab,word=3,flips=x,seed=1,trial=0",
        "0123456789ab,word=3,flips=1,seed=1,trial=0,more=1",
        "0123456789ab,word=3,flips=1,seed=1,trial=-1",
        "0123,word=3,flips=1,seed=1,trial=0",
    ],
)
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(WorkbenchError, match="not the identifier of a trial"):
        TrialId.parse(text)


def test_a_trial_replays_against_its_image_and_no_other() -> None:
    image, other = Image.of(random_program(4)), Image.of(random_program(5))
    inputs = random_inputs(image.program, 4, 3)
    trial = TrialId.of(image, "3", Plan(9, 7), 2)
    made = run_trials(image, trial.plan.faults(image.layout, [trial.index]), inputs)
    again = TrialId.parse(str(trial))
    again.check(Image.of(random_program(4)))
    replayed = run_trials(image, again.plan.faults(image.layout, [again.index]), inputs)
    np.testing.assert_array_equal(made, replayed)
    for wrong in (other, image.flip([0]), Image.of(random_program(4), page_bytes=64)):
        with pytest.raises(WorkbenchError, match="the trial belongs to image"):
            again.check(wrong)


def test_places_that_do_not_exist_are_refused_by_name() -> None:
    layout = Image.of(random_program(4)).layout
    with pytest.raises(WorkbenchError, match="no section 'heap'"):
        Plan(1, 0, sections=("heap",)).candidates(layout)
    with pytest.raises(WorkbenchError, match="no operator 'nobody'"):
        Plan(1, 0, operators=("nobody",)).candidates(layout)
    with pytest.raises(WorkbenchError, match=r"has a bit 9; .* choose 0 to 7"):
        Plan(1, 0, sections=("shift",), bits=(9,)).candidates(layout)
    with pytest.raises(
        WorkbenchError, match=r"healer has nothing in the section weights; .*healer"
    ):
        Plan(1, 0, sections=("weights",), operators=("healer",)).candidates(layout)
    with pytest.raises(WorkbenchError, match="do not fit"):
        Plan(10**7, 0).candidates(layout)
