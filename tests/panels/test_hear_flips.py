"""The panel of notebook 01: follows its controls, agrees with the trials, tells mistakes in words."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from voices import voice

from workbench.experiments.demo.page.data_uris import wav_uri
from workbench.experiments.voices.faulty_speech import hear
from workbench.experiments.voices.voice import open_voice
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.panels.hear_flips import FlipPanel


@pytest.fixture
def panel() -> FlipPanel:
    return FlipPanel(voice())


def test_shows_what_the_function_returns(panel: FlipPanel) -> None:
    controls = panel.controls
    controls["word"].value, controls["section"].value = "3", "weights"
    controls["operator"].value, controls["bit"].value = "up0", 6
    controls["seed"].value, controls["flips"].value = 5, 20
    plan = Plan(Flips(20), seed=5, sections=("weights",), operators=("up0",), bits=(6,))
    assert panel.plan() == plan
    heard = hear(panel.voice, "3", plan)
    assert wav_uri(heard.before) in panel.before.value
    assert wav_uri(heard.after) in panel.after.value
    assert f"SNR <b>{heard.metrics.snr_db:.1f} dB</b>" in panel.numbers.value
    assert f"<b>{heard.metrics.quality}</b>" in panel.numbers.value
    assert heard.trial in panel.sites.value
    assert heard.sites[0] in panel.sites.value
    assert "and 8 more" in panel.sites.value
    assert all(site.startswith("up0.weight") and site.endswith("bit 6") for site in heard.sites)


def test_no_flips_change_nothing(panel: FlipPanel) -> None:
    panel.controls["flips"].value = 0
    assert "every sample equal" in panel.numbers.value
    assert "No bit is flipped" in panel.sites.value


def test_the_healer_mends_in_the_course_of_the_word(panel: FlipPanel) -> None:
    panel.controls["flips"].value = 200
    assert "wrong bits left 200" in panel.numbers.value
    panel.controls["healer"].value = 8
    assert "wrong bits left 0" in panel.numbers.value
    assert int(re.search(r"pages healed (\d+)", panel.numbers.value)[1]) > 0  # type: ignore[index]


def test_a_choice_that_fits_nothing_is_told_and_forgotten(panel: FlipPanel) -> None:
    panel.controls["section"].value = "shift"
    panel.controls["bit"].value = 30
    assert 'role="alert"' in panel.status.value
    assert "no element there has a bit" in panel.status.value
    panel.controls["bit"].value = 1
    assert 'role="alert"' not in panel.status.value
    assert "SNR" in panel.numbers.value


def test_everything_has_a_name_and_the_state_stays_small(panel: FlipPanel) -> None:
    assert all(control.description for control in panel.controls.values())
    for side in (panel.before, panel.after):
        assert "alt=" in side.value
        assert "aria-label=" in side.value
    views = (panel.before, panel.after, panel.numbers, panel.sites)
    assert sum(len(view.value) for view in views) < 400_000


def test_hearing_equals_speaking_from_the_flipped_image() -> None:
    plan = Plan(Flips(30), seed=8)
    heard = hear(voice(), "6", plan)
    image = voice().image().flip(plan.events(Sites(voice().image()), np.array([0])).position)
    np.testing.assert_array_equal(heard.after, voice().speak("6", image))
    np.testing.assert_array_equal(heard.before, voice().speak("6"))
    assert heard.bits_left == 30


def test_answers_in_half_a_second(panel: FlipPanel) -> None:
    slowest = 0.0
    for flips in (10, 200, 1000):
        started = time.process_time()
        panel.controls["flips"].value = flips
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 0.5


def test_a_voice_of_any_text_has_a_field_for_it() -> None:
    panel = FlipPanel(open_voice(generator="speech"))
    panel.controls["flips"].value = 0
    panel.controls["word"].value = "Take 2 pills"
    assert "Take 2 pills" in panel.before.value and "every sample equal" in panel.numbers.value
    assert wav_uri(panel.voice.speak("Take 2 pills")) in panel.after.value
    panel.controls["word"].value = "..."
    assert 'role="alert"' in panel.status.value and "can be said" in panel.status.value
    panel.controls["word"].value = "no"
    assert 'role="alert"' not in panel.status.value
