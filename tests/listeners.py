"""Programs that hear: log-mel bands in front of a small network, shapes of a face behind it; and sounds for them."""

from __future__ import annotations

import numpy as np
from trial_cases import events_everywhere

from workbench.integer.operators import Blend, Conv, MelBands
from workbench.integer.program import Program
from workbench.integer.signals import Signal
from workbench.memory.faults.events import Events
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image

HOP, WINDOW, BANDS, RATE_HZ = 160, 512, 32, 16_000
SOUND = Signal("sound", 16, 1, HOP, -15)
HEARD = Signal("bands", 8, BANDS, 1, -4)


def ear() -> Program:
    """Nothing but the front end."""
    front = MelBands.standard("ear", SOUND.name, HEARD.name)
    return Program("ear", (SOUND.name,), HEARD.name, 100.0, (SOUND, HEARD), (front,))


def listener(seed: int = 0, *, classes: int = 6, shapes: int = 3) -> Program:
    """Front end, a random convolution and a blend of random shapes."""
    rng = np.random.default_rng(seed)
    scores, face = Signal("scores", 8, classes, 1, -4), Signal("face", 8, shapes, 1, -7)
    weight = rng.integers(-128, 128, (1, classes, 3, BANDS)).astype(np.int8)
    bias = rng.integers(-(2**14), 2**14, classes).astype(np.int32)
    net = Conv(
        "net", (HEARD.name,), scores.name, weight, bias, np.full(classes, 8, np.int8), -128, 127
    )
    table = rng.integers(-128, 128, (classes, shapes)).astype(np.int8)
    mix = Blend.softmax("mix", scores.name, face.name, exponent=-4, shapes=table)
    signals = SOUND, HEARD, scores, face
    operators = (*ear().operators, net, mix)
    return Program("listener", (SOUND.name,), face.name, 100.0, signals, operators)


def any_sound(rng: np.random.Generator, frames: int) -> np.ndarray:
    """int16 [1, frames * 160, 1]: tones and noise of any loudness, clipped here and there, with pauses."""
    n = frames * HOP
    t = np.arange(n) / RATE_HZ
    tones = sum(np.sin(2 * np.pi * hz * t) for hz in rng.uniform(20, 8000, 3))
    loud = 2.0 ** rng.uniform(-2, 17, frames).repeat(HOP) * (rng.random(frames) < 0.8).repeat(HOP)
    sound = loud * (tones + rng.normal(size=n))
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)[None, :, None]


def listening_case(seed: int, frames: int) -> tuple[Image, dict[str, np.ndarray], Events, int]:
    """An image, some of them with flips, a sound, and events of a few trials."""
    rng = np.random.default_rng([seed, 24])
    program = ear() if rng.random() < 0.3 else listener(seed, classes=int(rng.integers(1, 9)))
    image = Image.of(program)
    if rng.random() < 0.3:
        image = image.flip(rng.integers(0, 8 * image.layout.size_bytes, 5))
    trials = int(rng.integers(1, 5))
    events = events_everywhere(Sites(image), rng, trials, frames)
    return image, {SOUND.name: any_sound(rng, frames)}, events, trials


def bands_in_float(sound: np.ndarray) -> np.ndarray:
    """Codes float64 [frames, 32] of samples [frames * 160], from silence: floating point, exact magnitudes."""
    padded = np.concatenate([np.zeros(WINDOW - HOP), sound])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW) ** 2
    magnitude = np.abs(np.fft.rfft(windows * hann, axis=1)) * 8
    mel = np.linspace(*(2595 * np.log10(1 + np.array([80, 7600]) / 700)), BANDS + 2)
    corners = 700 * (10 ** (mel / 2595) - 1)
    hz = np.arange(WINDOW // 2 + 1) * RATE_HZ / WINDOW
    triangles = np.array([np.interp(hz, corners[b : b + 3], [0, 1, 0]) for b in range(BANDS)])
    sums = 256 * (magnitude / 64) @ triangles.T
    return np.clip(16 * np.log2(sums / 2 / 2**12 + 1) - 128, -128, 127)
