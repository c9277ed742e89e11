"""Calibration: limits against plain recursions and known streams, and what a calibrated monitor then does."""

import json
from contextlib import redirect_stderr
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds
from terminals import Terminal
from voices import voice

from workbench.audio.scales import CLASSES
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.estimates.statistics import mean_gap_interval
from workbench.experiments.monitors.calibration import (
    Calibration,
    alarming_kinds,
    calibrate,
)
from workbench.experiments.monitors.detection import Found, detect, rows_of, together
from workbench.experiments.monitors.frontier import LEVELS
from workbench.experiments.monitors.limits import episodes, false_alarms, limit_for
from workbench.experiments.monitors.streams import laid_out
from workbench.experiments.voices.voice import open_voice
from workbench.generators.speech.any_text import any_text
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.simulation import simulate
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.strategy_file import load_strategy
from workbench.integer.part import part_of_program
from workbench.integer.reference import run
from workbench.integer.signals import Signal
from workbench.memory.faults.events import Event
from workbench.memory.watches.areas import Area, area_of
from workbench.memory.watches.conditioned import ConditionedArea
from workbench.memory.watches.frame_features import features_of

scores_lists = st.lists(st.integers(0, 12), max_size=60)


@given(scores=scores_lists, drift=st.integers(0, 5), limit=st.integers(1, 20))
def test_episodes_and_alarms_are_those_of_the_plain_recursion(
    scores: list[int], drift: int, limit: int
) -> None:
    peaks, level = [], 0
    for score in scores:
        if not level:
            peaks.append(0)
        level = max(0, level + score - drift)
        peaks[-1] = max(peaks[-1], level)
    found = episodes(np.array(scores, np.int64), drift)
    assert found.peaks.tolist() == [peak for peak in peaks if peak]
    alarms = level = 0
    for score in scores:
        level = max(0, level + score - drift)
        if level > limit:
            alarms, level = alarms + 1, 0
    assert false_alarms(np.array(scores, np.int64), drift=drift, limit=limit) == alarms


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("mean_frames", [1e4, 1e6])
def test_a_limit_holds_on_frames_that_it_has_not_seen(mean_frames: float, heavy: bool) -> None:
    """Of 200,000 frames: for 10^4 by order, for 10^6 by the tail, which may be heavier than exponential."""
    rng = np.random.default_rng(5)

    def stream(frames: int) -> np.ndarray:
        scores = rng.pareto(2.5, frames) * 20 if heavy else rng.geometric(0.4, frames)
        return np.where(rng.random(frames) < 0.02, np.minimum(scores, 1023).astype(np.int64), 0)

    frames = 200_000
    limit = limit_for(stream(frames), drift=1, mean_frames=mean_frames)
    seen = 4_000_000
    low, high = mean_gap_interval(false_alarms(stream(seen), drift=1, limit=limit), seen, 0.999)
    assert low < 2 * mean_frames and (high is None or high > mean_frames / 2)
    lower = false_alarms(stream(seen), drift=1, limit=max(1, limit // 2 if heavy else limit - 8))
    assert lower > 1.5 * seen / mean_frames  # and it is no higher than it has to be


def test_too_few_frames_are_refused_with_how_many_are_needed() -> None:
    with pytest.raises(WorkbenchError, match="calibrate with at least 10,000,000"):
        limit_for(np.zeros(1000, np.int64), drift=1, mean_frames=1e9)


def test_the_mean_distance_of_events_lies_in_its_interval() -> None:
    low, high = mean_gap_interval(0, 300.0)
    assert (round(low, 1), high) == (81.3, None)  # 3.689 events, the upper limit of none
    low, high = mean_gap_interval(10, 1000.0)
    assert high is not None and low < 100 < high


@given(
    codes=st.lists(st.integers(-128, 127), min_size=12, max_size=12),
    shape=st.sampled_from([(12, 1), (6, 2), (1, 3)]),
)
def test_features_of_a_sound_are_those_of_a_plain_loop(
    codes: list[int], shape: tuple[int, int]
) -> None:
    signal = Signal("sound", 8, shape[1], shape[0], 0)
    rows = np.array(codes, np.int8).reshape(-1, shape[1])
    size = shape[0] * shape[1]
    wanted = []
    for at in range(0, len(codes), size):
        frame = codes[at : at + size]
        pairs = list(pairwise(frame))
        sizes = [min(abs(code), 127) for code in frame]
        wanted.append(
            [
                max(sizes),
                abs(sum(frame)),
                sum(sizes),
                min(max([abs(b - a) for a, b in pairs], default=0), 127),
                sum((a < 0) != (b < 0) for a, b in pairs),
                sizes.count(127),
            ]
        )
    assert features_of(rows, signal).tolist() == wanted


@given(seed=seeds)
def test_a_part_of_a_program_makes_the_same_signals(seed: int) -> None:
    program = random_program(seed)
    rng = np.random.default_rng(seed)
    made = [operator.target for operator in program.operators]
    chosen = [str(name) for name in rng.permutation(made)[: rng.integers(1, len(made) + 1)]]
    inputs = random_inputs(program, seed, 3)
    whole, part = run(program, inputs), run(part_of_program(program, chosen), inputs)
    for name in chosen:
        np.testing.assert_array_equal(part[name], whole[name])


def test_a_part_with_an_unknown_signal_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="makes the signal 'conv_inn'; did you mean conv_in"):
        part_of_program(voice().program, ["conv_inn"])


@pytest.fixture(scope="module")
def made() -> Calibration:
    return calibrate(voice())


def test_what_can_be_said_at_all_never_raises_an_alarm(made: Calibration) -> None:
    assert not made.endless and made.false.alarms == 0
    strategy = made.strategy
    image = strategy.image(voice().program)
    for word in voice().utterances:
        assert not simulate(image, voice().inputs(word), (), strategy).log


def test_an_alarm_has_memory_checked_and_damage_restored(made: Calibration) -> None:
    strategy = made.strategy
    image = strategy.image(voice().program)
    inputs = voice().inputs("7")
    hit = image.layout.position("trunk.0.mix", "bias", (3,), 14)
    result = simulate(image, inputs, [Event(20, hit)], strategy)
    said = [(strategy.areas[e.area].code, e.diagnosis, e.remedy, e.verdict) for e in result.log]
    assert said == [
        ("golden", Diagnosis.PRESUMED, Remedy.RESTORE, Verdict.HEALED),
        ("hidden-markers", Diagnosis.MEMORY, Remedy.SCRUB, Verdict.HEALED),
    ]
    assert not result.wrong_bits[-1]
    assert "memory upset, memory checked at once, healed" in result.lines()[1]


def test_a_wrong_history_is_a_momentary_disturbance(made: Calibration) -> None:
    strategy = made.strategy
    image = strategy.image(voice().program)
    place = next(p for p in image.layout.places if p.section == "state")
    hits = [Event(20, 8 * (place.start + at) + 6) for at in range(place.size_bytes)]
    result = simulate(image, voice().inputs("7"), hits, strategy)
    assert [(e.diagnosis, e.remedy) for e in result.log][:1] == [
        (Diagnosis.MOMENTARY, Remedy.RESET)
    ]


def test_speech_is_calibrated_on_any_text() -> None:
    speech = open_voice(generator="speech")
    made = calibrate(speech, mean_frames=1e4, frames=40_000, seed=1)
    assert made.endless and made.false.frames >= 40_000
    low, high = mean_gap_interval(made.false.alarms, made.false.frames, 0.999)
    assert low < 1e4 and (high is None or high > 2e3)
    assert made.area.limit > 1
    again = calibrate(speech, mean_frames=1e4, frames=40_000, seed=1)
    assert again.area == made.area
    watch, data = laid_out(speech, made.area)
    assert watch.signals == tuple(o.target for o in speech.program.operators if o.kind == "conv")
    assert not watch.wrong(data, 0)


def test_histograms_are_told_apart_by_what_is_said() -> None:
    made = calibrate(voice(), "kl-watch", classes=6)
    assert isinstance(made.area, ConditionedArea)
    assert made.area.condition == "position" and made.area.classes == 6
    assert made.endless and made.false.frames == 100 * 960 and made.false.alarms < 3
    plain = calibrate(voice(), "kl-watch", classes=1)
    assert isinstance(plain.area, ConditionedArea) and not plain.area.condition
    found = detect(voice(), [made.area, plain.area], trials=240)
    broken = [each.delays for each in found if each.quality == 4]
    assert sum(delays[0] is not None for delays in broken) > 0.3 * len(broken) > 2
    image = made.strategy.image(voice().program)
    for word in voice().utterances:
        assert not simulate(image, voice().inputs(word), (), made.strategy).log


def test_a_monitor_has_a_limit_for_each_mean_time() -> None:
    made = calibrate(voice(), "kl-watch", classes=2, frames=20_000)
    limits = [made.at(level).area.limit for level in LEVELS]
    alarms = [made.at(level).false.alarms for level in LEVELS]
    assert limits == sorted(limits) and alarms == sorted(alarms, reverse=True)
    assert made.at(made.mean_frames) == made
    with pytest.raises(WorkbenchError, match="are too few"):
        made.at(1e9)
    known = calibrate(voice())
    assert known.at(1e4).area == known.area


def test_texts_are_drawn_by_their_seed() -> None:
    texts = [[next(stream) for _ in range(20)] for stream in map(any_text, (0, 0, 1))]
    assert texts[0] == texts[1] != texts[2] and all(text.strip() for text in texts[0])


def test_what_cannot_be_calibrated_is_refused() -> None:
    for settings, message in (
        ({"monitor": "hiden-markers"}, "did you mean hidden-markers"),
        ({"monitor": "crc32"}, "there is no monitor of behaviour 'crc32'"),
        ({"mean_frames": 3}, "choose 100 to"),
        ({"frames": 0}, "learns nothing from 0 frames"),
        ({"monitor": "sound-sanity", "signals": ("up0", "up1")}, "watches one signal and 2 are named"),
        ({"monitor": "kl-watch", "signals": ("up0", "up1")}, "watches one signal and 2 are named"),
        ({"classes": 4}, "hidden-markers takes all frames alike"),
        ({"monitor": "kl-watch", "classes": 65}, "cannot tell 65 classes; choose 1 to 64"),
        ({"signals": ("sound",)}, "no operator of challenge makes the signal 'sound'"),
    ):  # fmt: skip
        with pytest.raises(WorkbenchError, match=message):
            calibrate(voice(), **settings)


def test_a_monitor_of_another_program_or_of_none_is_refused(made: Calibration) -> None:
    other = open_voice(generator="challenge", folder=voice().generator.checkpoint("seed1"))
    with pytest.raises(WorkbenchError, match=r"learned from the program .*calibrate it again"):
        made.strategy.image(other.program)
    fresh = {"code": "hidden-markers", "program": made.area.program}
    for values, message in (
        ({}, "has learned nothing yet"),
        ({"signals": ["conv_in"], "baseline": [1, 2]}, "2 numbers and these signals need 129"),
        ({"signals": ["conv_inn"], "baseline": [1]}, "did you mean conv_in"),
    ):
        with pytest.raises(WorkbenchError, match=message):
            _watched_by(area_of({**fresh, **values})).image(voice().program)
    for values, message in (
        ({"limit": 0}, "a monitor's limit cannot be 0"),
        ({"drift": 1.5}, "drift is 1.5; write a whole number"),
        ({"baseline": [0.5]}, "no whole numbers"),
        ({"signals": "conv_in"}, "signals of a monitor"),
    ):
        with pytest.raises(WorkbenchError, match=message):
            area_of({**fresh, **values})


def _watched_by(area: Area) -> Strategy:
    return Strategy("mine", (Guard(area, ladder=(Remedy.RESET,)),))


def test_flips_are_found_by_class_and_when_they_are_heard(made: Calibration) -> None:
    sanity = calibrate(voice(), "sound-sanity")
    found = detect(voice(), [made.area, sanity.area], trials=160)
    again = detect(voice(), [made.area, sanity.area], trials=160)
    assert found == again and 40 < len(found) <= 160
    rows = {str(row["of"]): row for row in rows_of(found, 0, within=45)}
    assert sum(int(str(rows[name]["trials"])) for name in CLASSES) == len(found)
    broken = rows["broken"]
    assert int(str(broken["found"])) > 0.6 * int(str(broken["trials"])) > 3
    assert rows["transparent"]["found"] < rows["transparent"]["trials"]
    assert sum(row["found"] for row in rows_of(found, 1, within=45)) < sum(
        row["found"] for row in rows_of(found, 0, within=45)
    )
    both = [Found("bias", 4, (3, -1)), Found("bias", 4, (None, 5)), Found("bias", 4, (None, None))]
    assert [each.delays for each in together(both)] == [(-1,), (5,), (None,)]
    plain = rows_of(
        [Found("bias", 4, (3,)), Found("bias", 4, (None,)), Found("bias", 3, (90,))], 0, within=45
    )
    assert plain[3] == {
        "of": "broken",
        "trials": 2,
        "found": 1,
        "soon": 1,
        "median_delay_frames": 3.0,
    }
    assert (plain[4]["found"], plain[4]["soon"], plain[4]["median_delay_frames"]) == (2, 1, 46.5)


@pytest.mark.usefixtures("rough_pictures")
def test_the_benchmark_prints_draws_and_writes_what_is_found(tmp_path, capsys) -> None:
    path = tmp_path / "found.json"
    asked = ["bench", "monitors", "--trials", "20", "--frames", "12000", "--core", "m4"]
    assert main([*asked, "--json", str(path), "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "hidden-markers (knows all utterances)" in shown and "sound-sanity" in shown
    assert "by class of its sound (SNR); in 45" in shown
    written = json.loads(path.read_text())
    kinds = alarming_kinds()
    assert [each["monitor"] for each in written["monitors"]] == [*kinds, "all", "self-test"]
    assert [each["name"] for each in written["prices"]] == [*kinds, "self-test", "crc-scrub"]
    assert all(each["instructions"]["m4"] > 1000 for each in written["prices"])
    wanted = [each["mean_frames"] for each in written["levels"] if each["monitor"] == "kl-watch"]
    assert wanted == list(LEVELS)
    assert (tmp_path / "monitors.png").stat().st_size > 1000
    assert main(["bench", "monitors", "--trials", "0"]) == 2


def test_the_command_writes_a_strategy(tmp_path, capsys) -> None:
    for name in ("made.json", "made.toml"):
        with redirect_stderr(Terminal()) as terminal:
            assert main(["calibrate", "challenge", "--out", str(tmp_path / name)]) == 0
        for stage in ("learning what clean frames are like", "finding the limit", "checking the"):
            assert stage in terminal.getvalue() and "frame/s" in terminal.getvalue()
        shown = capsys.readouterr().out
        assert "watches 18 signals" in shown and "no false alarm by construction" in shown
        strategy = load_strategy(tmp_path / name)
        assert strategy == calibrate(voice()).strategy
    assert main(["calibrate", "challenge", "--monitor", "none"]) != 0


def test_a_guard_that_looks_when_asked_needs_a_monitor_that_asks(made: Calibration) -> None:
    pages = made.strategy.guards[1:]
    with pytest.raises(
        WorkbenchError, match="golden cannot check 0 units a frame where no monitor"
    ):
        Strategy("unasked", pages)
    with pytest.raises(WorkbenchError, match="or UNPRUNE all layers, nothing else"):
        Guard(made.area)


def test_the_command_takes_what_a_repetition_is(tmp_path, capsys) -> None:
    made = tmp_path / "made.json"
    monitor = ["--monitor", "sound-sanity", "--again", "7"]
    assert main(["calibrate", "challenge", *monitor, "--out", str(made)]) == 0
    assert load_strategy(made).areas[0].again == 7
    assert main(["calibrate", "challenge", *monitor[:3], "-1", "--out", str(made)]) != 0
    assert "a monitor's again cannot be -1" in capsys.readouterr().err
