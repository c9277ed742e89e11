"""Particles that arrive over time: a Poisson process, at whose arrivals any other model happens.

Reference: single-event upsets as a Poisson process; see `arrivals` for rates. Layout: see `model`.
Every process is a pure function of its seed and the number of the trial, or of the device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from workbench.errors import WorkbenchError
from workbench.memory.faults.arrivals import SECONDS_PER_DAY, read_rate
from workbench.memory.faults.bits import Flips
from workbench.memory.faults.events import FLIP, Event, Events, sorted_events
from workbench.memory.faults.fault_registry import inner_model
from workbench.memory.faults.model import READER, FaultModel, at_once, hit_bits, need, trial_numbers
from workbench.memory.faults.transients import Sites
from workbench.memory.places import SECTIONS, STATE
from workbench.memory.sampling import counter_stream

_MOST_ARRIVALS = 1e7  # in one run; more would be noise, and a slip in the units of the rate
_MOST_FRAMES = 2**48
_HERTZ = "Hz"
_ONE_FLIP = Flips(1)
_STREAMS = 2**40  # processes of the same trial lie so far apart; no fleet is that large
_FLUENCE_STREAM = 3  # behind those of shared memory, further SRAM and flash
_PASSING_STREAM = 4  # of bits that are not stored


@dataclass(frozen=True)
class Poisson(FaultModel):
    """Particles arrive during `frames` frames; at each of them `of` happens, at the bit that is hit.

    rate: as text "N Hz" without the blank: N a second in as many bits as the working copy has; or
    upsets of a bit and day, also with a unit or a preset, see `read_rate`, `speed` times as many.
    flash: share of the rate that golden copy and checks in flash have. Everything that is stored is
    hit unless sections are named. Working copy and histories lie at the same addresses whatever
    guards them and are hit alike; further SRAM, flash, and bits in passing have processes of their own. A bit may be
    hit again. Histories and what passes move on, so that no cell there is stuck: its bit flips once.
    """

    rate: str
    frames: int
    of: FaultModel = field(default=_ONE_FLIP, metadata={READER: inner_model})
    flash: float = 0.01
    speed: float = 1.0

    NAME = "poisson"
    SECTIONS = SECTIONS

    @property
    def ADDRESSES(self) -> bool:  # type: ignore[override]  # noqa: N802
        """As what happens at its arrivals."""
        return self.of.ADDRESSES

    @property
    def sticks(self) -> bool:
        """As what happens at its arrivals."""
        return self.of.sticks

    @property
    def sticks_histories(self) -> bool:
        """There bits flip once."""
        return False

    @property
    def flips_any_bit(self) -> bool:
        """As what happens at its arrivals."""
        return self.of.flips_any_bit

    def _check(self) -> None:
        object.__setattr__(self, "rate", _plain_rate(self.rate))
        for what, value in (("share of flash", self.flash), ("speed", self.speed)):
            need(0 <= value < math.inf, f"a {what} of {value} is not possible; use 0 or more")
        need(
            0 < self.frames <= _MOST_FRAMES,
            f"there is no time in {self.frames} frames; give 1 to {_MOST_FRAMES:,}",
        )
        need(
            self.of.NAME != self.NAME,
            "arrivals of arrivals make no sense; name another model with of=",
        )

    @property
    def idle(self) -> bool:
        """Whether nothing happens in any trial."""
        return self.of.idle

    def upsets_per_bit_s(self, sites: Sites) -> float:
        """Arrivals for each bit of SRAM and second."""
        if self.rate.endswith(_HERTZ):
            hertz = float(self.rate.removesuffix(_HERTZ)) * self.speed
            return hertz / (8 * sites.layout.working_bytes)
        return float(self.rate) * self.speed / SECONDS_PER_DAY

    def events(
        self, sites: Sites, candidates: np.ndarray, plan: str, seed: int, indexes: np.ndarray
    ) -> Events:
        """As of all models; what an arrival does is a trial of the plan without this process."""
        numbers = trial_numbers(indexes)
        inner = self.of.label(f"{self.of}{plan.removeprefix(str(self))}", seed)
        frame_s = 1.0 / sites.program.frame_rate_hz
        empty = np.zeros(0, np.int64)
        columns: list[tuple[np.ndarray, ...]] = [(empty, empty, empty, empty)]
        for stream, bits, share in self._parts(sites, candidates):
            mean = self.upsets_per_bit_s(sites) * share * len(bits) * self.frames * frame_s
            if not len(bits) or not mean:
                continue
            arrivals = [
                _arrivals(self.frames, mean, seed, int(number) + stream * _STREAMS)
                for number in numbers
            ]
            frame, word = (np.concatenate(each) for each in zip(*arrivals, strict=True))
            trial = np.repeat(np.arange(len(arrivals)), [len(each[0]) for each in arrivals])
            made = self.of.arrived(sites, bits, inner, word)
            time = frame[made.trial] + made.frame
            in_time = time < self.frames
            moving = sites.layout.sections[STATE].has(made.position)
            moving |= made.position >= sites.transients.first
            action = np.where(moving, FLIP, made.action)
            hits = trial[made.trial], time, made.position, action
            columns.append(tuple(column[in_time] for column in hits))
        return sorted_events(*(np.concatenate(each) for each in zip(*columns, strict=True)))

    def _parts(self, sites: Sites, candidates: np.ndarray) -> list[tuple[int, np.ndarray, float]]:
        """(number of a process, candidates that share it, the share of the rate that they have)."""
        layout = sites.layout
        ends = (8 * layout.sections[STATE].stop, 8 * layout.sram_bytes, sites.transients.first)
        parts = np.split(candidates, np.searchsorted(candidates, ends))
        shares = (1.0, 1.0, self.flash, 1.0)
        return list(zip((0, 1, 2, _PASSING_STREAM), parts, shares, strict=True))


@dataclass(frozen=True)
class Fluence(FaultModel):
    """Particles hit every candidate `hits` times on average before the first frame.

    A bit that is hit at all flips, with the probability 1 - exp(-hits).
    """

    hits: float

    NAME = "fluence"

    def _check(self) -> None:
        need(0 <= self.hits <= 1, f"a fluence of {self.hits} hits a bit is none; give 0 to 1")

    def label(self, plan: str, seed: int) -> str:
        """One family for all processes of a seed."""
        return _family(seed)

    def _events(
        self, sites: Sites, candidates: np.ndarray, label: str, indexes: np.ndarray
    ) -> Events:
        mean = self.hits * len(candidates)
        rows = [
            np.unique(hit_bits(candidates, _process(label, _stream(number), 1, mean)[1]))
            for number in indexes
        ]
        trial = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        return at_once(trial, np.concatenate([np.zeros(0, np.int64), *rows]), FLIP)


def poisson_upsets(
    candidates: np.ndarray, *, frames: int, mean_upsets: float, seed: int, device: int = 0
) -> tuple[Event, ...]:
    """Single flips by a Poisson process over `frames` frames; any candidate may be hit, also again.

    candidates: bit positions int64 [bits]. mean_upsets: expected number over all frames. Sorted by
    arrival. Raises WorkbenchError when there is nothing to hit or the mean is not in 0 .. 1e7.
    """
    if frames < 1 or not len(candidates):
        raise WorkbenchError(
            f"cannot schedule {mean_upsets} upsets in {len(candidates)} bits over {frames} frames; "
            "give some bits and some frames"
        )
    frame, word = _arrivals(frames, mean_upsets, seed, device)
    cells = hit_bits(candidates, word).tolist()
    return tuple(Event(*hit) for hit in zip(frame.tolist(), cells, strict=True))


def _arrivals(frames: int, mean: float, seed: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    return _process(_family(seed), stream, frames, mean)


def _family(seed: int) -> str:
    return f"poisson upsets,seed={seed}"


def _stream(number: int | np.integer) -> int:
    return (int(number) + _FLUENCE_STREAM * _STREAMS) % 2**64


def _process(label: str, stream: int, frames: int, mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Frames of the arrivals, int64 [n], ascending, and what each draws by, uint64 [n]."""
    if not 0 <= mean <= _MOST_ARRIVALS:
        raise WorkbenchError(
            f"cannot schedule {mean} upsets; a mean of 0 to {_MOST_ARRIVALS:.0e} is possible, so check "
            "the units of the rate"
        )
    drawn: list[tuple[int, int]] = []
    time_frames = 0.0
    words = counter_stream(label, stream)
    while mean:
        uniform, chosen = (int(word) for word in words.random_raw(2))
        # Exponential gap by inversion; 53 bits of the word, never zero.
        time_frames -= frames / mean * math.log(((uniform >> 11) + 1) * 2.0**-53)
        if time_frames >= frames:
            break
        drawn.append((int(time_frames), chosen))
    frame = np.array([at for at, _ in drawn], np.int64)
    return frame, np.array([word for _, word in drawn], np.uint64)


def _plain_rate(text: str) -> str:
    """One text for equal rates: "0.25Hz", or upsets of a bit and day."""
    if not text.endswith(_HERTZ):
        return repr(read_rate(text))
    try:
        hertz = float(text.removesuffix(_HERTZ))
    except ValueError:
        hertz = math.nan
    need(0 <= hertz < math.inf, f"{text!r} is no rate; write 0.25Hz for one in four seconds")
    return f"{hertz!r}{_HERTZ}"
