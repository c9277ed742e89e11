"""Transient bits: every one has one name and one position, behind the image."""

import numpy as np
import pytest
from hypothesis import given, settings
from programs import random_program, seeds

from workbench.errors import WorkbenchError
from workbench.integer.operators import Conv
from workbench.memory.faults.events import CLEAR, FLIP, SET, sorted_events
from workbench.memory.faults.transients import OUTPUT, Sites
from workbench.memory.image import Image


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_positions_are_dense_and_lead_back(seed: int) -> None:
    sites = Sites(Image.of(random_program(seed)))
    transients, program = sites.transients, sites.program
    assert transients.first == 8 * sites.layout.size_bytes
    everything = np.arange(transients.first, transients.first + transients.size)
    number, element, bit = transients.locate(everything)
    # Each (place, element, bit) once, in order.
    key = np.lexsort((bit, element, number))
    np.testing.assert_array_equal(key, np.arange(len(key)))
    for position in np.random.default_rng(seed).choice(everything, 30):
        n, e, b = (int(v[position - transients.first]) for v in (number, element, bit))
        place = transients.places[n]
        index = tuple(int(i) for i in np.unravel_index(e, place.shape))
        assert transients.position(place.operator, place.tensor, index, b) == position
        inside = ", ".join(map(str, index))
        assert sites.site(int(position)) == f"{place.operator} {place.tensor}[{inside}] bit {b}"
    convolutions = [o.name for o in program.operators if isinstance(o, Conv)]
    assert [p.operator for p in transients.places if p.tensor == "accumulator"] == convolutions
    assert transients.places[-1].operator == OUTPUT
    assert transients.places[-1].signal == program.output
    # Names are unique although an operator may read one signal twice.
    assert len({str(place) for place in transients.places}) == len(transients.places)


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_stored_and_transient_bits_are_located_in_one_call(seed: int) -> None:
    sites = Sites(Image.of(random_program(seed)))
    rng = np.random.default_rng(seed)
    positions = rng.integers(0, sites.size, 60)
    number, element, bit = sites.locate(positions)
    for position, n, e, b in zip(positions, number, element, bit, strict=True):
        name = sites.site(int(position))
        if n < 0:
            assert name.startswith("padding")
            continue
        place = sites.places[n]
        index = ", ".join(str(i) for i in np.unravel_index(e, place.shape))
        assert place.operator in name and place.tensor in name
        assert name.endswith(f"[{index}] bit {b}")


def test_what_is_no_transient_bit_is_refused() -> None:
    sites = Sites(Image.of(random_program(4)))
    transients = sites.transients
    for position in (-1, transients.first - 1, sites.size):
        with pytest.raises(WorkbenchError, match="is no transient bit"):
            transients.locate(np.array([position]))
    place = transients.places[0]
    with pytest.raises(WorkbenchError, match="is not in it"):
        transients.position(place.operator, place.tensor, (0,) * len(place.shape), place.bits)
    with pytest.raises(WorkbenchError, match="there is no transient tensor nobody input"):
        transients.position("nobody", "input", (0,), 0)
    with pytest.raises(WorkbenchError, match="lies before the image"):
        sites.locate(np.array([-1]))


def test_events_are_sorted_and_taken_apart() -> None:
    events = sorted_events(
        np.array([2, 0, 2, 2]), np.array([1, 5, 1, 0]), np.array([9, 3, 9, 9]),
        np.array([SET, FLIP, CLEAR, FLIP]),
    )  # fmt: skip
    assert events.trial.tolist() == [0, 2, 2, 2]
    assert events.action.tolist() == [FLIP, FLIP, SET, CLEAR]
    assert events.of_trials(2, 3).frame.tolist() == [0, 1, 1]
    assert events.of_trials(1, 3).trial.tolist() == [1, 1, 1]
    assert not len(events.of_trials(1, 2).frame)
