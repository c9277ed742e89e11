"""Speech samples from spectral controls: harmonics from a wavetable, noise from a random spectrum.

Reference: a harmonic plus noise model, Stylianou 2001, https://doi.org/10.1109/89.890068, with both parts
made by one inverse FFT a frame: the harmonics are its real part, the noise its imaginary part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.audio.speech_controls import (
    CONTROL_EXPONENT,
    CONTROLS,
    ENVELOPE_BANDS,
    HOP,
    VOICING_BANDS,
    band_centres_hz,
)
from workbench.integer.operators.fourier import POINTS, inverse_fft, turned
from workbench.integer.operators.operator import OnSums, Operator, StateTensor
from workbench.integer.operators.shifts import wrap_int32
from workbench.integer.sections import TABLE
from workbench.integer.signals import Signal

SAMPLE_RATE_HZ = 16_000
FADE = 64
_BINS = POINTS // 2 + 1
_ONE = 1 << -CONTROL_EXPONENT
_VOICED = 819  # of the lowest voicing band: above 0.4
_LOWEST_F0, _HIGHEST_F0 = 6 * _ONE, 9 * _ONE - 1  # 64 Hz to just below 512 Hz
_STEP_MASK = (1 << 28) - 1
_HIGHEST_HARMONIC = 2_040_109_466  # 7,600 Hz, in turns a sample times 2**32
_UNIT = 22 * _ONE  # the spectrum has 22 fractional bits
_NOISE_GAIN = -3 * _ONE  # 1 / sqrt(256) makes noise of variance 1; twice, since a product halves
_HARMONIC_GAIN = -14_301  # -log2(16000) / 2: a harmonic has the power of a band that is f0 wide
_MULTIPLIER, _INCREMENT, _WORD = 1_664_525, 1_013_904_223, 1 << 32
_FRAMES_AT_ONCE = 32


@dataclass(frozen=True, eq=False, repr=False)
class Synthesis(Operator):
    """Frames of 38 controls -> 160 samples each, one frame late.

        controls, int16 Q4.11: log2 amplitude in 32 bands (0: white noise of variance 1), share of the power
            that is harmonic in 5 bands (clipped to 0..1), log2 of the fundamental frequency in Hz at 16,000
            samples a second (clipped to 6..9)
        spectrum Z[k] = j noise[k] - j harmonic[k], from the controls interpolated between bands
        wave + j noise = inverse FFT of Z, 256 points
        y[n] = noise[n] + wave[phase >> 24], interpolated; noise and wave fade over from the last frame's

    sine: int16 Q0.15 [256], of a whole turn: twiddle factors, phases of the noise, fades.
    exponential: int16 Q0.15 [256], 2**(i / 256) - 1.
    level: int16 Q4.11 [129], log2(i / 128) / 2; of 0 the lowest.
    envelope_bin, voicing_bin: int16 Q7.8 [129], where a bin of 62.5 Hz lies between the bands; clamped on use.

    A frame is voiced where the lowest voicing band is above 0.4. All state is forgotten soon, so that no fault
    stays: `wave` (one period, Q0.15) and `tail` (of the noise, Q0.15) within a frame, `step` (turns a sample
    times 2**32, 28 bits used, 0 after an unvoiced frame) likewise, `phase` (turns times 2**32) in the next unvoiced
    frame, `noise` (a linear congruential generator) where voicing begins or ends. Sums wrap modulo 2**32.
    """

    sine: np.ndarray
    exponential: np.ndarray
    level: np.ndarray
    envelope_bin: np.ndarray
    voicing_bin: np.ndarray

    PARAMETERS: ClassVar[Mapping[str, str]] = {
        "sine": TABLE,
        "exponential": TABLE,
        "level": TABLE,
        "envelope_bin": TABLE,
        "voicing_bin": TABLE,
    }
    AXES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "sine": ("entry",),
        "exponential": ("entry",),
        "level": ("entry",),
        "envelope_bin": ("bin",),
        "voicing_bin": ("bin",),
        "wave": ("sample",),
        "tail": ("sample",),
    }

    @classmethod
    def standard(cls, name: str, source: str, target: str) -> Synthesis:
        """The synthesiser with the tables that its equations ask for.

        Args:
            name: Of the operator.
            source: Name of the signal of controls.
            target: Name of the signal of samples.
        """
        i = np.arange(POINTS)
        half_log2 = np.log2(np.arange(1, _BINS) / (_BINS - 1)) / 2
        return cls(
            name,
            (source,),
            target,
            sine=np.rint(32767 * np.sin(2 * np.pi * i / POINTS)).astype(np.int16),
            exponential=np.rint(32768 * (2 ** (i / POINTS) - 1)).astype(np.int16),
            level=np.concatenate([[-32768], np.rint(_ONE * half_log2)]).astype(np.int16),
            envelope_bin=_bin_positions(ENVELOPE_BANDS),
            voicing_bin=_bin_positions(VOICING_BANDS),
        )

    def check(self, sources: tuple[Signal, ...], target: Signal) -> None:
        """Shapes, widths and scales are fixed."""
        self.need_codes(sources, target)
        self.need(
            sources[0] == Signal(sources[0].name, 16, CONTROLS, 1, CONTROL_EXPONENT),
            f"reads one row of {CONTROLS} controls a frame, int16 in steps of 2**{CONTROL_EXPONENT}",
        )
        self.need(
            target == Signal(target.name, 16, 1, HOP, -15),
            f"writes {HOP} samples a frame, int16 in steps of 2**-15",
        )
        for field in ("sine", "exponential"):
            self.need_array(field, np.int16, (POINTS,))
        for field in ("level", "envelope_bin", "voicing_bin"):
            self.need_array(field, np.int16, (_BINS,))

    def state(self, sources: tuple[Signal, ...]) -> tuple[StateTensor, ...]:
        """One period of the harmonics, the noise that fades out, and three words."""
        return (
            StateTensor("wave", 16, (POINTS,)),
            StateTensor("tail", 16, (FADE,)),
            StateTensor("phase", 32, (1,)),
            StateTensor("step", 32, (1,)),
            StateTensor("noise", 32, (1,)),
        )

    def step(
        self, sources: Sequence[np.ndarray], state: dict[str, np.ndarray], on_sums: OnSums
    ) -> np.ndarray:
        """Some frames at a time, for their size."""
        (codes,) = sources  # [batch, frames, 38]
        parts = [np.zeros((len(codes), 0), np.int64)]
        for first in range(0, codes.shape[1], _FRAMES_AT_ONCE):
            parts.append(self._frames(codes[:, first : first + _FRAMES_AT_ONCE], state))
        return np.concatenate(parts, axis=1)[:, :, None]

    def _frames(self, codes: np.ndarray, state: dict[str, np.ndarray]) -> np.ndarray:
        """Controls [batch, frames, 38] -> samples [batch, frames * 160]."""
        voicing = np.clip(codes[:, :, ENVELOPE_BANDS:-1], 0, _ONE)
        voiced = codes[:, :, ENVELOPE_BANDS] > _VOICED
        pitch = np.clip(codes[:, :, -1], _LOWEST_F0, _HIGHEST_F0)
        goal = self._step_of(pitch)
        seed, phase, step, slope = _advance(voiced, goal, state)

        envelope = _between(codes[:, :, :ENVELOPE_BANDS], self.envelope_bin)
        share = _between(voicing, self.voicing_bin) >> 4  # [batch, frames, 129], 0..128
        noise = self._noise(envelope, np.where(voiced[:, :, None], share, 0), seed)
        harmonic = self._harmonics(envelope, share, goal, pitch)
        harmonic = np.where(voiced[:, :, None], harmonic, 0)
        wave, grain = self._waves(noise, harmonic)

        before = np.concatenate([state["wave"][:, None], wave[:, :-1]], axis=1)
        state["wave"] = wave[:, -1].copy()
        y = self._noise_out(grain, state) + _voice_out(before, wave, phase, step, slope)
        return _saturated(y).reshape(len(codes), -1)

    def _step_of(self, pitch: np.ndarray) -> np.ndarray:
        """f0 * 2**32 / 16000, below 2**28."""
        hz = self._mantissa(pitch) << ((pitch >> 11) - 6)  # Q9, without the lowest 3 bits
        hz += hz * (pitch & 7) * 355 >> 20  # 2**(1 / 2048) is 1 + 354.9 / 2**20
        return hz * 524 + (hz * 74 >> 8)

    def _mantissa(self, logarithm: np.ndarray) -> np.ndarray:
        """2**fraction, Q1.15: 0..65535 where the table is damaged."""
        return 32768 + self.exponential.astype(np.int64)[(logarithm >> 3) & 255]

    def _amplitude(self, logarithm: np.ndarray) -> np.ndarray:
        """2**logarithm of a Q.11, rounded down, below 2**21; 0 for negative ones."""
        octave = np.clip(logarithm >> 11, 0, 20)
        return np.where(logarithm < 0, 0, (self._mantissa(logarithm) << 5) >> (20 - octave))

    def _noise(
        self, envelope: np.ndarray, share: np.ndarray, seed: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Real and imaginary part of bins 1..127 at random phases, Q9.22 [batch, frames, 127]."""
        level = self.level.astype(np.int64)[_BINS - 1 - share[:, :, 1:-1]]
        amplitude = self._amplitude(envelope[:, :, 1:-1] + level + _UNIT + _NOISE_GAIN)
        drawn = (seed[:, :, None] * _FACTORS[1:] + _OFFSETS[1:]) % _WORD
        sine, cosine = turned(self.sine, drawn >> 24)
        return amplitude * cosine >> 16, amplitude * sine >> 16

    def _harmonics(
        self, envelope: np.ndarray, share: np.ndarray, goal: np.ndarray, pitch: np.ndarray
    ) -> np.ndarray:
        """Half the amplitudes of harmonics 1..127, Q9.22; none from 7,600 Hz on."""
        k = np.arange(1, _BINS - 1)
        place = goal[:, :, None] * k
        inside = place < _HIGHEST_HARMONIC
        place = np.where(inside, place, 0)
        bin_, fraction = place >> 24, (place >> 16) & 255
        low, high = (np.take_along_axis(envelope, bin_ + n, axis=2) for n in (0, 1))
        level = self.level.astype(np.int64)[np.take_along_axis(share, bin_, axis=2)]
        logarithm = low + ((high - low) * fraction >> 8) + level + (pitch[:, :, None] >> 1)
        logarithm += k * k * 19 >> 7  # what reading between two samples of the wave takes away
        return np.where(inside, self._amplitude(logarithm + _UNIT + _HARMONIC_GAIN), 0)

    def _waves(
        self, noise: tuple[np.ndarray, np.ndarray], harmonic: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One period of the harmonics and 256 samples of noise, Q0.15 [batch, frames, 256]."""
        real, imaginary = noise
        re = np.zeros((*harmonic.shape[:2], POINTS), np.int64)
        im = np.zeros_like(re)
        re[:, :, 1 : _BINS - 1], im[:, :, 1 : _BINS - 1] = -imaginary, real - harmonic
        re[:, :, : _BINS - 1 : -1], im[:, :, : _BINS - 1 : -1] = imaginary, real + harmonic
        re, im = inverse_fft(re, im, self.sine)
        return _saturated((re + 8) >> 4), _saturated((im + 8) >> 4)

    def _noise_out(self, grain: np.ndarray, state: dict[str, np.ndarray]) -> np.ndarray:
        """The noise of each frame, the last frame's fading out; [batch, frames, 160]."""
        rising = self.sine.astype(np.int64)[:FADE]
        falling = self.sine.astype(np.int64)[FADE:0:-1]
        tails = _saturated((grain[:, :, HOP : HOP + FADE] * falling + 16384) >> 15)
        before = np.concatenate([state["tail"][:, None], tails[:, :-1]], axis=1)
        state["tail"] = tails[:, -1].copy()
        y = grain[:, :, :HOP].copy()
        y[:, :, :FADE] = ((y[:, :, :FADE] * rising + 16384) >> 15) + before
        return y


def _bin_positions(bands: int) -> np.ndarray:
    """Where each bin lies between the bands, Q7.8."""
    frequency = np.arange(_BINS) * SAMPLE_RATE_HZ / POINTS
    positions = np.interp(frequency, band_centres_hz(bands), np.arange(bands))
    return np.rint(256 * positions).astype(np.int16)


def _advance(
    voiced: np.ndarray, goal: np.ndarray, state: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What frames begin with: seed of the noise, phase, step and its slope, int64 [batch, frames] each."""
    noise, phase, step = (state[name][:, 0] % _WORD for name in ("noise", "phase", "step"))
    begun = []
    for now, to in zip(voiced.T, goal.T, strict=True):
        used = step & _STEP_MASK
        before = used != 0
        seed = np.where(now != before, 0, noise)
        start = np.where(before, used, to)
        slope = np.trunc((np.where(now, to, start) - start) / HOP).astype(np.int64)
        begun.append((seed, phase, start, slope))
        noise = (seed * _FACTORS[-1] + _OFFSETS[-1]) % _WORD
        phase = np.where(now, (phase + HOP * start + HOP * (HOP + 1) // 2 * slope) % _WORD, 0)
        step = np.where(now, to, 0)
    state.update(
        (name, wrap_int32(word)[:, None])
        for name, word in (("noise", noise), ("phase", phase), ("step", step))
    )
    seeds, phases, steps, slopes = (np.stack(column, axis=1) for column in zip(*begun, strict=True))
    return seeds, phases, steps, slopes


def _between(bands: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Bands [batch, frames, bands] at positions Q7.8 [129], linearly; the last one beyond the end."""
    last = bands.shape[2] - 1
    place = positions.astype(np.int64)
    low = np.clip(place >> 8, 0, last)
    high = np.minimum(low + 1, last)
    return bands[:, :, low] + ((bands[:, :, high] - bands[:, :, low]) * (place & 255) >> 8)


def _saturated(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -32768, 32767)


def _voice_out(
    before: np.ndarray, wave: np.ndarray, phase: np.ndarray, step: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Both waves read at the same phases, fading from the one to the other: [batch, frames, 160]."""
    n = np.arange(HOP)
    turns = phase[:, :, None] + n * step[:, :, None] + n * (n + 1) // 2 * slope[:, :, None]
    turns %= _WORD
    place, fraction = turns >> 24, (turns >> 9) & 32767
    old, new = (_read(period, place, fraction) for period in (before, wave))
    return old + ((new - old) * (n * 6554 >> 5) >> 15)


def _read(period: np.ndarray, place: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    low = np.take_along_axis(period, place, axis=2)
    high = np.take_along_axis(period, (place + 1) % POINTS, axis=2)
    return low + ((high - low) * fraction >> 15)


def _jumps() -> tuple[np.ndarray, np.ndarray]:
    """Draw number k of the generator is factor[k] * seed + offset[k] modulo 2**32; [128] each."""
    factors, offsets = [1], [0]
    for _ in range(1, _BINS - 1):
        factors.append(factors[-1] * _MULTIPLIER % _WORD)
        offsets.append((offsets[-1] * _MULTIPLIER + _INCREMENT) % _WORD)
    return np.array(factors, np.int64), np.array(offsets, np.int64)


_FACTORS, _OFFSETS = _jumps()
