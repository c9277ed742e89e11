"""A panel's line: busy while it works, a sentence of whatever went wrong, results dimmed until they are true."""

from __future__ import annotations

import logging
import re
from html import escape

import ipywidgets as widgets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
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
