"""Controls of the synthesiser, and what it should say by floating-point arithmetic."""

from __future__ import annotations

from functools import cache

import numpy as np

from workbench.integer.program import Program

CONTROLS, HOP, POINTS, RATE_HZ = 38, 160, 256, 16_000


def controls(
    frames: int,
    *,
    envelope: float | np.ndarray = -4.0,
    share: float | np.ndarray = 1.0,
    f0_hz: float | np.ndarray = 125.0,
) -> np.ndarray:
    """int16 [1, frames, 38] of log2 amplitudes, harmonic shares of the power and a fundamental frequency.

    Args:
        frames: How many.
        envelope: One number, [32] or [frames, 32].
        share: One number, [5] or [frames, 5].
        f0_hz: One number or [frames].
    """
    values = np.zeros((1, frames, CONTROLS))
    values[0, :, :32], values[0, :, 32:37] = envelope, share
    values[0, :, 37] = np.log2(f0_hz)
    return np.rint(2048 * values).astype(np.int16)


def any_controls(rng: np.random.Generator, frames: int) -> np.ndarray:
    """int16 [1, frames, 38]: any codes, and in half of the frames such as a network makes."""
    wild = rng.integers(-32768, 32768, (1, frames, CONTROLS)) >> rng.integers(0, 5)
    usual = controls(
        frames,
        envelope=rng.uniform(-12, -1, (frames, 32)),
        share=rng.uniform(-0.1, 1.1, (frames, 5)),
        f0_hz=rng.uniform(60, 500, frames),
    )
    return np.where(rng.random((1, frames, 1)) < 0.5, wild, usual).astype(np.int16)


def any_state(program: Program, rng: np.random.Generator) -> dict[tuple[str, str], np.ndarray]:
    """Any values of everything that is remembered, int64 [*shape] by (operator, tensor)."""
    return {
        (operator.name, tensor.name): rng.integers(
            -(1 << tensor.bits - 1), 1 << tensor.bits - 1, tensor.shape
        )
        for operator, tensor in program.states()
    }


@cache
def band_centres_hz(bands: int) -> np.ndarray:
    """Centres of mass of triangles on the mel scale from 80 to 7,900 Hz, summed up on a fine grid."""
    mel = np.linspace(*(2595 * np.log10(1 + np.array([80, 7900]) / 700)), bands + 2)
    corners = 700 * (10 ** (mel / 2595) - 1)
    grid = np.arange(0, 8000, 0.5)
    triangles = np.array([np.interp(grid, corners[b : b + 3], [0, 1, 0]) for b in range(bands)])
    return triangles @ grid / triangles.sum(axis=1)


def spoken_in_float(codes: np.ndarray) -> np.ndarray:
    """Samples float64 [frames * 160] in [-1, 1] of controls [frames, 38], from silence.

    Sines of exact frequency whose amplitudes fade from frame to frame, and noise of the same drawn phases. Nothing
    is shared with the operator but what its documentation says.
    """
    values = codes / 2048
    bins_hz = np.arange(1, POINTS // 2) * RATE_HZ / POINTS
    n, fade = np.arange(HOP), np.sin(np.pi / 2 * np.arange(64) / 64)
    old, tail, phase, step, seed = np.zeros(127), np.zeros(64), 0.0, 0.0, 0
    samples = []
    for row in values:
        voiced = row[32] > 0.4
        if voiced != (step > 0):
            seed = 0

        def amplitude(hz: np.ndarray, row: np.ndarray = row) -> np.ndarray:
            return 2 ** np.interp(hz, band_centres_hz(32), row[:32])

        def share(hz: np.ndarray, row: np.ndarray = row) -> np.ndarray:
            return np.interp(hz, band_centres_hz(5), np.clip(row[32:37], 0, 1))

        f0_hz = 2 ** np.clip(row[37], 6, 9)
        goal = f0_hz / RATE_HZ
        new = np.zeros(127)
        if voiced:
            hz = np.arange(1, 128) * f0_hz
            new = 2 * amplitude(hz) * np.sqrt(share(hz) * f0_hz / RATE_HZ) * (hz < 7600)
        start = step or goal
        turns = phase + n * start + n * (n + 1) / 2 * ((goal if voiced else start) - start) / HOP
        waves = np.sin(2 * np.pi * np.outer(turns, np.arange(1, 128)))
        y = (waves @ old) * (1 - n / HOP) + (waves @ new) * n / HOP
        drawn = np.zeros(127)
        for k in range(127):
            seed = (1664525 * seed + 1013904223) % 2**32
            drawn[k] = (seed >> 24) / 256
        grain = amplitude(bins_hz) * np.sqrt(1 - share(bins_hz) * voiced) / 16
        angles = np.outer(np.arange(224), np.arange(1, 128)) / POINTS + drawn
        noise = 2 * np.cos(2 * np.pi * angles) @ grain
        y += noise[:HOP]
        y[:64] += tail - (1 - fade) * noise[:64]
        samples.append(y)
        tail = noise[HOP:] * np.cos(np.pi / 2 * np.arange(64) / 64)
        phase = turns[-1] + (goal if voiced else start) if voiced else 0.0
        old, step = new, goal if voiced else 0.0
    return np.concatenate(samples)
