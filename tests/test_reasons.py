"""The reason of any exception fits into a sentence."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import WorkbenchError, reason_of
from workbench.training import task


@pytest.mark.parametrize(
    ("error", "whole", "brief"),
    [
        (WorkbenchError("no\n such file"), "no such file", "no such file"),
        (ValueError("no  such\nfile"), "ValueError: no such file", "no such"),
        (ValueError("\n\n  no\n"), "ValueError: no", "no"),
        (KeyError("a"), "KeyError: 'a'", "'a'"),
        (AssertionError(), "AssertionError", "AssertionError"),
    ],
)
def test_reasons(error: Exception, whole: str, brief: str) -> None:
    assert (reason_of(error), reason_of(error, brief=True)) == (whole, brief)


@given(st.text(), st.booleans())
def test_a_reason_is_one_line_and_never_empty(text: str, brief: bool) -> None:
    reason = reason_of(RuntimeError(text), brief=brief)
    assert reason and reason == " ".join(reason.split())


def test_a_device_that_fails_without_a_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(torch, "zeros", fails)
    with pytest.raises(WorkbenchError, match=r"cannot train on 'xla' \(AssertionError\)"):
        task._checked_device("xla")
