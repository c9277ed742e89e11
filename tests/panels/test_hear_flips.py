"""The panel of notebook 01: follows its controls, agrees with the trials, tells mistakes in words."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
from played import as_codes, codes
from snippets import ran
from voices import voice

from workbench.audio.sound_files import write_wav
from workbench.errors import WorkbenchError
from workbench.experiments.avatar.page import avatar_frame
from workbench.experiments.avatar.takes import FLIPPED, HEALED, takes_of
from workbench.experiments.voices.faulty_speech import hear
from workbench.experiments.voices.voice import open_voice
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.panels import voices as voices_module
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
    heard_codes = codes(panel.outcome.player)
    np.testing.assert_array_equal(heard_codes["before"], as_codes(heard.before))
    np.testing.assert_array_equal(heard_codes["after"], as_codes(heard.after))
    assert f"SNR <b>{heard.metrics.snr_db:.1f} dB</b>" in panel.outcome.numbers.value
    assert f"<b>{heard.metrics.quality}</b>" in panel.outcome.numbers.value
    assert heard.trial in panel.outcome.sites.value
    assert heard.sites[0] in panel.outcome.sites.value
    assert "and 8 more" in panel.outcome.sites.value
    assert all(site.startswith("up0.weight") and site.endswith("bit 6") for site in heard.sites)


def test_no_flips_change_nothing(panel: FlipPanel) -> None:
    panel.controls["flips"].value = 0
    assert "every sample equal" in panel.outcome.numbers.value
    assert "No bit is flipped" in panel.outcome.sites.value


def test_the_healer_mends_in_the_course_of_the_word(panel: FlipPanel) -> None:
    panel.controls["flips"].value = 200
    assert "wrong bits left 200" in panel.outcome.numbers.value
    panel.controls["healer"].value = 8
    assert "wrong bits left 0" in panel.outcome.numbers.value
    assert int(re.search(r"pages healed (\d+)", panel.outcome.numbers.value)[1]) > 0  # type: ignore[index]


def test_a_choice_that_fits_nothing_is_told_and_forgotten(panel: FlipPanel) -> None:
    panel.controls["section"].value = "shift"
    panel.controls["bit"].value = 30
    assert 'role="alert"' in panel.status.value
    assert "no element there has a bit" in panel.status.value
    panel.controls["bit"].value = 1
    assert 'role="alert"' not in panel.status.value
    assert "SNR" in panel.outcome.numbers.value


def test_everything_has_a_name_and_the_state_stays_small(panel: FlipPanel) -> None:
    assert all(control.description for control in panel.controls.values())
    views = (panel.outcome.numbers, panel.outcome.sites)
    assert sum(len(view.value) for view in views) < 10_000
    assert sum(map(len, (*panel.outcome.player._pcm, *panel.outcome.player._pictures))) < 400_000


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
    assert "every sample equal" in panel.outcome.numbers.value
    spoken = as_codes(panel.voice.speak("Take 2 pills"))
    np.testing.assert_array_equal(codes(panel.outcome.player)["after"], spoken)
    assert "Take 2 pills" in panel.snippet.code
    panel.controls["word"].value = "..."
    assert 'role="alert"' in panel.status.value and "can be said" in panel.status.value
    panel.controls["word"].value = "no"
    assert 'role="alert"' not in panel.status.value


def test_another_generator_can_be_chosen(panel: FlipPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = panel.controls["generator"]
    assert generator.options == ("challenge", "speech", "viseme")
    generator.value = "speech"
    assert panel.voice.generator.name == "speech"
    assert panel.controls["generator"] is generator, "the keyboard's focus stays"
    assert panel.controls["word"].value in panel.voice.usual
    assert "wb.load('speech')" in panel.snippet.code and "SNR" in panel.outcome.numbers.value
    generator.value = "challenge"
    assert panel.voice is voice()

    def damaged(**_: str) -> None:
        raise WorkbenchError("the checkpoint is damaged")

    monkeypatch.setattr(voices_module, "open_voice", damaged)
    panel.choice._open.pop("speech")
    generator.value = "speech"
    assert "the checkpoint is damaged" in panel.status.value
    assert generator.value == "challenge" and panel.voice is voice()


def test_its_code_gives_what_it_shows(panel: FlipPanel) -> None:
    panel.controls["flips"].value, panel.controls["bit"].value = 50, 3
    panel.controls["healer"].value = 8
    made, _ = ran(panel.snippet)
    heard = codes(panel.outcome.player)
    np.testing.assert_array_equal(as_codes(made["heard"].after), heard["after"])
    np.testing.assert_array_equal(as_codes(made["heard"].before), heard["before"])
    assert made["heard"].trial in panel.outcome.sites.value


def test_a_loop_goes_on_while_bits_change(panel: FlipPanel) -> None:
    panel.outcome.player.active, panel.outcome.player.loop_s = 1, [0.1, 0.4]
    panel.controls["flips"].value = 20
    assert (panel.outcome.player.active, panel.outcome.player.loop_s) == (1, [0.1, 0.4])


def test_a_face_follows_a_recording(panel: FlipPanel, tmp_path: Path) -> None:
    panel.controls["generator"].value = "viseme"
    controls, outcome = panel.controls, panel.outcome
    controls["word"].value, controls["flips"].value, controls["section"].value = "3", 50, "table"
    takes = takes_of(panel.voice, "3", str(panel.plan()), healer="crc-scrub")
    assert outcome.faces.value == avatar_frame(takes) and takes.trial in outcome.sites.value
    assert outcome.stage.children == (outcome.faces,)
    flipped, healed = (takes.take(key).metrics for key in (FLIPPED, HEALED))
    assert flipped and healed and flipped.wrong > healed.wrong
    assert f"<b>{flipped.wrong:.1%}</b>" in outcome.numbers.value
    made, _ = ran(panel.snippet)
    assert made["faces"].html == outcome.faces.value
    controls["healer"].value = "none"
    assert "healed" not in outcome.numbers.value
    controls["flips"].value = 0
    assert "No bit is flipped" in outcome.sites.value and "masked" in outcome.numbers.value
    own = tmp_path / "own.wav"
    write_wav(own, voice().speak("7"))
    controls["word"].value = str(own)
    assert 'role="alert"' not in panel.status.value and "own.wav" in panel.snippet.code
    controls["word"].value = "absent.wav"
    assert "there is no sound file absent.wav" in panel.status.value
    controls["generator"].value = "challenge"
    assert outcome.stage.children == (outcome.player,) and "SNR" in outcome.numbers.value
