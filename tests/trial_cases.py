"""Random trials of random programs, and their comparison with the plain reference."""

from __future__ import annotations

import numpy as np
from programs import random_inputs, random_program

from workbench.integer import reference
from workbench.integer.native.model import unsupported
from workbench.integer.program import Program
from workbench.memory.faults.events import Events, sorted_events
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.places import STATE, WORKING_SECTIONS
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.truth import play

FRAMES = 4


def small_program(seed: int) -> Program:
    """A random program that the native engine runs."""
    while unsupported(random_program(seed, 8)):
        seed += 1
    return random_program(seed, 8)


def random_events(sites: Sites, rng: np.random.Generator, trials: int) -> Events:
    """Anything anywhere: stored bits of every section, transient ones, stuck ones, bits hit again."""
    count = int(rng.choice([trials, 3 * trials, 20 * trials]))
    transient = rng.random(count) < rng.choice([0.0, 0.3, 1.0])
    stop = np.where(transient, sites.size, sites.transients.first)
    start = np.where(transient, sites.transients.first, 0)
    position = rng.integers(start, np.maximum(stop, start + 1)) % sites.size
    working = 8 * sites.layout.sections["healer"].start
    if working and rng.random() < 0.7:  # where the sound depends on
        position = np.where(transient, position, position % working)
    if rng.random() < 0.3:
        position[1::2] = position[: len(position[1::2])]
    frame = rng.integers(0, FRAMES + 1, count) * (rng.random() < 0.7)
    action = rng.integers(0, 3, count) * (rng.random() < 0.7)
    return sorted_events(rng.integers(0, trials, count), frame, position, action)


def events_everywhere(sites: Sites, rng: np.random.Generator, trials: int, frames: int) -> Events:
    """As often in a small tensor as in a large one: parameters, states, codes, sums, in any frame, some stuck."""
    stored = [p for p in sites.layout.places if p.section in (*WORKING_SECTIONS, STATE)]
    ranges = [(8 * place.start, 8 * (place.start + place.size_bytes)) for place in stored]
    ranges += [(place.first, place.first + place.size) for place in sites.transients.places]
    count = int(rng.choice([1, 3, 12])) * trials
    start, stop = np.array(ranges)[rng.integers(0, len(ranges), count)].T
    frame = rng.integers(0, frames + 1, count) * (rng.random() < 0.7)
    action = rng.integers(0, 3, count) * (rng.random() < 0.5)
    return sorted_events(rng.integers(0, trials, count), frame, rng.integers(start, stop), action)


def random_case(seed: int) -> tuple[Image, dict[str, np.ndarray], Events, int]:
    rng = np.random.default_rng(seed)
    image = Image.of(small_program(seed))
    inputs = random_inputs(image.program, seed, FRAMES)
    if rng.random() < 0.3:
        image = image.flip(rng.integers(0, 8 * image.layout.size_bytes, 5))
    trials = int(rng.integers(1, 6))
    return image, inputs, random_events(Sites(image), rng, trials), trials


def check_against_the_truth(lab: Laboratory, events: Events, trials: int) -> np.ndarray:
    """All columns of the outcomes and all sounds; returns the outcomes."""
    truth = np.stack(
        [play(lab.image, lab.inputs, events.of_trials(t, t + 1)) for t in range(trials)]
    )
    np.testing.assert_array_equal(lab.sounds(events, trials), truth)
    clean = reference.run(lab.image.program, lab.inputs)[lab.image.program.output][0]
    error = truth.astype(np.int64) - clean
    outcomes = lab.outcomes(events, trials)
    rows = error.any(axis=2)
    np.testing.assert_array_equal(outcomes["differing"], rows.sum(axis=1))
    first = np.where(rows.any(axis=1), rows.argmax(axis=1), -1)
    np.testing.assert_array_equal(outcomes["first"], first)
    np.testing.assert_array_equal(outcomes["max_error"], np.abs(error).max(axis=(1, 2)))
    np.testing.assert_array_equal(outcomes["error_energy"], (error**2).sum(axis=(1, 2)))
    return outcomes
