"""A button that interrupts the kernel while a panel is busy."""

from __future__ import annotations

import ctypes
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

from IPython.core.getipython import get_ipython

_KERNEL = re.compile(r"kernel-([0-9a-f-]+)")  # as servers name connection files


_busy: dict[int, None] = {}  # identifiers of the threads that `interruptible` blocks run in


@contextmanager
def interruptible() -> Iterator[None]:
    """Let an interrupt of the kernel reach the block, in whichever thread of a kernel it runs.

    Messages of widgets may be handled in a thread of their own, and interrupts reach the main thread alone,
    which ignores them while it is idle.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None or threading.current_thread() is threading.main_thread():
        yield
        return
    thread = threading.get_ident()
    _busy[thread] = None
    # Only the main thread may set a handler; between messages, so that the kernel keeps it.
    kernel.io_loop.add_callback(signal.signal, signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        _busy.pop(thread, None)


def _interrupt(*_: object) -> None:
    """Raise KeyboardInterrupt in all busy threads; nothing where there are none."""
    for thread in list(_busy):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt)
        )


def stop_button() -> str:
    """HTML of the button; "" where no server of notebooks started the kernel."""
    kernel = _kernel_id()
    if not kernel:
        return ""
    script = _script().replace("KERNEL", kernel)
    return (
        '<button class="workbench-stop" title="Stop; what is finished stays" '
        f'onclick="{escape("{" + script + "}")}">Stop</button>'
    )


def _kernel_id() -> str:
    """By which the server knows this kernel."""
    kernel = getattr(get_ipython(), "kernel", None)
    file = Path(getattr(getattr(kernel, "parent", None), "connection_file", ""))
    match = _KERNEL.fullmatch(file.stem)
    return match[1] if match else ""


@cache
def _script() -> str:
    """Without its comment, which ends lines that become one."""
    text = files(__package__).joinpath("stop.js").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("//"))
