"""Distances by the spectrum in C are those of NumPy, and the same with all kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import KERNELS_HERE
from programs import seeds

from workbench.audio.spectral_distance import SpectralDistance
from workbench.errors import WorkbenchError
from workbench.experiments.bench.synthesis import synthesiser
from workbench.integer.native.spectra import NativeSpectralDistance
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials import measured
from workbench.memory.trials.laboratory import Laboratory


def _native(
    clean: np.ndarray, kernels: str | None = None, exponent: int = -15
) -> NativeSpectralDistance:
    return NativeSpectralDistance(clean, exponent=exponent, sample_rate_hz=16_000, kernels=kernels)


@settings(max_examples=30, deadline=None)
@given(
    samples=st.integers(1, 6000),
    count=st.integers(1, 19),
    exponent=st.sampled_from([-15, -14, -12]),  # the last two are clipped
    seed=seeds,
)
def test_figures_are_those_of_numpy_with_all_kernels(
    samples: int, count: int, exponent: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    clean = np.rint(rng.normal(0, rng.choice([0, 30, 6000]), samples)).astype(np.int16)
    sounds = np.repeat(clean[None], count, axis=0).astype(np.int64)
    for sound in sounds:  # a stretch of each differs, or nothing does
        first, last = np.sort(rng.integers(0, samples + 1, 2))
        sound[first:last] += rng.integers(-(2 ** rng.integers(15)), 2**15, last - first)
    sounds = np.clip(sounds, -32768, 32767).astype(np.int16)
    values = [np.clip(np.ldexp(x.astype(np.float32), exponent), -1, 1) for x in (clean, sounds)]
    expected = SpectralDistance(values[0]).of(values[1])
    made = [_native(clean, kernels, exponent).of(sounds) for kernels in KERNELS_HERE]
    for figures in made:
        np.testing.assert_allclose(figures, expected, atol=2.1e-3, rtol=1e-4)
        np.testing.assert_array_equal(figures, made[0])
    equal = (sounds == clean).all(axis=1)
    assert not np.array(made[0])[:, equal].any()


def test_without_a_compiler_trials_are_measured_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    codes = np.full((1, 12, 38), -6 * 2048) + rng.integers(-2048, 2048, (1, 12, 38))
    image = Image.of(synthesiser())
    laboratory = Laboratory(image, {"controls": codes.astype(np.int16)})
    events = Plan.parse("flips=40").events(Sites(image), np.arange(5))
    sounds = laboratory.sounds(events, 5)
    native = measured.distances(laboratory, sounds)
    monkeypatch.setattr("workbench.integer.native.spectra.native_library", _missing)
    plain = measured.distances(laboratory, sounds)
    np.testing.assert_allclose(native, plain, atol=2.1e-3)
    assert np.array(plain).max() > 1


def _missing(kernels: str) -> None:
    raise WorkbenchError("there is no C compiler")


def test_other_lengths_are_refused() -> None:
    with pytest.raises(WorkbenchError, match="cut them to its length"):
        _native(np.ones(100, np.int16)).of(np.ones((2, 99), np.int16))
    with pytest.raises(WorkbenchError, match="at least one"):
        _native(np.zeros(0, np.int16))
    with pytest.raises(WorkbenchError, match="too low for a mel spectrum"):
        NativeSpectralDistance(np.ones(9, np.int16), exponent=-15, sample_rate_hz=100)
