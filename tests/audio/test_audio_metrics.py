"""Metrics agree with their closed forms, order real damage, and say when they have no value."""

from __future__ import annotations

import math
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.audio import metrics
from workbench.audio.metrics import (
    MetricUnavailable,
    log_mel_db,
    multi_resolution_stft,
    pesq_nb,
    snr_db,
    stoi,
)
from workbench.audio.recordings import load_recordings
from workbench.audio.scales import BY_SNR, CLASSES
from workbench.audio.sound_metrics import measure
from workbench.errors import WorkbenchError

DISTANCES = (log_mel_db, multi_resolution_stft)
SCORES = (stoi, pesq_nb)
signals = hnp.arrays(np.float32, st.integers(1, 700), elements=st.floats(-1, 1, width=32))


@pytest.fixture(scope="module")
def word() -> np.ndarray:
    return load_recordings(prefix="digits/8")["digits/8"]


def _noise(like: np.ndarray, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(len(like)) * like.std()


@given(signals)
def test_equal_signals_are_equal(signal: np.ndarray) -> None:
    assert snr_db(signal, signal) == math.inf
    assert log_mel_db(signal, signal) == 0
    if signal.any():
        assert multi_resolution_stft(signal, signal) == 0
    assert measure(signal, signal, perceptual=False).quality == "transparent"


@given(st.floats(1e-4, 1e4), st.integers(0, 99))
def test_snr_of_scaled_noise_has_its_closed_form(scale: float, seed: int) -> None:
    reference, noise = np.random.default_rng(seed).standard_normal((2, 500))
    base_db = 10 * math.log10(np.sum(reference**2) / np.sum(noise**2))
    expected_db = base_db - 20 * math.log10(scale)
    assert snr_db(reference + scale * noise, reference) == pytest.approx(expected_db, abs=1e-3)


@given(st.floats(0.5, 2))
def test_log_mel_distance_of_a_gain_is_the_gain(gain: float) -> None:
    reference = np.random.default_rng(0).standard_normal(4000)
    assert log_mel_db(gain * reference, reference) == pytest.approx(
        abs(20 * math.log10(gain)), abs=1e-3
    )


@given(st.floats(1, 3))
def test_stft_distance_of_a_gain_has_its_closed_form(gain: float) -> None:
    reference = np.random.default_rng(0).standard_normal(4000) * 5
    expected = (gain - 1) + math.log(gain)
    assert multi_resolution_stft(gain * reference, reference) == pytest.approx(expected, rel=1e-3)


@given(hnp.arrays(np.float32, (2, 400), elements=st.floats(-1, 1, width=32)))
def test_distances_are_never_negative_and_log_mel_is_symmetric(pair: np.ndarray) -> None:
    first, second = pair
    assert log_mel_db(first, second) >= 0
    assert log_mel_db(first, second) == log_mel_db(second, first)
    if second.any():
        assert multi_resolution_stft(first, second) >= 0


def test_more_noise_is_worse_by_every_metric(word: np.ndarray) -> None:
    results = [measure(word + scale * _noise(word), word) for scale in (0.01, 0.1, 0.5)]
    for better, worse in pairwise(results):
        assert not better.absent
        assert better.snr_db > worse.snr_db
        assert better.log_mel_db < worse.log_mel_db
        assert better.multi_resolution_stft < worse.multi_resolution_stft  # type: ignore[operator]
        assert better.stoi > worse.stoi  # type: ignore[operator]
        assert better.pesq_nb > worse.pesq_nb  # type: ignore[operator]
        assert CLASSES.index(better.quality) <= CLASSES.index(worse.quality)


def test_perfect_scores(word: np.ndarray) -> None:
    assert stoi(word, word) == pytest.approx(1)
    assert pesq_nb(word, word) == pytest.approx(4.549, abs=1e-3)


def named(snr: float, distance: float) -> str:
    return BY_SNR.verdict(snr_db=snr, log_mel_db=distance)[0]


@given(st.floats(-20, 60), st.floats(0, 20), st.floats(0, 40), st.floats(0, 20))
def test_the_class_never_improves_with_more_damage(
    snr: float, distance: float, less_snr: float, more_distance: float
) -> None:
    before = CLASSES.index(named(snr, distance))
    assert CLASSES.index(named(snr - less_snr, distance)) >= before
    assert CLASSES.index(named(snr, distance + more_distance)) >= before


@pytest.mark.parametrize(
    ("snr", "distance", "name"),
    [
        (math.inf, 0, "transparent"),
        (28, 1, "transparent"),
        (28, 1.01, "acceptable"),
        (27.9, 0, "acceptable"),
        (19, 2.7, "acceptable"),
        (18.9, 0, "degraded"),
        (60, 2.71, "degraded"),
        (9, 50, "degraded"),
        (8.9, 0, "broken"),
        (-math.inf, 60, "broken"),
        (math.nan, math.nan, "broken"),
    ],
)
def test_the_limits_of_the_classes(snr: float, distance: float, name: str) -> None:
    assert named(snr, distance) == name


@given(st.floats(-20, 60), st.floats(0, 20))
def test_the_limit_that_is_told_decided_the_class(snr: float, distance: float) -> None:
    quality, limit = BY_SNR.verdict(snr_db=snr, log_mel_db=distance)
    what, sign, value, unit = limit.split()
    measured = {"SNR": snr, "log-mel": distance}[what]
    holds = {"≥": measured >= float(value), "<": measured < float(value),
             ">": measured > float(value)}  # fmt: skip
    assert holds[sign] and unit == "dB"
    # Where the SNR alone would give a better class, it is not the SNR that is told.
    assert (what == "log-mel") == (named(snr, 0.0) != quality)


@pytest.mark.parametrize("metric", [snr_db, *DISTANCES, *SCORES, measure])
def test_what_cannot_be_compared_is_refused(metric, word: np.ndarray) -> None:  # type: ignore[no-untyped-def]
    empty, bad = np.zeros(0), np.where(np.arange(len(word)) == 9, np.nan, word)
    for test, reference, message in (
        (word[1:], word, "same number of samples"),
        (empty, empty, "same number of samples"),
        (word[None], word[None], "same number of samples"),
        (bad, word, "the test sound holds values that are not finite"),
        (word, bad, "the reference sound holds values that are not finite"),
    ):
        with pytest.raises(WorkbenchError, match=message) as refusal:
            metric(test, reference)
        assert not isinstance(refusal.value, MetricUnavailable)


def test_silence(word: np.ndarray) -> None:
    silence = np.zeros_like(word)
    dead = measure(silence, word)
    assert (dead.snr_db, dead.quality) == (0, "broken")
    assert set(dead.absent) == {"stoi", "pesq_nb"}
    assert "silent test sound" in dead.absent["stoi"]
    assert snr_db(word, silence) == -math.inf
    assert snr_db(silence, silence) == math.inf
    invented = measure(word, silence)
    assert set(invented.absent) == {"multi_resolution_stft", "stoi", "pesq_nb"}
    assert invented.multi_resolution_stft is None


def test_short_sounds_have_no_perceptual_score(word: np.ndarray) -> None:
    short = measure(word[4000:5000] * 0.5, word[4000:5000])
    assert (short.stoi, short.pesq_nb) == (None, None)
    assert "0.4 s" in short.absent["stoi"]
    assert "1/4 of a second" in short.absent["pesq_nb"]


def test_a_missing_package_is_named(word: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pystoi", None)
    monkeypatch.setitem(sys.modules, "pesq", None)
    found = measure(word, word)
    assert found.snr_db == math.inf
    assert "package pystoi" in found.absent["stoi"]
    assert "[speech]" in found.absent["stoi"]
    assert "[pesq]" in found.absent["pesq_nb"]
    with pytest.raises(MetricUnavailable, match="package pesq"):
        metrics.pesq_nb(word, word)
