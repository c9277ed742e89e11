"""Finished steps of a command, kept until all of it is done, so that an interrupted one goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from workbench.errors import WorkbenchError
from workbench.experiments.parallel.task import code_here
from workbench.experiments.records import RecordFile

ROOT = Path("out")  # below which steps are kept, a folder a command
_Value = TypeVar("_Value")


def kept_in(command: str) -> Path:
    """The folder in which a command keeps what is finished."""
    return ROOT / command


class Kept:
    """A context manager; `step` is asked for one result after the other, and keeps it in `folder`.

    Results are files in out/COMMAND, named by the workbench's sources and all that they depend on. They go
    when the block ends well, and stay when it is interrupted or fails.
    """

    def __init__(self, command: str, *depends: object) -> None:
        """command: its name. depends: whatever decides the results, with a text that differs where they may."""
        self.folder = kept_in(command)
        self._key = " ".join([code_here().digest, command, *map(repr, depends)])
        self._files: list[RecordFile] = []

    def __enter__(self) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is None:
            for file in self._files:
                file.forget()
        elif kind is KeyboardInterrupt and self._files:
            count = len(self._files)
            steps = "1 finished step is" if count == 1 else f"{count} finished steps are"
            print(
                f"{steps} kept in {self.folder}; the same command goes on from there",
                file=sys.stderr,
            )

    def step(
        self,
        name: str,
        make: Callable[[], _Value],
        *,
        plain: Callable[[_Value], Any] = lambda value: value,
        again: Callable[[Any], _Value] = lambda value: value,
    ) -> _Value:
        """The result of a step, made only where it is not kept.

        name: of the step, and of its file. plain, again: to what JSON can hold, and back. What the disk does
        not take is made again the next time.
        """
        file = RecordFile(self.folder, name, f"{self._key} {name}")
        record = file.read()
        if record is not None:
            self._files.append(file)
            return again(record["value"])
        value = make()
        with suppress(WorkbenchError):
            file.write({"value": plain(value)})
            self._files.append(file)
        return value
