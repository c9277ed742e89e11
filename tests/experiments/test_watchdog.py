"""The watchdog network: its arithmetic against a plain loop, its training on known features, and its budget."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from programs import random_inputs, random_program, seeds
from voices import voice
from watching_strategies import FRAMES, random_watchdog

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import Calibration, calibrate
from workbench.experiments.monitors.detection import detect, rows_of
from workbench.experiments.monitors.faulty import bits_of_a_byte
from workbench.integer.reference import run
from workbench.memory.layout import Layout
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.watchdog import MOST_SHARE, WatchdogWatch, share_of
from workbench.memory.watches.watchdog_training import trained


def _plain_scores(watch: WatchdogWatch, data: np.ndarray, codes: dict) -> list[int]:
    """Frame by frame, number by number, in Python's whole numbers."""

    def held(name: str) -> list:
        return read_tensor(data, watch.place(name)).tolist()

    def wrapped(number: int) -> int:
        return (number + 2**31) % 2**32 - 2**31

    first, second = (min(max(each, 0), 15) for each in held("shifts"))
    scores = []
    for frame in range(FRAMES):
        seen = []
        for number, name in enumerate(watch.signals):
            rate = watch.layout.program.signal(name).rate
            low, high = held(f"low_{number}"), held(f"high_{number}")
            rows = codes[name][frame * rate : (frame + 1) * rate].tolist()
            beyond = [
                max(low[at] - code, code - high[at])
                for row in rows
                for at, code in enumerate(row)
                if not low[at] <= code <= high[at]
            ]
            shift = min(max(held("shift")[number], 0), 15)
            seen += [(max(beyond, default=0) >> shift).bit_length(), len(beyond).bit_length()]
        total = held("b2")[0]
        for weights, bias, out in zip(held("w1"), held("b1"), held("w2"), strict=True):
            into = wrapped(sum(w * x for w, x in zip(weights, seen, strict=True)) + bias)
            total += out * min(max(into >> first, 0), 127)
        scores.append(min(max(wrapped(total) >> second, 0), 64))
    return scores


@given(seed=seeds)
def test_scores_are_those_of_a_plain_loop_whatever_the_baseline_has_become(seed: int) -> None:
    program, rng = random_program(seed), np.random.default_rng(seed)
    layout = Layout(program, areas=(random_watchdog(rng, program),))
    assume(layout.working_bytes)  # nothing is watched of a program without parameters
    (watch,) = layout.watches
    assert isinstance(watch, WatchdogWatch)
    data = np.zeros(layout.size_bytes, np.uint8)
    watch.sign(data, 0)
    codes = {
        name: each[0] for name, each in run(program, random_inputs(program, seed, FRAMES)).items()
    }
    assert watch.measures(data, codes).tolist() == _plain_scores(watch, data, codes)
    first, last = watch.sealed()
    data[first:last] ^= np.where(
        rng.random(last - first) < 0.3, rng.integers(256, size=last - first), 0
    ).astype(np.uint8)
    assert watch.measures(data, codes).tolist() == _plain_scores(watch, data, codes)


def _scores(parameters: tuple[int, ...], x: np.ndarray, units: int) -> np.ndarray:
    features, at = x.shape[1], 0
    parts = []
    for count in (units * features, units, units, 1, 2):
        parts.append(np.array(parameters[at : at + count]))
        at += count
    assert at == len(parameters)
    w1, b1, w2, b2, (first, second) = parts
    hidden = np.clip((x @ w1.reshape(units, features).T + b1) >> first, 0, 127)
    return np.clip((hidden @ w2 + b2) >> second, 0, 64)


@pytest.mark.parametrize("units", [1, 6])
def test_training_tells_faulty_frames_from_clean_ones(units: int) -> None:
    """Clean frames leave one range by a little; faulty ones leave another, or several."""
    rng = np.random.default_rng(3)

    def clean(frames: int) -> np.ndarray:
        x = np.zeros((frames, 6), np.int64)
        x[:, 2] = np.where(rng.random(frames) < 0.1, rng.integers(1, 4, frames), 0)
        return x

    def faulty(frames: int) -> np.ndarray:
        x = clean(frames)
        x[:, 0] = rng.integers(2, 7, frames)
        x[:, 1] = rng.integers(1, 3, frames)
        return x

    parameters = trained([clean(4000)], [faulty(n) for n in (50, 400)], units=units, drift=8)
    quiet, struck = (_scores(parameters, each, units) for each in (clean(2000), faulty(2000)))
    assert (quiet > 8).mean() < 0.01 and (struck > 8).mean() > 0.99
    assert struck.mean() > 12


def test_a_network_that_saw_no_fault_takes_whatever_leaves_its_range_for_one() -> None:
    quiet = np.zeros((500, 4), np.int64)
    parameters = trained([quiet], [], units=2, drift=8)
    scores = _scores(parameters, np.array([[0, 0, 0, 0], [1, 1, 1, 1]]), 2)
    assert scores[0] < 8 < scores[1]


@pytest.fixture(scope="module")
def made() -> Calibration:
    return calibrate(voice(), "watchdog")


def test_it_knows_what_can_be_said_and_finds_faults_that_it_has_not_learned_from(
    made: Calibration,
) -> None:
    assert made.false.alarms == 0 and share_of(voice().program, made.area.signals, 8) <= MOST_SHARE
    rows = {
        str(row["of"]): row
        for row in rows_of(detect(voice(), [made.area], trials=160), 0, within=45)
    }
    for quality in ("degraded", "broken"):
        found, trials = (int(str(rows[quality][key])) for key in ("found", "trials"))
        assert found > 0.6 * trials > 3


def test_faults_to_learn_from_are_never_single_bits() -> None:
    rng, bits = np.random.default_rng(0), np.arange(80, 400)
    for _ in range(50):
        hit = bits_of_a_byte(rng, bits)
        assert len(set(hit.tolist())) == len(hit) >= 2 and len(set((hit >> 3).tolist())) == 1


def test_one_over_its_budget_is_refused_and_so_are_units_of_others(tmp_path, capsys) -> None:
    for settings, message in (
        (
            {"monitor": "watchdog", "units": 400},
            r"400 units over 12 signals takes about .*choose at most \d+ units",
        ),
        ({"monitor": "watchdog", "units": 0}, "cannot have 0 units"),
        ({"monitor": "hidden-markers", "units": 4}, "hidden-markers has no units"),
        (
            {
                "monitor": "watchdog",
                "signals": ("last.0.conv", "last.0.mix", "last.1.conv", "last.1.mix", "up1", "up0"),
                "units": 1,
            },
            "watch fewer signals",
        ),
    ):
        with pytest.raises(WorkbenchError, match=message):
            calibrate(voice(), **{"frames": 50, **settings})
    out = tmp_path / "made.json"
    assert (
        main(
            ["calibrate", "challenge", "--monitor", "watchdog", "--units", "400", "--out", str(out)]
        )
        == 2
    )
    assert "choose at most" in capsys.readouterr().err and not out.exists()


def test_a_baseline_that_makes_no_network_is_refused(made: Calibration) -> None:
    short = replace(made.area, baseline=made.area.baseline[:-1])
    with pytest.raises(WorkbenchError, match="calibrate it again"):
        Layout(voice().program, areas=(short,))
