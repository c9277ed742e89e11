"""Faces that follow a sound: takes that are true, their figures, and the page that shows them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from browsers import browser, needs_browser
from voices import voice

import workbench as wb
from workbench.audio.face_metrics import LOOKS, measure_face, visibly_wrong
from workbench.audio.sound_files import pcm16, read_audio
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.avatar.page import avatar_html
from workbench.experiments.avatar.takes import CLEAN, FLIPPED, HEALED, takes_of
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.integer.reference import run
from workbench.memory.faults.plan import TrialId
from workbench.memory.faults.transients import Sites


@pytest.fixture(scope="module")
def face() -> Voice:
    return open_voice(generator="viseme")


def moving(frames: int = 300) -> np.ndarray:
    """A face whose five shapes move slowly, 0 to 1."""
    t = np.arange(frames)[:, None] / 100
    return 0.5 + 0.4 * np.sin(2 * np.pi * t * np.array([1.0, 1.3, 1.7, 2.1, 2.6]))


def test_looks_of_a_face() -> None:
    clean, rng = moving(), np.random.default_rng(0)
    assert measure_face(clean, clean).looks == "as clean"
    assert measure_face(np.full_like(clean, 0.5), clean).looks == "frozen"
    assert measure_face(clean + rng.normal(0, 0.3, clean.shape), clean).looks == "trembling"
    assert measure_face(clean[::-1], clean).looks == "wrong"
    assert set(LOOKS) == {"as clean", "wrong", "frozen", "trembling"}
    one = clean.copy()
    one[100] += 0.5  # a single frame is not seen
    assert not visibly_wrong(one, clean).any()
    one[100:110] += 0.5
    assert visibly_wrong(one, clean)[100:110].all()
    assert measure_face(one, clean).looks == "as clean"
    with pytest.raises(WorkbenchError, match="cannot be compared"):
        measure_face(clean, clean[1:])


def test_takes_are_what_the_device_computes(face: Voice) -> None:
    takes = takes_of(face, "3+1", "flips=60,seed=2", healer="crc-scrub")
    inputs = face.inputs("3+1")
    np.testing.assert_array_equal(takes.take(CLEAN).codes, run(face.program, inputs)["face"][0])
    image = face.image("crc-scrub")
    events = TrialId.parse(takes.trial).events(Sites(image))
    faulty = image.flip(events.position).to_program()
    np.testing.assert_array_equal(takes.take(FLIPPED).codes, run(faulty, inputs)["face"][0])
    flipped, healed = (takes.take(key).metrics for key in (FLIPPED, HEALED))
    assert flipped and healed
    assert healed.wrong < flipped.wrong
    assert len(takes.sites) == 60
    assert [take.key for take in takes_of(face, "3", "flips=1", healer="none").takes] == [
        CLEAN,
        FLIPPED,
    ]
    np.testing.assert_array_equal(takes.sound * 32768, inputs["sound"][0, :, 0])


def test_a_voice_has_no_face_and_a_face_no_voice(face: Voice) -> None:
    with pytest.raises(WorkbenchError, match="challenge shapes no face"):
        takes_of(voice(), "7", "flips=1", healer="none")
    with pytest.raises(WorkbenchError, match="viseme gives a face and no sound; see it"):
        wb.hear(face, "7", "flips=1")


def test_a_notebook_shows_faces(face: Voice) -> None:
    shown = wb.avatar(face, "3", "flips=40")
    assert shown.html.startswith("<iframe srcdoc=")
    assert "Healed: " in shown.text


def test_a_face_follows_a_voice(
    face: Voice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Take 2 pills"
    assert main(["demo", "--avatar", "--say", said, "--out", str(tmp_path)]) == 0
    html, speech = (tmp_path / "index.html").read_text(), open_voice(generator="speech")
    assert f"hears “{said}”" in html
    assert f"workbench demo speech --word &#x27;{said}&#x27; --seed 0 --avatar" in html
    file = tmp_path / "said.wav"
    np.testing.assert_array_equal(pcm16(read_audio(file)), pcm16(speech.speak(said)))
    takes = takes_of(face, str(file), "flips=100,seed=0", healer="crc-scrub")
    assert json.loads((tmp_path / "summary.json").read_text())["trial"] == takes.trial
    assert avatar_html(takes) in html
    assert wb.avatar(speech, said).html == wb.avatar(face, str(file)).html
    monkeypatch.setattr(type(speech), "sample_rate_hz", 8_000)
    with pytest.raises(
        WorkbenchError, match="makes 8,000 samples a second and a face follows 16,000"
    ):
        wb.avatar(speech, said)


@needs_browser
def test_the_page_moves_its_faces(tmp_path: Path) -> None:
    from playwright.sync_api import expect

    assert main(["demo", "viseme", "--say", "3+1", "--seed", "5", "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "summary.json").read_text())
    assert set(figures["takes"]) == {CLEAN, FLIPPED, HEALED}
    html = (tmp_path / "index.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)
    with browser(tmp_path / "profile", width=1000, height=900) as context:
        page = context.new_page()
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto((tmp_path / "index.html").as_uri())
        lips = page.locator(".face .lips").first
        mouths = [lips.get_attribute("d")]
        for seconds in (0.3, 0.6):
            page.evaluate(f"document.querySelector('audio').currentTime = {seconds}")
            expect(lips).not_to_have_attribute("d", str(mouths[-1]))
            mouths.append(lips.get_attribute("d"))
        assert len(set(mouths)) == 3
        assert page.locator(".face").count() == 3
        assert not failures
