"""The generator from outside, known to the workbench and trained once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tones import Tones

from workbench.cli import main
from workbench.generators import generator_registry as registry
from workbench.generators.generator_registry import register


@contextmanager
def _known() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_registered", {})
        register(Tones())
        yield


@pytest.fixture(scope="module")
def registered() -> Iterator[None]:
    with _known():
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tones") / "checkpoint"
    with _known():
        assert main(["train", "tones", "--out", str(out)]) == 0
    return out


@pytest.fixture
def of(folder: Path) -> list[str]:
    return ["tones", "--checkpoint", str(folder)]
