"""The panel of notebook 05: what it shows is what the monitor scores, what the healer wrote down, and what its code gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from played import as_codes, codes
from snippets import ran
from voices import voice

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.experiments.monitors.calibration import calibrate, monitor_kinds
from workbench.experiments.monitors.streams import laid_out
from workbench.experiments.monitors.watched import Trace, WatchedSpeech
from workbench.healing.log import Diagnosis, LogEntry
from workbench.integer.frames import frames_of
from workbench.memory.changes import parameter_changes
from workbench.memory.image import Image
from workbench.panels import behaviour_panel
from workbench.panels.behaviour_panel import INJECTIONS, BehaviourPanel
from workbench.panels.status import STALE
from workbench.progress import bars_told_to, progress_bar

WORST = 686_335  # what a search takes seconds to find


@pytest.fixture(scope="module")
def shared() -> BehaviourPanel:
    made = BehaviourPanel(voice())
    made._worst[made.voice] = WORST
    return made


@pytest.fixture
def panel(shared: BehaviourPanel) -> Iterator[BehaviourPanel]:
    """With the settings that it began with."""
    before = {name: control.value for name, control in shared.controls.items()}
    yield shared
    for name, control in shared.controls.items():
        control.value = before[name]


def _set(panel: BehaviourPanel, **values: Any) -> WatchedSpeech:
    for name, value in values.items():
        panel.controls[name].value = value
    assert "alert" not in panel.status.value
    return panel.watched


def _of_monitor(watched: WatchedSpeech) -> list[LogEntry]:
    return [each for each in watched.result.log if each.area == watched.traces[0].number]


def _replayed(watched: WatchedSpeech, monitor: str, bits: list[int]) -> Trace:
    """What a monitor scores where nothing is repaired, by the engine alone and the equation of its sum."""
    area = calibrate(voice(), monitor, frames=behaviour_panel._FRAMES).area
    watch, data = laid_out(voice(), area)
    program, engine = voice().program, frames_of(voice().program)
    changes = parameter_changes(program, Image.of(program).layout, [np.array(bits, np.int64)])
    scores, seen, memory = [], [], watch.recalled(data)
    for word in watched.script.utterances:
        made, _ = engine.step(
            voice().inputs(word), engine.changed(changes), engine.silence(), watch.needs
        )
        for one in watch.measures(data, made):
            scores += watch.scores(data, memory, one[None]).tolist()
            seen.append(memory["histogram"][one[0]].copy() if "histogram" in memory else one)
    level, sums = 0, []
    for score in scores:
        level = max(level + score - area.drift, 0)
        sums.append(level)
    limits = np.full(len(sums), area.limit)
    return Trace(monitor, 0, np.array(scores), np.array(sums), limits, np.array(seen))


@pytest.mark.parametrize("monitor", ["hidden-markers", "sound-sanity", "kl-watch"])
@pytest.mark.parametrize("bits", [[], [3]])
def test_scores_are_those_of_the_monitor(
    panel: BehaviourPanel, monitor: str, bits: list[int]
) -> None:
    panel._worst[panel.voice] = bits[0] if bits else WORST
    watched = _set(panel, monitor=monitor, start=0, what="worst" if bits else "flips=0")
    panel._worst[panel.voice] = WORST
    (trace,), expected = watched.traces, _replayed(watched, monitor, bits)
    assert not expected.alarms.size, "otherwise something would be repaired"
    np.testing.assert_array_equal(trace.scores, expected.scores)
    np.testing.assert_array_equal(trace.sums, expected.sums)
    np.testing.assert_array_equal(trace.limits, expected.limits)
    if monitor == "kl-watch":
        assert trace.seen is not None and expected.seen is not None
        total = np.maximum(expected.seen.sum(axis=1, keepdims=True), 1)
        np.testing.assert_allclose(trace.seen, expected.seen / total)
        assert trace.usual is not None
        np.testing.assert_allclose(trace.usual.sum(axis=1), 1)
    else:
        assert trace.seen is None and panel.histogram.value == ""


@pytest.mark.parametrize("monitor", monitor_kinds(voice().program))
def test_alarms_are_those_of_the_log(panel: BehaviourPanel, monitor: str) -> None:
    assert {each for each, _ in _options(panel, "monitor")} == set(monitor_kinds(voice().program))
    seen = 0
    for fault in INJECTIONS.values():
        watched = _set(panel, monitor=monitor, what=fault)
        entries, alarms = _of_monitor(watched), watched.traces[0].alarms.tolist()
        # Alarms after data that are taken for other ones are followed less and less often.
        backs_off = any(each.diagnosis == Diagnosis.DATA for each in entries)
        written = [each.frame for each in entries]
        assert set(written) <= set(alarms) if backs_off else written == alarms
        rows = min(len(watched.result.log), behaviour_panel._LINES)
        assert panel.entries.value.count("<tr>") == (1 + rows if rows else 0)
        assert panel.sums.value.count("▼</span>") == len(alarms)
        seen += len(alarms)
    assert seen, "no alarm is no test"


def _options(panel: BehaviourPanel, name: str) -> list[tuple[str, Any]]:
    options = panel.controls[name].options
    return [each if isinstance(each, tuple) else (each, each) for each in options]


def test_a_disturbance_and_other_data_are_told_apart(panel: BehaviourPanel) -> None:
    passing = _set(panel, what=INJECTIONS["a code flips in passing"])
    assert [each.diagnosis for each in _of_monitor(passing)] == [Diagnosis.MOMENTARY]
    assert passing.traces[0].alarms.tolist() == [passing.start]
    assert panel.moment == passing.start
    assert "momentary disturbance" in panel.entries.value
    drifted = _set(panel, what="drift")
    told = [each.diagnosis for each in _of_monitor(drifted)]
    assert told == [Diagnosis.MOMENTARY, Diagnosis.DATA]
    assert drifted.traces[0].alarms.min() >= drifted.start
    # A repetition that comes too late is none.
    again = _of_monitor(_set(panel, again=100))
    apart = drifted.traces[0].alarms[1] - drifted.traces[0].alarms[0]
    assert (again[1].diagnosis == Diagnosis.DATA) == (apart <= 100)


@pytest.mark.parametrize("fault", ["flips=1,section=activations", "stalled", "worst"])
def test_its_code_gives_what_it_shows(panel: BehaviourPanel, fault: str) -> None:
    watched = _set(panel, what=fault, again=250, start=0.5, seed=3)
    made, _ = ran(panel.snippet)
    device = made["device"]
    np.testing.assert_array_equal(as_codes(device.samples), codes(panel.player)["watched"])
    np.testing.assert_array_equal(device.traces[0].sums, watched.traces[0].sums)
    assert device.result.log == watched.result.log
    assert device.start == watched.start == round(0.5 / voice().frame_s)


def test_a_window_is_that_of_monitors_which_have_one(panel: BehaviourPanel) -> None:
    usual = _set(panel, monitor="kl-watch", window=0).traces[0].scores
    assert not panel.controls["window"].disabled and "window" not in panel.snippet.code
    longer = _set(panel, window=128).traces[0].scores
    assert (longer != usual).any()
    made, _ = ran(panel.snippet)
    np.testing.assert_array_equal(made["device"].traces[0].scores, longer)
    _set(panel, monitor="hidden-markers")
    assert panel.controls["window"].disabled and "window" not in panel.snippet.code


def test_a_click_marks_a_moment(panel: BehaviourPanel) -> None:
    watched = _set(panel, monitor="kl-watch")
    before = panel.histogram.value
    panel.timeline.cue = [2.0, 1.0]
    assert panel.moment == round(2.0 / voice().frame_s) and panel.player._cue[0] == 2.0
    assert panel.histogram.value != before
    assert f"sum {int(watched.traces[0].sums[panel.moment]):,}" in panel.histogram.value
    panel.timeline.cue = [1e9, 2.0]
    assert panel.moment == len(watched.result.wrong_bits) - 1


def test_a_monitor_is_calibrated_once_and_says_how_far_it_is(
    panel: BehaviourPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(panel.status, "tell", told.append)
    panel._calibrated.clear()
    _set(panel, monitor="feature-cusum")
    assert any(each.startswith("feature-cusum, finding the limit: ") for each in told)
    told.clear()
    _set(panel, monitor="hidden-markers")
    _set(panel, monitor="feature-cusum")
    assert not any(each.startswith("feature-cusum, ") for each in told)


def test_what_goes_wrong_is_told_and_its_results_are_dimmed(
    panel: BehaviourPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise WorkbenchError("it does not fit")

    with monkeypatch.context() as patch:
        patch.setattr(behaviour_panel, "watched_speech", refused)
        panel.controls["seed"].value = 1
        assert "it does not fit" in panel.status.value
        assert all(STALE in each._dom_classes for each in panel.status.results)
    panel.controls["seed"].value = 2
    assert all(STALE not in each._dom_classes for each in panel.status.results)


def test_other_voices_say_any_text() -> None:
    panel = BehaviourPanel(wb.load("speech"))
    assert panel.controls["generator"].value == "speech"
    watched = _set(panel, text="no")
    assert watched.script.utterances == ("no", "no")
    assert "say=['no']" in panel.snippet.code


def test_watching_changes_nothing() -> None:
    monitor = wb.calibrate(voice(), "sound-sanity", again=7)
    assert monitor.area.again == 7
    fault = "poisson=5Hz,of=flips=1"
    watched = wb.watch(voice(), monitor, fault, utterances=3)
    device = wb.simulate(voice(), monitor.strategy, fault, utterances=3)
    np.testing.assert_array_equal(watched.samples, device.samples)
    assert watched.result.log == device.result.log
    assert len(watched.traces[0].sums) == watched.script.frames
    assert f"sound-sanity: {len(watched.traces[0].alarms)} alarms" in repr(watched)


def test_two_monitors_are_watched_at_once() -> None:
    first, second = (wb.calibrate(voice(), name) for name in ("hidden-markers", "sound-sanity"))
    both = wb.Strategy("both", (first.strategy.guards[0], *second.strategy.guards))
    watched = wb.watch(voice(), both, "flips=1,section=activations", start_s=1.0)
    assert [each.monitor for each in watched.traces] == ["hidden-markers", "sound-sanity"]
    for trace in watched.traces:
        written = [each.frame for each in watched.result.log if each.area == trace.number]
        assert written == trace.alarms.tolist()


@pytest.mark.parametrize(
    ("monitor", "fault", "start_s", "sentence"),
    [
        ("crc-scrub", "flips=1", 0, "it has no monitor of behaviour; choose a calibrated monitor"),
        ("abft", "flips=1", 0, "it has checks of sums"),
        ("sound-sanity", "adversarial", 0, "adversarial has to look for bits first"),
        ("sound-sanity", "flips=1", 99, "nothing can happen at 99.00 s to a device that speaks"),
        ("sound-sanity", "flips=1", -1, "nothing can happen at -1.00 s"),
        ("sound-sanity", "", 0, "there is no environment ''"),
    ],
)
def test_what_cannot_be_watched(monitor: str, fault: str, start_s: float, sentence: str) -> None:
    with pytest.raises(WorkbenchError, match=sentence):
        wb.watch(voice(), monitor, fault, start_s=start_s)


def test_bars_in_words() -> None:
    told: list[str] = []
    with bars_told_to(told.append), progress_bar(total=3, desc="counting") as bar:
        bar.update(3)
    assert told[0] == "counting: 0 of 3" and told[-1] == "counting: 3 of 3"
    told.clear()
    with progress_bar(total=3, desc="counting") as bar:
        bar.update(3)
    assert not told
