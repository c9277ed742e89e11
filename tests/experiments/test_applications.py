"""Applications: shares of users against counting by hand, and what listeners make of clean, noisy and wrong sounds."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from voices import voice

import workbench as wb
from workbench.audio.recogniser import VARIANTS, Recogniser
from workbench.cli import main
from workbench.experiments.applications import assistance, emulated_voice, liveness, readings
from workbench.experiments.applications.exposure import Exposure, exposed, exposures
from workbench.experiments.applications.shares import shares_of, table_rows
from workbench.firmware.boards import CORES
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.sampling import counter_stream
from workbench.training.checkpoint_files import shipped_checkpoint


@settings(max_examples=30)
@given(
    understood=st.lists(
        st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=3
    ).map(np.array),
    digits=st.integers(1, 3),
    attempts=st.integers(1, 4),
)
def test_users_are_locked_out_as_counted_by_hand(
    understood: np.ndarray, digits: int, attempts: int
) -> None:
    drawn = counter_stream("challenges,seed=0", 0).random_raw(500 * digits) % len(understood)
    misses = []
    for challenge in drawn.reshape(500, digits).tolist():
        for heard in combinations(range(4), attempts):
            misses.append(all(any(not understood[word][v] for word in challenge) for v in heard))
    share = liveness.locked_out(understood, digits=digits, attempts=attempts)
    assert share == pytest.approx(np.mean(misses))


def test_what_cannot_be_a_challenge_is_refused() -> None:
    everything = np.ones((2, 3), bool)
    with pytest.raises(wb.WorkbenchError, match="4 attempts cannot be; give 1 to 3"):
        liveness.locked_out(everything, attempts=4)
    with pytest.raises(wb.WorkbenchError, match="cannot have 0 digits"):
        liveness.locked_out(everything, digits=0)


def test_upsets_accumulate_where_nothing_heals_them() -> None:
    (case,) = (each for each in exposures([20], [], "sea-level") if each.fault)
    bare = list(exposed(voice(), "none", case, devices=2, seed=4))
    for number, image in enumerate(bare):
        expected = Plan.parse("flips=20,seed=4").events(Sites(voice().image()), np.array([number]))
        assert image.flipped().tolist() == sorted(expected.position.tolist())
    healed = list(exposed(voice(), "pq-scrub", case, devices=2, seed=4))
    assert not any(len(image.flipped()) for image in healed)


def test_years_are_arrivals_at_a_rate() -> None:
    _, case = exposures([], [10.0], "1e-7")
    (image,) = exposed(voice(), "none", case, devices=1, seed=0)
    mean = 1e-7 * 3652.5 * 8 * image.layout.working_bytes
    assert abs(len(image.flipped()) - mean) < 5 * mean**0.5


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: exposures([0], [], "sea-level"), "0 upsets cannot be accumulated"),
        (lambda: exposures([], [101.0], "sea-level"), "cannot run 101 years"),
        (lambda: exposures([], [], "moon"), "'moon' is no rate"),
        (lambda: wb.users("livenes"), "no application 'livenes'; did you mean liveness"),
        (lambda: wb.users("liveness", devices=0), "0 devices cannot be measured"),
        (lambda: wb.users("liveness", "challenge"), "the voice of an application is 'challenge'"),
        (lambda: wb.users("assistance", voice()), "challenge cannot say values of sensors; use `speech`"),
        (lambda: next(exposed(voice(), "abft", Exposure("", "", 1.0), devices=1, seed=0)), "depends on what is said"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(call, why: str) -> None:
    with pytest.raises(wb.WorkbenchError, match=why):
        call()


def test_every_sentence_of_a_sensor_can_be_told_from_its_others() -> None:
    for sensor in readings.SENSORS:
        said = list(sensor.phrases.values())
        assert len(set(said)) == len(said) == sensor.last - sensor.first + 1
        assert len(Recogniser(said).words) == len(said)
    assert readings.SENSORS[4].phrases[366] == "body temperature thirty six point six"
    pages = [readings.page(number) for number in range(3)]
    assert len({tuple(each.value for each in page) for page in pages}) == 3
    assert all(len(page) == len(readings.SENSORS) for page in pages)


def test_a_listener_hears_the_number_another_one_or_nothing() -> None:
    speech = wb.load("speech")
    sensor = readings.SENSORS[7]
    said = [sensor.reading(value) for value in (2, 8)]
    two, eight = (speech.speak(each.words) for each in said)
    assert assistance.hear(two, said[0]) == (assistance.Heard.RIGHT, 2)
    assert assistance.hear(eight, said[0]) == (assistance.Heard.OTHER, 8)
    noise = np.random.default_rng(0).standard_normal(len(two))
    assert assistance.hear(noise, said[0]) == (assistance.Heard.NOTHING, None)
    place = next(p for p in assistance.suspects(speech.image()) if p.operator == "phone")
    known = [(said[0], np.asarray(two))]
    found = assistance.suspected(speech, place, known, trials=2, seed=0)
    assert (found.operator, found.section, found.trials) == ("phone", "embed", 2)
    assert sum(found.heard.values()) == 2


def test_a_command_measures_users_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "figures.json"
    asked = ["users", "liveness", "--upsets", "1000", "--devices", "1", "--json", str(file)]
    assert main(asked) == 0
    clean, calm, broken, healed = json.loads(file.read_text())
    assert clean["shares"] == calm["shares"] == healed["shares"]
    assert broken["wrong_bits"] == 1000 and healed["wrong_bits"] == 0
    assert broken["shares"]["locked out"] > clean["shares"]["locked out"]
    assert "1,000 upsets" in capsys.readouterr().out
    table = wb.users("liveness", upsets=[1000], devices=1)
    assert [row.shares for row in table.rows] == [
        each["shares"] for each in (clean, calm, broken, healed)
    ]
    assert main([*asked, "--flips", "3"]) == 2
    assert "counts single flips of `users assistance`" in capsys.readouterr().err


def test_each_presentation_is_an_attempt() -> None:
    assert len(VARIANTS) >= liveness.ATTEMPTS


def test_a_safety_voice_speaks_where_the_healer_knows_that_it_failed() -> None:
    """Golden copy and working copy lose the same page, which CRC pages cannot mend."""
    fault = "bits=0+9+17"
    golden = voice().image("crc-scrub").layout.sections["golden"].start
    lost = Exposure("lost", f"{fault}+{8 * golden + 3}+{8 * golden + 44}", 60.0)
    calm = Exposure("calm", "", 60.0)
    rows = list(
        shares_of(
            voice(), lambda number, image: {"bad": float(len(image.flipped()) > 0)}, (calm, lost), "crc-scrub",
            devices=2, seed=0, safety=lambda number: {"bad": 0.25},
        )
    )  # fmt: skip
    assert [row.shares["bad"] for row in rows] == [0, 0, 0, 1, 1, 0.25]
    assert [row.safety for row in rows] == [None, None, 0.0, None, None, 1.0]
    assert "safety voice in 100 % of devices" in table_rows(rows)[-1][1]
    assert wb.Experiences(tuple(rows)).to_pandas()["safety"].tolist()[2::3] == [0.0, 1.0]


def test_a_safety_voice_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    other = str(shipped_checkpoint("seed1"))
    asked = ["users", "liveness", "--devices", "1", "--upsets", "1", "--safety-voice", other]
    assert main(asked) == 2
    assert "bytes of parameters and 15% of the voice are" in capsys.readouterr().err
    assert main(["users", "avatar", "--safety-voice", other]) == 2
    assert "says digits, and `users avatar` needs other words" in capsys.readouterr().err
    with pytest.raises(wb.WorkbenchError, match="has no safety voice"):
        wb.users("assistance", safety=voice())


def test_a_page_is_read_out_on_an_emulated_core(monkeypatch: pytest.MonkeyPatch) -> None:
    speech = wb.load("speech")
    device, samples = emulated_voice.EmulatedVoice(speech, CORES["m4"]), 0
    (case,) = (each for each in exposures([500], [], "sea-level") if each.fault)
    for healer in ("none", "pq-scrub"):
        (image,) = exposed(speech, healer, case, devices=1, seed=1)
        spoken = device.speak("no", image)
        np.testing.assert_array_equal(spoken, speech.speak("no", image))
        assert (len(image.flipped()) == 0) == np.array_equal(spoken, speech.speak("no"))
        samples += len(spoken)
    assert device.samples == samples
    monkeypatch.setattr(emulated_voice, "run", lambda *_: {"sound": np.zeros((1, 1, 1))})
    with pytest.raises(wb.WorkbenchError, match="says 'no' otherwise than the simulation"):
        device.speak("no", image)


def test_a_core_is_for_pages_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["users", "liveness", "--core", "m4"]) == 2
    assert "--core lets the devices of `users assistance` read out" in capsys.readouterr().err
