"""What a process does with one task, and which code it runs.

Only this file and what a function needs is imported there, so that a worker starts soon.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from workbench import __version__
from workbench.errors import WorkbenchError, reason_of
from workbench.experiments.threads import one_thread

_SOURCES = {".py", ".c", ".h"}
_SHOWN_DIGITS = 8
_WATCH_S = 0.5
# Threads of one process take turns: a laboratory has one set of buffers. Reentrant for tasks in tasks.
_ONE_AT_A_TIME = threading.RLock()
_watching: list[threading.Thread] = []  # at most one


class Done(NamedTuple):
    """A finished task.

    number: of the call, from 0. value: what the function returned, None where it failed. error: what
    it raised, None where it returned.
    """

    number: int
    value: Any
    error: Exception | None

    def result(self) -> Any:
        """The value; raises the error where there is one."""
        if self.error is not None:
            raise self.error
        return self.value


class Code(NamedTuple):
    """Which workbench a process runs. digest: SHA-256 over the package's sources."""

    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.version}, sources {self.digest[:_SHOWN_DIGITS]}"


@cache
def code_here() -> Code:
    """The code of this process, read when it is first asked for."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.suffix in _SOURCES):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(data)} ".encode() + data)
    return Code(__version__, digest.hexdigest())


def perform(
    parent: int | None, function: Callable[..., Any], *arguments: Any
) -> tuple[Any, Exception | None]:
    """The value of `function(*arguments)` and None, or None and what it raised.

    parent: the process that asks, None for one on another machine. A child of it ends when it is gone.
    Torch computes in one thread.
    """
    if parent == os.getppid() and not _watching:
        _watching.append(threading.Thread(target=_watch, args=(parent,), daemon=True))
        _watching[0].start()
        if threading.current_thread() is threading.main_thread():
            # Ctrl-C reaches all processes of a terminal: the parent alone answers, and ends its children.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _ONE_AT_A_TIME, one_thread():
            return function(*arguments), None
    except Exception as error:
        return None, error if parent == os.getpid() else _portable(error)


def refuse_other_code(code: Code, where: str) -> None:
    """Raise WorkbenchError unless this process runs `code`. where: what to call it."""
    if code_here() != code:
        raise other_code(where, code_here(), code)


def other_code(where: str, theirs: Code, ours: Code) -> WorkbenchError:
    """The refusal of a worker. where: what to call it."""
    return WorkbenchError(
        f"the worker {where} runs another workbench ({theirs}) than this machine ({ours}); install one "
        "version on all machines and start the workers anew"
    )


def _watch(parent: int) -> None:
    """A worker whose parent was killed would work off its queue for nobody and then wait."""
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os._exit(1)


def _portable(error: Exception) -> Exception:
    """An exception that another process can open, with the traceback as a note.

    Those of other packages often cannot be opened again, and would then take the whole run with them.
    """
    if isinstance(error, WorkbenchError):
        return error
    plain = type(error).__module__ == "builtins"
    portable = error if plain else RuntimeError(reason_of(error))
    portable.add_note("".join(traceback.format_exception(error)))
    return portable
