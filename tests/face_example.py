"""The example of `import workbench as wb`, as a function of any voice."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import workbench as wb


def run_example(
    voice: wb.Voice, out: Path, *, utterance: str, operator: str, board: str | None
) -> None:
    """Every line of the example, with small counts; asserts what each gives."""
    image = voice.image(healer="pq-scrub")
    assert image is voice.image("pq-scrub")
    bad = image.flip(operator=operator, tensor="weight", bits=7, count=10, seed=1)
    assert len(bad.flipped()) == 10
    assert all(str(image.site(p)).startswith(f"{operator}.weight") for p in bad.flipped())

    heard = voice.speak(utterance, bad)
    shown = wb.listen(heard)
    assert f"{len(heard):,} samples" in repr(shown)
    assert (
        shown._repr_html_().count("<audio") == 1
        and f"to {voice.sample_rate_hz / 2000:g} kHz" in shown.html
    )

    trials = wb.campaign(voice, "flips=3", trials=20, utterances=[utterance], out=out / "c", jobs=1)
    assert len(trials) == 20 and list(trials.trial) == list(range(20))
    again = wb.campaign(voice, "flips=3", trials=20, utterances=utterance, out=out / "c", jobs=1)
    assert again.equals(trials)
    assert repr(wb.summary(out / "c")).startswith("flips=3,seed=0: 20 trials")

    mine = wb.Strategy("mine", [wb.guard("pq", "weights", repair=["correct", "restore"])])
    wb.save_strategy(mine, out / "mine.toml")
    assert wb.load_strategy(out / "mine.toml") == mine
    assert voice.image(str(out / "mine.toml")) is voice.image(mine)
    table = wb.compare(voice, ["none", mine], faults="single", devices=2, utterances=2, jobs=1)
    assert {each["strategy"] for each in table.records} == {"none", "mine"}
    assert "mine" in table._repr_html_() and "mine" in repr(table)

    firmware = wb.export(voice, mine, out / "fw", board=board)
    assert (out / "fw" / "README.md").exists() and "histories" in firmware._repr_html_()
    assert firmware.fit.lower().startswith(f"{board}:") if board else not firmware.fit

    speech = wb.simulate(voice, mine, "single", utterances=2)
    assert "log entries" in repr(wb.listen(speech))
    assert repr(speech).startswith("Device that said ") and len(repr(speech).splitlines()) <= 12
    panel = wb.FlipPanel(voice)
    assert "alert" not in panel.status.value


def same_trial(voice: wb.Voice, utterance: str) -> None:
    """An image with drawn flips, its trial replayed and the row of a campaign are one sound."""
    bad = voice.image().flip(count=40, seed=3, trial=2)
    trial = voice.trial(utterance, bad)
    replayed = wb.replay(voice, str(trial))
    heard = wb.hear(voice, utterance, str(trial.plan), trial=2)
    np.testing.assert_array_equal(replayed.after, voice.speak(utterance, bad))
    np.testing.assert_array_equal(heard.after, replayed.after)
    assert heard.trial == replayed.trial == str(trial)
    trials = wb.campaign(voice, str(trial.plan), trials=3, utterances=utterance, jobs=1)
    assert (
        replayed.metrics.snr_db == np.float32(trials.snr_db[2])
        or abs(replayed.metrics.snr_db - trials.snr_db[2]) < 0.01
    )
