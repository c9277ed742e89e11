"""Examples in docstrings run and print what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITH_EXAMPLES = [
    path for path in sorted((ROOT / "workbench").rglob("*.py")) if ">>> " in path.read_text("utf-8")
]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_there_are_examples() -> None:
    assert WITH_EXAMPLES


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=_module)
def test_examples(path: Path) -> None:
    result = doctest.testmod(
        importlib.import_module(_module(path)), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.attempted and not result.failed
