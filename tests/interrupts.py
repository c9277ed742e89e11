"""Interrupts that come at a certain call of a function."""

from __future__ import annotations

from typing import Any

import pytest


def interrupted_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, call: int) -> list[int]:
    """Let the function be interrupted in its `call`-th call, and once; the list has its calls."""
    function, calls = getattr(module, name), []

    def of_one(*arguments: Any, **more: Any) -> Any:
        calls.append(len(calls) + 1)
        if calls[-1] == call:
            raise KeyboardInterrupt
        return function(*arguments, **more)

    monkeypatch.setattr(module, name, of_one)
    return calls
