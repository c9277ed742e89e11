"""What the page of the Python interface shows says what its parameters are, one by one."""

from __future__ import annotations

import inspect
import pkgutil
import re

import pytest
from pages import ROOT

import workbench
from workbench import layers

_SHOWN = re.compile(r"\.\. auto(?:function|class):: ([\w.]+)")
API = _SHOWN.findall((ROOT / "docs" / "api.md").read_text("utf-8"))


def _documented(text: str) -> set[str]:
    """Names in the section Args of a docstring."""
    match = re.search(r"^Args:\n((?:(?: +.*)?\n)+)", f"{text}\n\n", re.MULTILINE)
    return set(re.findall(r"^ {4}(\w+): ", match[1], re.MULTILINE)) if match else set()


@pytest.mark.parametrize("name", API)
def test_parameters_are_those_of_the_signature(name: str) -> None:
    thing = pkgutil.resolve_name(name)
    members = [thing, *(m for m in vars(thing).values() if inspect.isfunction(m))] if inspect.isclass(thing) else [thing]  # fmt: skip
    for member in members:
        names = _documented(inspect.getdoc(member) or "")
        if names:
            parameters = set(inspect.signature(member).parameters) - {"self"}
            assert names == parameters, f"{name}: {member.__qualname__}"


def test_every_public_name_is_shown() -> None:
    shown = {name.removeprefix("workbench.") for name in API}
    assert set(workbench.__all__) - {"__version__", "layers"} <= shown
    assert {f"layers.{name}" for name in layers.__all__} - {"layers.FLOAT"} <= shown
