"""A watchdog network: a tiny quantised network that judges, from how codes leave their ranges, whether a frame is faulty.

    x[2 n]     = bits of the largest excess of signal n over its ranges, as `hidden_markers` has it
    x[2 n + 1] = bits of the number of its codes that are beyond them
    h[u]       = clamp((b1[u] + sum over i of w1[u, i] x[i]) >> shifts[0], 0, 127)
    score      = clamp((b2 + sum over u of w2[u] h[u]) >> shifts[1], 0, 64)

One unit is a logistic unit whose tails are cut off. Sums wrap modulo 2^32. Reference: a checker beside the network that it
guards, DeepDyve, Li et al. 2020, https://arxiv.org/abs/2009.09663; here one that sees hidden codes, and scores that are
added up.
Layout: `low_n`, `high_n` and `shift` as of `hidden_markers`; `w1` int8 [units, 2 signals], `b1` int32 [units], `w2` int8
[units], `b2` int32 [1], `shifts` int8 [2], clamped to 0..15.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workbench.errors import WorkbenchError
from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.signals import Signal
from workbench.memory.places import Places
from workbench.memory.tensors import read_tensor
from workbench.memory.watches.behaviour import Behaviour, BehaviourKind, bit_lengths, stored
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.memory.watches.hidden_markers import MOST_SHIFT, HiddenMarkers, ranges_in
from workbench.memory.watches.watchdog_training import trained

_MOST_SCORE = 64
MOST_HIDDEN = 127  # the largest code of a hidden unit
UNITS = 8
MOST_SHARE = 0.05  # of the generator's instructions
# On a Cortex-M4, rounded up: of a code that is compared, of a multiply-accumulate here and of one of the generator's.
_OF_A_CODE, _OF_A_MAC, _OF_A_GENERATORS_MAC = 12, 7, 2


class WatchdogWatch(Behaviour):
    """Ranges, and a network that reads how codes leave them."""

    def baselines(self) -> Mapping[str, tuple[int, np.ndarray]]:
        """See the module."""
        ranges = ranges_length(self.layout.program, self.signals)
        found = ranges_in(self.layout.program, self.signals, self._learned.baseline[:ranges])
        learned, at = self._learned.baseline, ranges
        features, units = 2 * len(self.signals), self.hidden_units
        for name, bits, shape in (
            ("w1", 8, (units, features)), ("b1", 32, (units,)), ("w2", 8, (units,)), ("b2", 32, (1,)),
            ("shifts", 8, (2,)),
        ):  # fmt: skip
            count = int(np.prod(shape))
            found[name] = bits, stored(learned[at : at + count], bits).reshape(shape)
            at += count
        return found

    @property
    def hidden_units(self) -> int:
        """Units between features and score."""
        left = len(self._learned.baseline) - ranges_length(self.layout.program, self.signals)
        return units_in(left, 2 * len(self.signals))

    def features(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """What the network reads of each frame, int64 [frames, 2 signals], 0 to 17 each."""
        names = [
            "shift",
            *(f"{which}_{n}" for n in range(len(self.signals)) for which in ("low", "high")),
        ]
        ranges = {name: read_tensor(data, self.place(name)) for name in names}
        return features_of(self.layout.program, self.signals, ranges, signals)

    def measures(self, data: np.ndarray, signals: Mapping[str, np.ndarray]) -> np.ndarray:
        """Scores of the network."""
        w1, b1, w2, b2, shifts = (
            read_tensor(data, self.place(name)).astype(np.int64)
            for name in ("w1", "b1", "w2", "b2", "shifts")
        )
        first, second = np.clip(shifts, 0, MOST_SHIFT).tolist()
        x = self.features(data, signals)  # [frames, 2 signals]
        hidden = np.clip(_wrapped(x @ w1.T + b1) >> first, 0, MOST_HIDDEN)  # [frames, units]
        return np.clip(_wrapped(hidden @ w2 + b2) >> second, 0, _MOST_SCORE)


def features_of(
    program: Program,
    signals: Sequence[str],
    ranges: Mapping[str, np.ndarray],
    codes: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Bits of the largest excess and of the number of codes beyond, int64 [frames, 2 signals].

    Args:
        program: That has the signals.
        signals: Names of those that are watched.
        ranges: `low_n`, `high_n` and `shift`.
        codes: [frames * rate, channels] by name.
    """
    columns = []
    for number, name in enumerate(signals):
        signal = program.signal(name)
        seen = codes[name].reshape(-1, signal.rate, signal.channels).astype(np.int32)
        low, high = (ranges[f"{which}_{number}"].astype(np.int32) for which in ("low", "high"))
        shift = int(np.clip(ranges["shift"][number], 0, MOST_SHIFT))
        beyond = np.maximum(low - seen, seen - high)  # [frames, rate, channels]
        largest = np.maximum(beyond.max(axis=(1, 2)), 0) >> shift
        columns += [bit_lengths(largest), bit_lengths((beyond > 0).sum(axis=(1, 2)))]
    return np.stack(columns, axis=1)


