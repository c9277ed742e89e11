"""Monitors of output statistics against plain loops over random codes, baselines and damage of what they learned."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import log2

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds
from watching_strategies import random_drift, random_hinkley, random_kl, random_quant

from workbench.errors import WorkbenchError
from workbench.integer.operators import Embed
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.integer.signals import Signal
from workbench.memory.layout import Layout
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.behaviour import Behaviour
from workbench.memory.watches.conditioned import ConditionedArea
from workbench.memory.watches.conditions import (
    classes_in,
    conditions_of,
    information,
    merged,
)
from workbench.memory.watches.histograms import learned_histograms
from workbench.memory.watches.logarithms import LOG2, logarithms
from workbench.memory.watches.qt_ewma import bins_of, quant_tree

FRAMES = 30


def damaged_watch(
    area: ConditionedArea, program: Program, seed: int
) -> tuple[Behaviour, np.ndarray]:
    """A monitor where it lies, and an image in which some of what it stores is wrong."""
    layout = Layout(program, areas=(area,))
    (watch,) = layout.watches
    assert isinstance(watch, Behaviour)
    data = np.zeros(layout.size_bytes, np.uint8)
    watch.sign(data, 0)
    rng = np.random.default_rng(seed)
    for place in watch.places:
        for _ in range(int(rng.integers(0, 3))):
            data[place.start + rng.integers(place.size_bytes)] ^= 1 << rng.integers(8)
    return watch, data


def clip(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


def logarithm(value: int, table: list[int]) -> int:
    if value <= 0:
        return 0
    whole = value.bit_length() - 1
    return 32 * whole + table[(value * 32 >> whole) % 32]


class PlainKl:
    """The recursion of `kl_watch`, code by code."""

    def __init__(self, watch: Behaviour, data: np.ndarray) -> None:
        self.held = {p.tensor: read_tensor(data, p).tolist() for p in watch.places}
        self.signal: Signal = watch.layout.program.signal(watch.signals[0])
        self.condition = watch.area.condition
        self.rows = [[n % 65536 for n in row] for row in self.held["histogram"]]

    def score(self, codes: np.ndarray, said: int) -> int:
        held, group = self.held, 0
        if self.condition:
            row = held["of_row"][clip(said, 0, len(held["of_row"]) - 1)]
            group = clip(row, 0, len(self.rows) - 1)
        fade, up = clip(held["window"][0], 0, 8), clip(held["window"][1], 0, 7)
        counts = [0] * 16
        for row in codes.tolist():
            for channel, code in enumerate(row):
                beyond = code - held["centre"][group][channel]
                place = beyond >> clip(held["shift"][channel], 0, 15)
                counts[clip(place + 8, 0, 15)] += 1
        now = [
            min(h - (h >> fade) + (c << up), 65535)
            for h, c in zip(self.rows[group], counts, strict=True)
        ]
        self.rows[group] = now
        total = sum(now)
        if total < codes.size << max(up + fade - 1, 0):
            return 0
        of_all = logarithm(total, held["log2"])
        parts = (
            h * (logarithm(h, held["log2"]) - of_all + clip(usual, 0, 1023))
            for h, usual in zip(now, held["usual"][group], strict=True)
        )
        return clip(sum(parts) >> max(total.bit_length() - 4, 0), 0, 1023)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_divergence_is_that_of_a_plain_loop(seed: int) -> None:
    program = random_program(seed)
    assume(Layout(program).working_bytes)  # nothing is watched of a program without parameters
    if not Layout(program, areas=()).working_bytes:
        return
    area = random_kl(np.random.default_rng(seed), program)
    watch, data = damaged_watch(area, program, seed)
    inputs = random_inputs(program, seed, FRAMES)
    codes = {name: x[0] for name, x in (run(program, inputs) | inputs).items()}
    measures = watch.measures(data, {name: codes[name] for name in watch.needs})
    memory = watch.recalled(data)
    half = FRAMES // 2  # in two pieces, as in one
    made = [watch.scores(data, memory, part) for part in (measures[:half], measures[half:])]
    plain = PlainKl(watch, data)
    signal = plain.signal
    said = codes[area.condition].reshape(-1).tolist() if area.condition else [0] * FRAMES
    frames = codes[signal.name].reshape(FRAMES, signal.rate, signal.channels)
    wanted = [plain.score(*each) for each in zip(frames, said, strict=True)]
    assert np.concatenate(made).tolist() == wanted
    assert (memory["histogram"] & 0xFFFF).tolist() == plain.rows


class PlainFeatures:
    """What monitors of features have in common, frame by frame."""

    def __init__(self, watch: Behaviour, data: np.ndarray) -> None:
        self.held = {p.tensor: read_tensor(data, p).tolist() for p in watch.places}
        self.signal: Signal = watch.layout.program.signal(watch.signals[0])
        self.condition, self.classes = watch.area.condition, watch.area.classes

    def group(self, said: int) -> int:
        if not self.condition:
            return 0
        row = self.held["of_row"][clip(said, 0, len(self.held["of_row"]) - 1)]
        return clip(row, 0, self.classes - 1)

    def logged(self, codes: np.ndarray) -> list[int]:
        flat = codes.reshape(-1).tolist()
        most = 2 ** (self.signal.bits - 1) - 1
        pairs = list(pairwise(flat))
        sizes = [min(abs(code), most) for code in flat]
        seen = [
            max(sizes),
            abs(sum(flat)),
            sum(sizes),
            min(max([abs(b - a) for a, b in pairs], default=0), most),
            sum((a < 0) != (b < 0) for a, b in pairs),
            sizes.count(most),
        ]
        return [logarithm(value + 1, self.held["log2"]) for value in seen]


class PlainDrift(PlainFeatures):
    """The recursion of `feature_drift`."""

    def score(self, codes: np.ndarray, said: int) -> int:
        held, group = self.held, self.group(said)
        slack, rate = clip(held["test"][0], 0, 63), clip(held["test"][1], 0, 8)
        for n, value in enumerate(self.logged(codes)):
            away = (value - held["usual"][group][n]) * held["gain"][group][n]
            z = clip(away >> 5, -64, 63)
            if rate:
                mean = held["mean"][n]
                held["mean"][n] = clip(mean + ((256 * z - mean) >> rate), -32768, 32767)
                z -= held["mean"][n] >> 8
            for side, each in enumerate((z, -z)):
                held["sums"][side][n] = clip(held["sums"][side][n] + each - slack, 0, 32767)
        return min(max(map(max, held["sums"])), 1023)


class PlainQuant(PlainFeatures):
    """The recursion of `qt_ewma`."""

    def score(self, codes: np.ndarray, said: int) -> int:
        held, group = self.held, self.group(said)
        fade, values = clip(held["fade"][0], 0, 8), self.logged(codes)
        place = 15
        for number in reversed(range(15)):
            feature, edge = held["feature"][group][number], held["edge"][group][number]
            if values[(-1 - feature) % 6] > edge if feature < 0 else values[feature % 6] <= edge:
                place = number
        total = 0
        for number, old in enumerate(held["average"]):
            new = old - (old >> fade) - (held["share"][group][number] >> fade)
            new = clip(new + (16384 >> fade if number == place else 0), -32768, 32767)
            held["average"][number] = new
            total += new * new >> 11
        return min(total >> 8, 1023)


@pytest.mark.parametrize(
    ("make", "plain"),
    [(random_drift, PlainDrift), (random_hinkley, PlainDrift), (random_quant, PlainQuant)],
)
@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_tests_of_features_are_those_of_a_plain_loop(
    make: Callable[..., ConditionedArea], plain: type, seed: int
) -> None:
    program = random_program(seed)
    assume(Layout(program).working_bytes)  # nothing is watched of a program without parameters
    if not Layout(program, areas=()).working_bytes:
        return
    area = make(np.random.default_rng(seed), program)
    watch, data = damaged_watch(area, program, seed)
    inputs = random_inputs(program, seed, FRAMES)
    codes = {name: x[0] for name, x in (run(program, inputs) | inputs).items()}
    measures = watch.measures(data, {name: codes[name] for name in watch.needs})
    memory = watch.recalled(data)
    half = FRAMES // 2
    made = [watch.scores(data, memory, part) for part in (measures[:half], measures[half:])]
    other = plain(watch, data)
    said = codes[area.condition].reshape(-1).tolist() if area.condition else [0] * FRAMES
    frames = codes[other.signal.name].reshape(FRAMES, other.signal.rate, other.signal.channels)
    wanted = [other.score(*each) for each in zip(frames, said, strict=True)]
    assert np.concatenate(made).tolist() == wanted
    for name, values in memory.items():
        assert values.tolist() == other.held[name]


def test_sums_that_reach_their_end_stay_there() -> None:
    """Beyond 32,767 they are cut off, frame by frame."""
    program = next(p for p in map(random_program, range(99)) if Layout(p, areas=()).working_bytes)
    area = random_drift(np.random.default_rng(0), program)
    watch, data = damaged_watch(area, program, 10**9)
    watch.sign(data, 0)
    rows = len(area.baseline) - 2 - 12 * area.classes
    baseline = (*area.baseline[:rows], *[0] * 12 * area.classes, 0, 0)
    (watch,) = Layout(program, areas=(replace(area, baseline=baseline),)).watches
    data[:] = 0
    watch.sign(data, 0)
    memory = watch.recalled(data)
    z = np.where(np.arange(1200) < 700, 63, -64)[:, None].repeat(6, axis=1)
    watch.scores(data, memory, z)
    assert memory["sums"].tolist() == [[32767 - 500 * 64] * 6, [500 * 64] * 6]


def test_a_tree_cuts_frames_into_bins_of_about_as_many() -> None:
    rng = np.random.default_rng(2)
    frames = rng.normal(200, 60, (4000, 6)).round().astype(np.int64)
    frames[:, 5] = 0  # nothing can be cut there
    feature, edge = quant_tree(frames, rng)
    shape = (len(frames), 15)
    places = bins_of(frames, np.broadcast_to(feature, shape), np.broadcast_to(edge, shape))
    assert np.abs(np.bincount(places, minlength=16) - 250).max() < 70


def test_a_divergence_is_about_that_of_the_textbook() -> None:
    """Once the window is full, in units of 1/256 bit, but for what small numbers are rounded by."""
    program = next(p for p in map(random_program, range(99)) if p.signal(p.output).rate > 3)
    signal = program.signal(program.output)
    rng = np.random.default_rng(3)
    share = rng.dirichlet(np.full(16, 2.0))
    usual = np.round(-32 * np.log2(share)).astype(int).tolist()
    bits = signal.bits
    baseline = [0] * signal.channels + [bits - 4] * signal.channels + usual + [5, 6]
    area = ConditionedArea("kl-watch", program="", signals=(signal.name,), baseline=tuple(baseline))
    area = ConditionedArea(**{**area.__dict__, "program": program.content_hash[:16]})
    layout = Layout(program, areas=(area,))
    (watch,) = layout.watches
    data = np.zeros(layout.size_bytes, np.uint8)
    watch.sign(data, 0)
    size = signal.rate * signal.channels
    other = rng.dirichlet(np.full(16, 2.0))
    where = rng.choice(16, (4000, signal.rate, signal.channels), p=other) - 8
    codes = (where << bits - 4).reshape(-1, signal.channels)
    measures = watch.measures(data, {signal.name: codes})
    scores = watch.scores(data, watch.recalled(data), measures)[-3000:]
    expected = 256 * sum(p * log2(p / q) for p, q in zip(other, share, strict=True))
    assert 0.8 * expected < scores.mean() < 2.2 * expected + 30 * 16 / size


@given(values=st.lists(st.integers(0, 2**26 - 1), min_size=1, max_size=20))
def test_logarithms_are_near_those_of_the_textbook(values: list[int]) -> None:
    made = logarithms(np.array(values), LOG2).tolist()
    assert made == [logarithm(value, LOG2.tolist()) for value in values]
    for value, found in zip(values, made, strict=True):
        assert abs(found - 32 * log2(max(value, 1))) < 2.1


def test_rows_that_say_the_same_become_one_class() -> None:
    rng = np.random.default_rng(1)
    kinds = np.array([0, 1, 2, 1, 0, 2, 2])
    shares = rng.dirichlet(np.ones(16), (3, 2))  # [kinds, channels, bins]
    counts = np.round(1000 * shares[kinds]).astype(np.int64)
    counts = np.concatenate([counts, np.zeros((1, 2, 16), np.int64)])  # a row that was never seen
    counts[2] *= 5
    assert merged(counts, 3).tolist() == [0, 1, 2, 1, 0, 2, 2, 2]
    assert merged(counts, 1).tolist() == [0] * 8
    assert merged(np.zeros((3, 1, 16), np.int64), 2).tolist() == [0, 0, 0]
    assert information(counts[[0, 0]]) < 1e-9 < 0.2 < information(counts)
    two = np.zeros((2, 1, 16), np.int64)
    two[0, 0, 0] = two[1, 0, 1] = 7
    assert information(two) == pytest.approx(1.0)


def test_classes_of_rows_beyond_the_table_are_those_of_its_ends() -> None:
    found = classes_in(np.array([[-5], [0], [1], [9]]), np.array([2, 0, -1]), 2)
    assert found.tolist() == [1, 1, 0, 0]


def test_the_input_that_tells_most_is_the_condition() -> None:
    program = next(p for p in map(random_program, range(200)) if len(conditions_of(p)) > 0)
    (name, *_), signal = conditions_of(program), program.signal(program.output)
    rows = conditions_of(program)[name]
    unit, rng = 1 << signal.bits - 8, np.random.default_rng(4)

    def utterances(telling: bool) -> list[dict[str, np.ndarray]]:
        said = {n: rng.integers(0, r, (3000, 1)) for n, r in conditions_of(program).items()}
        low = rng.integers(-20, 20, (3000 * signal.rate, signal.channels))
        if telling:
            low += np.repeat(20 * (said[name] % 2), signal.rate, axis=0)
        return [{**said, signal.name: low * unit}]

    made = learned_histograms(program, signal, utterances(rows > 1), classes=2)
    if rows > 1:
        assert made.condition == name and made.of_row.tolist() == [n % 2 for n in range(rows)]
        assert abs(made.centre[1] - made.centre[0] - 20 * unit).max() < 8 * unit
    blind = learned_histograms(program, signal, utterances(False), classes=2)
    assert blind.condition == "" and blind.of_row.size == 0 and len(blind.counts) == 1
    assert blind.counts.sum() == 3000 * signal.rate * signal.channels


def test_conditions_that_cannot_be_are_refused() -> None:
    program = next(p for p in map(random_program, range(200)) if conditions_of(p))
    kind = {"code": "kl-watch", "program": program.content_hash[:16], "signals": (program.output,)}
    for values, message in (
        ({"condition": "", "classes": 2}, "cannot tell 2 classes"),
        ({"condition": "word", "classes": 0}, "choose 1 to 64"),
        ({"classes": 1.5}, "write a whole number"),
        ({"condition": 3}, "the name of an input, as text"),
    ):
        with pytest.raises(WorkbenchError, match=message):
            ConditionedArea(**{**kind, **values})
    for values, message in (
        ({"condition": "nothing"}, "chooses no rows of an embedding"),
        ({"signals": (program.output,) * 2}, "watches one signal and 2 are named"),
        ({}, "has 1 numbers and these signals need"),
    ):
        area = ConditionedArea(**{**kind, "baseline": (1,), **values})
        with pytest.raises(WorkbenchError, match=message):
            Layout(program, areas=(area,))
    assert any(isinstance(operator, Embed) for operator in program.operators)
