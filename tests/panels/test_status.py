"""A panel's line: busy while it works, a sentence of whatever went wrong, results dimmed until they are true."""

from __future__ import annotations

import logging
import re
import signal
import threading
import time
from html import escape
from typing import Any

import ipywidgets as widgets
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import wait_until

from workbench.errors import WorkbenchError
from workbench.panels import stop
from workbench.panels.status import STALE, Status


def _status() -> tuple[Status, widgets.HTML]:
    result = widgets.HTML("the sound of older settings")
    return Status([result]), result


def _dimmed(result: widgets.HTML) -> bool:
    return STALE in result._dom_classes


def test_busy_and_dimmed_until_the_block_ends() -> None:
    status, result = _status()
    with status.working("speaking <seven>"):
        assert "workbench-busy" in status.value.rpartition("</style>")[2]
        assert "Speaking &lt;seven&gt;" in status.value
        assert _dimmed(result)
        status.tell("listening")
        assert "Listening" in status.value and "Speaking" not in status.value
    assert not _dimmed(result)
    assert status.value.rpartition("</style>")[2] == ""


@given(
    st.sampled_from(
        [WorkbenchError, ValueError, KeyError, ZeroDivisionError, MemoryError, OSError,
         RuntimeError, AssertionError, StopIteration]
    ),
    st.text(),
)  # fmt: skip
def test_no_error_is_lost_and_what_it_left_stays_dimmed(
    kind: type[Exception], message: str
) -> None:
    status, result = _status()
    logging.disable(logging.CRITICAL)
    try:
        with status.working("speaking"):
            raise kind(message)
    finally:
        logging.disable(logging.NOTSET)
    (alert,) = re.findall(r'<div role="alert"[^>]*>(.*)</div>', status.value, re.DOTALL)
    if kind is WorkbenchError:
        assert alert == escape(message)
    else:
        assert kind.__name__ in alert and "while speaking" in alert and "\n" not in alert
        assert not re.search(r"<(?!/div)", alert)
    assert _dimmed(result)
    with status.working("trying again"):
        pass
    assert "alert" not in status.value and not _dimmed(result)


def test_the_traceback_of_a_defect_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    status, _ = _status()
    with status.working("dividing"):
        1 / 0  # noqa: B018
    assert "ZeroDivisionError" in caplog.text and "dividing" in caplog.text
    caplog.clear()
    with status.working("asking for what is impossible"):
        raise WorkbenchError("there is no bit 31")
    assert not caplog.text


def test_an_interrupt_is_told() -> None:
    status, result = _status()
    with status.working("speaking"):
        raise KeyboardInterrupt
    assert "interrupted" in status.value and _dimmed(result)


def test_an_interrupt_reaches_a_thread_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kernel:
        """Whose main thread sets handlers for others."""

        def __init__(self) -> None:
            self.kernel = self.io_loop = self
            self.handlers: list[Any] = []

        def add_callback(self, function: Any, number: int, handler: Any) -> None:
            assert (function, number) == (signal.signal, signal.SIGINT)
            self.handlers.append(handler)

    kernel = Kernel()
    monkeypatch.setattr(stop, "get_ipython", lambda: kernel)
    status, result = _status()

    def speak() -> None:
        with status.working("speaking"):
            while True:
                time.sleep(0.001)

    thread = threading.Thread(target=speak)
    thread.start()
    wait_until(lambda: kernel.handlers)
    kernel.handlers[0](signal.SIGINT, None)
    thread.join()
    assert "interrupted" in status.value and _dimmed(result)
    kernel.handlers[0](signal.SIGINT, None)  # while nothing is busy


def test_steps_are_counted_with_the_time_that_is_left() -> None:
    status, _ = _status()
    with status.working("searching"):
        step = status.counting("looking for bits", 4)
        assert "Looking for bits: 0 of 4 " in status.value
        step("anything")
        assert re.search(r"Looking for bits: 1 of 4, about \d+ s left", status.value)


def test_without_a_server_there_is_no_button() -> None:
    status, _ = _status()
    status.tell("speaking")
    assert "<button" not in status.value


def test_the_button_names_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop, "_kernel_id", lambda: "12ab-34")
    status, _ = _status()
    status.tell("speaking")
    (script,) = re.findall(r'onclick="([^"]*)"', status.value)
    assert "api/kernels/12ab-34/interrupt" in script and "//" not in script
