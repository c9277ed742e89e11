"""torchaudio imports with and without a working compiled extension."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from workbench.audio import pure_torchaudio
from workbench.errors import WorkbenchError


def test_a_fresh_interpreter_can_import_it() -> None:
    program = (
        "from workbench.audio.pure_torchaudio import torchaudio as t; import torch;"
        "print(tuple(t.functional.resample(torch.ones(80), 16000, 8000).shape))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(40,)"


def test_a_working_extension_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = types.ModuleType("torchaudio")
    monkeypatch.setattr(pure_torchaudio, "_import_whole", lambda: whole)
    assert pure_torchaudio._import_torchaudio() is whole


def test_only_a_loading_failure_hides_the_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> types.ModuleType:
        raise ModuleNotFoundError("No module named 'torchaudio'")

    monkeypatch.setattr(pure_torchaudio, "_import_whole", broken)
    with pytest.raises(WorkbenchError, match="torchaudio is not usable"):
        pure_torchaudio._import_torchaudio()


def test_a_loader_that_is_not_known_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unloadable() -> types.ModuleType:
        raise OSError("libc10_cuda.so: cannot open shared object file")

    monkeypatch.setattr(pure_torchaudio, "_import_whole", unloadable)
    monkeypatch.setitem(sys.modules, "torchaudio._extension.utils", types.ModuleType("utils"))
    with pytest.raises(WorkbenchError, match="compiled part"):
        pure_torchaudio._import_torchaudio()
