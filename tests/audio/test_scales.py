"""Scales of damage: classes, harm, and their text in manifests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.audio.scales import (
    BY_SNR,
    CLASSES,
    QUALITIES,
    BySpectrum,
    error_share,
    harm,
    scale_of_text,
    scale_text,
)
from workbench.errors import WorkbenchError

SPECTRUM = BySpectrum(log_mel_db=(3.0, 5.0, 10.0), mfcc_dtw=(11.0, 16.0, 26.0))
distances = st.floats(0, 40)


def named(log_mel: float, warped: float) -> str:
    return SPECTRUM.verdict(snr_db=-5.0, log_mel_db=log_mel, mfcc_dtw=warped)[0]


@pytest.mark.parametrize(
    ("log_mel", "warped", "name"),
    [
        (0, 0, "transparent"),
        (3, 11, "transparent"),
        (3.001, 0, "acceptable"),
        (0, 11.001, "acceptable"),
        (5, 16, "acceptable"),
        (5.001, 3, "degraded"),
        (10, 26, "degraded"),
        (0, 26.001, "broken"),
        (60, 60, "broken"),
        (float("nan"), 0, "broken"),
    ],
)
def test_the_worse_distance_decides(log_mel: float, warped: float, name: str) -> None:
    assert named(log_mel, warped) == name


@given(distances, distances, distances, distances)
def test_the_class_never_improves_with_more_distance(
    a: float, b: float, c: float, d: float
) -> None:
    assert CLASSES.index(named(a + c, b + d)) >= CLASSES.index(named(a, b))


@given(distances, distances)
def test_one_sound_and_many_get_the_same_class(a: float, b: float) -> None:
    fidelity = SPECTRUM.fidelity_db(np.array([a]), np.array([b]))
    assert QUALITIES[int(SPECTRUM.quality(fidelity)[0])] == named(a, b)


@given(distances, distances)
def test_the_limit_that_is_told_was_exceeded(a: float, b: float) -> None:
    name, limit = SPECTRUM.verdict(snr_db=0.0, log_mel_db=a, mfcc_dtw=b)
    if name == "transparent":
        assert limit == "log-mel ≤ 3 dB, MFCC-DTW ≤ 11"
        return
    what, sign, value, *_ = limit.split()
    assert sign == ">" and {"log-mel": a, "MFCC-DTW": b}[what] > float(value)


@given(st.lists(st.floats(-30, 60), min_size=2, max_size=2).map(sorted))
def test_harm_falls_as_fidelity_rises(pair: list[float]) -> None:
    worse, better = harm(np.array(pair))
    assert 0 <= better <= worse <= 1
    worse, better = error_share(np.array(pair))
    assert 0 <= better <= worse <= 1


def test_ends_of_the_scales() -> None:
    assert harm(np.array([np.inf, 0.0, -np.inf])).tolist() == [0, 1, 1]
    assert error_share(np.array([np.inf, 0.0, -np.inf])).tolist() == [0, 0.5, 1]
    fidelity = SPECTRUM.fidelity_db(np.array([0.0, 3.0, 5.0, 10.0]), np.zeros(4))
    assert fidelity[0] == np.inf
    assert fidelity[1:] == pytest.approx(list(SPECTRUM.limits))


ascending = st.lists(st.floats(0.01, 99), min_size=3, max_size=3, unique=True).map(
    lambda limits: tuple(sorted(limits))
)


@given(ascending, ascending)
def test_a_scale_survives_its_text(log_mel, warped) -> None:  # type: ignore[no-untyped-def]
    scale = BySpectrum(log_mel, warped)
    assert scale_of_text(scale_text(scale)) == scale
    assert scale_of_text(scale_text(BY_SNR)) == BY_SNR


@pytest.mark.parametrize(
    "text",
    ["x", "log_mel=1+2+3", "log_mel=1.0+2.0+3.0,mfcc_dtw=3.0+2.0+1.0", "log_mel=a,mfcc_dtw=b"],
)
def test_what_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(WorkbenchError):
        scale_of_text(text)
