"""$WORKBENCH_KERNELS: which instructions the native engine uses, and what is said about them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from kernels import KERNELS_HERE
from programs import random_inputs, random_program

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.integer.native import instructions
from workbench.integer.native.build import kernels_here, kernels_of, native_library
from workbench.integer.native.instructions import (
    INSTRUCTIONS,
    KERNELS,
    candidates,
    compiler_options,
    kernels_asked_for,
)
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

CAMPAIGN = ["campaign", "challenge", "--fault", "flips=1", "--trials", "2", "--words", "3"]


def test_plain_kernels_run_everywhere_and_each_is_a_library_of_its_own() -> None:
    assert "plain" in KERNELS_HERE
    libraries = {native_library(kernels)._name for kernels in KERNELS_HERE}
    assert len(libraries) == len(KERNELS_HERE)
    assert kernels_of(native_library()) == KERNELS_HERE[0], "the fastest"


@pytest.mark.parametrize("kernels", KERNELS_HERE)
def test_the_variable_decides_and_the_manifest_tells(
    kernels: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("WORKBENCH_KERNELS", kernels)
    program = random_program(111, 8)
    assert Laboratory(Image.of(program), random_inputs(program, 1, 3)).kernels == kernels
    assert main([*CAMPAIGN, "--jobs", "1", "--out", str(tmp_path)]) == 0
    assert f"engine: native, kernels {kernels}\n" in capsys.readouterr().out
    assert json.loads((tmp_path / "manifest.json").read_text())["kernels"] == kernels


def test_no_variable_takes_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for unset in ("", None):
        monkeypatch.setenv("WORKBENCH_KERNELS", unset or "")
        if unset is None:
            monkeypatch.delenv("WORKBENCH_KERNELS")
        assert kernels_asked_for() == "auto"
        assert kernels_here() == kernels_of(native_library())


def test_kernels_that_do_not_exist_are_refused_and_no_reason_to_fall_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("WORKBENCH_KERNELS", "fast")
    assert main([*CAMPAIGN, "--out", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert "no kernels 'fast', which $WORKBENCH_KERNELS asks for" in message
    assert ", ".join(KERNELS) in message and message.count("\n") == 1


@pytest.mark.parametrize("kernels", [name for name in INSTRUCTIONS if name != "plain"])
def test_what_this_processor_has_not_is_refused(
    kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instructions, "_features", lambda: frozenset({"fpu", "sse4_2"}))
    message = f"not have what the kernels '{kernels}' need; .* one of auto, plain$"
    with pytest.raises(WorkbenchError, match=message):
        candidates(kernels)


@pytest.mark.parametrize(
    ("machine", "features", "expected"),
    [
        (
            "x86_64",
            "avx2 bmi1 bmi2 avx512f avx512bw avx512vl avx512dq avx512_vnni",
            "vnni avx512 avx2",
        ),
        ("x86_64", "avx2 bmi1 bmi2 avx512f avx512bw avx512vl avx512dq", "avx512 avx2"),
        ("x86_64", "avx2 bmi1 bmi2 avx_vnni", "avxvnni avx2"),
        ("AMD64", "avx2 bmi1 bmi2 fma", "avx2"),
        ("x86_64", "avx2 fma", ""),
        ("x86_64", "sse4_2", ""),
        ("aarch64", "fp asimd asimddp", "dotprod neon"),
        ("arm64", "fp asimd", "neon"),
        ("riscv64", "", ""),
    ],
)
def test_what_a_processor_says_decides(
    machine: str, features: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instructions, "_features", lambda: frozenset(features.split()))
    monkeypatch.setattr(instructions.platform, "machine", lambda: machine)
    assert candidates("auto") == (*expected.split(), "plain")


def test_options_of_the_compilers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions.platform, "machine", lambda: "x86_64")
    assert compiler_options("avxvnni", zig=False) == [
        "-DWB_USE_AVXVNNI",
        "-mavx2",
        "-mbmi",
        "-mbmi2",
        "-mavxvnni",
    ]
    assert compiler_options("avx2", zig=True) == ["-DWB_USE_AVX2", "-mcpu=x86_64+avx2+bmi+bmi2"]
    assert compiler_options("plain", zig=True) == ["-DWB_USE_PLAIN", "-mcpu=x86_64"]
    monkeypatch.setattr(instructions.platform, "machine", lambda: "arm64")
    assert compiler_options("dotprod", zig=True) == ["-DWB_USE_DOTPROD", "-mcpu=generic+dotprod"]


@pytest.mark.parametrize("kernels", KERNELS_HERE)
def test_measuring_the_peak_leaves_no_trace(kernels: str) -> None:
    for seed in (111, 7):
        program = random_program(seed, 8)
        image, inputs = Image.of(program), random_inputs(program, seed, 12)
        events = Plan.parse("flips=2,seed=1").events(Sites(image), np.arange(50))
        before = Laboratory(image, inputs, kernels=kernels)
        after = Laboratory(image, inputs, kernels=kernels)
        assert after.peak_gmacs_per_s(0.001) > 0 and after.macs == 0
        np.testing.assert_array_equal(after.outcomes(events, 50), before.outcomes(events, 50))
        assert after.macs == before.macs