def _wrapped(sums: np.ndarray) -> np.ndarray:
    """Modulo 2^32, signed."""
    return (sums + 2**31) % 2**32 - 2**31


def ranges_length(program: Program, signals: Sequence[str]) -> int:
    """Numbers of the ranges and their shifts."""
    return sum(2 * program.signal(name).channels + 1 for name in signals)


def units_in(numbers: int, features: int) -> int:
    """Hidden units of a network whose parameters are so many numbers, 0 where no network has so many."""
    units, rest = divmod(numbers - 3, features + 2)
    return units if units > 0 and not rest else 0


def share_of(program: Program, signals: Sequence[str], units: int) -> float:
    """Instructions of a watchdog over those of the program that it watches, an estimate that is rather high."""
    watched = [program.signal(name) for name in signals]
    codes = sum(map(_codes, watched))
    macs = units * (2 * len(watched) + 1)
    own = _OF_A_CODE * codes + _OF_A_MAC * macs
    return own / max(1, _OF_A_GENERATORS_MAC * program.macs_per_frame())


def _codes(signal: Signal) -> int:
    return signal.rate * signal.channels


@dataclass(frozen=True)
class Watchdog(BehaviourKind):
    """A tiny network, trained on clean and faulty frames."""

    watch: ClassVar = WatchdogWatch
    sees: ClassVar[str] = "how hidden codes and the output leave their ranges, by a trained network"
    usual_drift: ClassVar[int] = 8

    def usual_signals(self, program: Program) -> tuple[str, ...]:
        """All outputs of convolutions, and the output, as far as the budget reaches: the largest are left out first."""
        made = [each.target for each in program.operators if isinstance(each, Conv)]
        wanted = list(dict.fromkeys([*made, program.output]))
        while len(wanted) > 1 and share_of(program, wanted, UNITS) > MOST_SHARE:
            largest = max(wanted, key=lambda name: _codes(program.signal(name)))
            wanted.remove(largest)
        return tuple(wanted)

    def learn(
        self,
        program: Program,
        signals: Sequence[str],
        utterances: Iterable[Mapping[str, np.ndarray]],
    ) -> tuple[int, ...]:
        """The ranges; the network follows by `train`."""
        return HiddenMarkers(self.name).learn(program, signals, utterances)

    def train(
        self,
        program: Program,
        area: BehaviourArea,
        clean: Iterable[Mapping[str, np.ndarray]],
        faulty: Iterable[Mapping[str, np.ndarray]],
        *,
        units: int,
    ) -> tuple[int, ...]:
        """Parameters of a network of so many units, to be appended to the ranges."""
        ranges = {
            name: values
            for name, (_, values) in ranges_in(program, area.signals, area.baseline).items()
        }
        quiet, struck = (
            [features_of(program, area.signals, ranges, codes) for codes in streams]
            for streams in (clean, faulty)
        )
        return trained(quiet, struck, units=units, drift=self.usual_drift)

    def learned_length(self, area: BehaviourArea, layout: Places) -> int:
        """Ranges, and a network of as many units as there are."""
        ranges, features = ranges_length(layout.program, area.signals), 2 * len(area.signals)
        units = units_in(len(area.baseline) - ranges, features)
        return ranges + max(units, 1) * (features + 2) + 3

    def check_budget(self, program: Program, signals: Sequence[str], units: int) -> None:
        """Raise WorkbenchError for a network that takes more than MOST_SHARE of the generator's instructions."""
        if units < 1:
            raise WorkbenchError(f"a watchdog cannot have {units} units; choose at least 1")
        share = share_of(program, signals, units)
        if share > MOST_SHARE:
            fitting = [n for n in range(1, units) if share_of(program, signals, n) <= MOST_SHARE]
            cure = f"choose at most {fitting[-1]} units" if fitting else "watch fewer signals"
            raise WorkbenchError(
                f"a {self.name} of {units} units over {len(signals)} signals takes about {share:.1%} of the "
                f"instructions of {program.name} and may take {MOST_SHARE:.0%}; {cure}"
            )
