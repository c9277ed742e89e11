"""Shares of users that something happens to, over devices that were exposed to faults, with and without a healer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.experiments.applications.exposure import Exposure, exposed_devices
from workbench.experiments.estimates.statistics import mean_interval
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.voice import Voice
from workbench.healing.strategies.named import NONE
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.image import Image

# Number of the device, its memory -> share of its users by what happens to them.
Measured = Callable[[int, Image], Mapping[str, float]]
Step = Callable[[str, Callable[[], "Shares"]], "Shares"]


@dataclass(frozen=True)
class Shares:
    """What becomes of the users of devices with one healer after one exposure.

    Args:
        exposure: Its title.
        strategy: The name of the healer.
        wrong_bits: Of the working copy when a device speaks, mean over devices.
        shares: What happens -> share of the users, mean over devices, 0 to 1.
        intervals: Its 95 % interval over devices; (None, None) for a single device.
        safety: Share of the devices in which a safety voice speaks, 0 to 1; None where there is none.
    """

    exposure: str
    strategy: str
    wrong_bits: float
    shares: dict[str, float]
    intervals: dict[str, tuple[float | None, float | None]]
    safety: float | None = None

    @property
    def healer(self) -> str:
        """The healer, and what speaks where it fails."""
        if self.safety is None:
            return self.strategy
        return f"{self.strategy}, safety voice in {100 * self.safety:.0f} % of devices"

    def text(self, what: str) -> str:
        """A share with its interval, in percent."""
        low, high = self.intervals[what]
        share = f"{100 * self.shares[what]:.1f} %"
        if low is None or high is None or low == high:
            return share
        return f"{share} ({100 * max(low, 0):.1f} to {100 * min(high, 1):.1f})"


def shares_of(
    voice: Voice,
    measured: Measured,
    cases: Iterable[Exposure],
    healer: str | Strategy,
    *,
    devices: int,
    seed: int,
    step: Step = lambda name, make: make(),
    safety: Callable[[int], Mapping[str, float]] | None = None,
) -> Iterator[Shares]:
    """Every exposure without a healer and with one, the same upsets of the working copy for both.

    With a safety voice, also with both: it speaks where the healer knows of damage that it could not repair.

    Args:
        voice: Of all devices.
        measured: What its users experience.
        cases: What happened to the devices.
        healer: Beside none.
        devices: Of each.
        seed: Another one draws other faults.
        step: Gets the name of a case and what measures it, to keep the result.
        safety: What users of device `number` experience of the safety voice; None for none.
    """
    known: dict[tuple[int, bytes], Mapping[str, float]] = {}

    def experience(number: int, image: Image) -> Mapping[str, float]:
        # A healed memory is the clean one, which need not be heard again.
        key = number, image.flipped().tobytes()
        if key not in known:
            known[key] = measured(number, image)
        return known[key]

    for case in cases:
        ways: list[tuple[str | Strategy, bool]] = [(NONE, False), (healer, False)]
        for strategy, saved in [*ways, (healer, True)] if safety else ways:

            def make(
                case: Exposure = case, strategy: str | Strategy = strategy, saved: bool = saved
            ) -> Shares:
                made = exposed_devices(voice, strategy, case, devices=devices, seed=seed)
                with one_thread():
                    images, unrepaired = map(list, zip(*made, strict=True))
                    rows = [
                        safety(number)
                        if saved and safety and unrepaired[number]
                        else experience(number, image)
                        for number, image in enumerate(images)
                    ]
                row = _shares(case, _name(strategy), images, rows)
                return replace(row, safety=float(np.mean(unrepaired))) if saved else row

            yield step(f"{case.title}-{_name(strategy)}{'-safety' * saved}", make)


def _name(strategy: str | Strategy) -> str:
    return strategy if isinstance(strategy, str) else strategy.name


def _shares(
    case: Exposure, name: str, images: Sequence[Image], rows: Sequence[Mapping[str, float]]
) -> Shares:
    values = {what: np.array([row[what] for row in rows], float) for what in rows[0]}
    return Shares(
        exposure=case.title,
        strategy=name,
        wrong_bits=float(np.mean([len(image.flipped()) for image in images])),
        shares={what: float(each.mean()) for what, each in values.items()},
        intervals={what: mean_interval(each) for what, each in values.items()},
    )


def table_rows(rows: Sequence[Shares]) -> list[tuple[str, ...]]:
    """A head and a row an exposure and healer."""
    head = ("before the speech", "healer", "wrong bits", *rows[0].shares)
    return [
        head,
        *(
            (row.exposure, row.healer, f"{row.wrong_bits:,.1f}", *map(row.text, row.shares))
            for row in rows
        ),
    ]
