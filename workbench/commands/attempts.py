"""Steps of a command: a failure of one does not lose the results of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from workbench.errors import WorkbenchError, reason_of


class Attempts:
    """Continues after a failed step, and reports all failures in one sentence at the end.

    For steps after, or independent of, those that write figures. Interrupts are not held up.
    """

    def __init__(self) -> None:
        self._failed: dict[str, dict[str, None]] = {}  # reason: what, each once in its order

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Record an error of the block for the end. what: name of the step in that sentence."""
        try:
            yield
        except Exception as error:  # a library that draws or compiles may raise anything
            self._failed.setdefault(reason_of(error), {})[what] = None

    def finish(self, rest: str) -> None:
        """Raise WorkbenchError if a step failed. rest: where everything else is, ends the sentence."""
        if self._failed:
            parts = [f"{', '.join(names)} failed ({why})" for why, names in self._failed.items()]
            raise WorkbenchError("; ".join([*parts, rest]))
