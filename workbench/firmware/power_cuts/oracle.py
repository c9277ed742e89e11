"""What a device with a store of versions may be after operations that power cuts interrupt; knows no flash.

An operation is one to three steps, each of which happens whole or not at all. Where the power fails, any number of
them may have happened, so that the oracle keeps the set of states that are possible and drops those that the device
does not show. A device that shows none of them breaks the promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from workbench.versions.journal import FACTORY, NO_SLOT, Record


@dataclass(frozen=True)
class Expected:
    """A state of a device; versions are told apart by their sequence number, 0 being the factory's.

    previous: None where there is no version to go back to.
    """

    active: int = 0
    previous: int | None = None
    floor: int = 0
    trial: bool = False
    attempts: int = 0

    @classmethod
    def shown(cls, record: Record) -> Expected:
        """As a device shows it."""
        return cls(
            0 if record.active == FACTORY else record.active_sequence,
            None
            if record.previous == NO_SLOT
            else 0
            if record.previous == FACTORY
            else record.previous_sequence,
            record.floor,
            record.trial,
            record.attempts,
        )

    def _before(self) -> Expected:
        return Expected(self.previous or 0, None, self.floor)

    def started(self, most_attempts: int) -> Expected:
        """After a start."""
        if not self.trial:
            return self
        if self.attempts >= most_attempts:
            return self._before()
        return replace(self, attempts=self.attempts + 1)


Steps = tuple[Callable[[Expected], Expected], ...]


def installation(sequence: int) -> Steps:
    """Steps of an installation; the slot of the version before the active one may be needed for it."""

    def begun(state: Expected) -> Expected:
        # The factory's slot is never written, so that one can always go back to it.
        return state if state.previous in (None, 0) else replace(state, previous=None)

    def installed(state: Expected) -> Expected:
        return Expected(sequence, state.active, sequence, trial=True)

    return (begun, installed)


def confirmation() -> Steps:
    """Steps of a confirmation."""
    return (lambda state: replace(state, trial=False, attempts=0),)


def rolling_back() -> Steps:
    """Steps of going back."""
    return (lambda state: state._before(),)


def reset() -> Steps:
    """Steps of going back to the factory's version."""
    return (lambda state: Expected(floor=state.floor),)


def start(most_attempts: int) -> Steps:
    """Steps of a start."""
    return (lambda state: state.started(most_attempts),)


class Oracle:
    """The states that are possible."""

    def __init__(self) -> None:
        self.possible = {Expected()}

    def did(self, steps: Steps, *, whole: bool) -> None:
        """An operation was done; where it is not `whole`, up to any of its steps."""
        every = [self.possible]
        for step in steps:
            every.append({step(state) for state in every[-1]})
        self.possible = every[-1] if whole else set[Expected]().union(*every)

    def allows(self, shown: Expected) -> bool:
        """Whether a device may show this; if so, it is the only possible state from now on."""
        if shown not in self.possible:
            return False
        self.possible = {shown}
        return True

    def described(self) -> Iterable[str]:
        """The possible states, for a message."""
        return sorted(map(str, self.possible))
