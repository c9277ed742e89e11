"""The exported folder: complete, clean, followed as its README says; and what is refused."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from batches import needs_emulator, needs_zig, random_firmwares
from programs import random_inputs, random_program
from voices import voice

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.firmware.boards import CORES
from workbench.firmware.export import export, memory_table
from workbench.firmware.names import Names
from workbench.firmware.scratch import frame_bytes, plan_scratch, row_bytes
from workbench.firmware.toolchain import WARNINGS, host_compiler, zig_compiler
from workbench.healing.strategy import Strategy
from workbench.integer.program import Conv
from workbench.memory.image import Image

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`challenge`, as the command exports it."""
    out = tmp_path_factory.mktemp("export")
    assert main(["export", "challenge", "--out", str(out)]) == 0
    return out


@needs_make
@pytest.mark.parametrize("weights", ["ram", "flash"])
def test_make_check_says_all_equal(weights: str, folder: Path, tmp_path: Path) -> None:
    if weights == "flash":
        folder = tmp_path
        words = ["export", "challenge", "--out", str(folder), "--weights", "flash"]
        assert main(words) == 0
    compiler = f"CC={' '.join(host_compiler())}"
    done = subprocess.run(
        ["make", "-C", str(folder), "check", compiler], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().splitlines()[-2:] != [] and "all equal" in done.stdout
    source = folder / "model.c"
    spoilt = re.sub(
        r"(\.bias_up2 = \{\s*)(-?\d+)", lambda m: f"{m[1]}{int(m[2]) + 9999}", source.read_text()
    )
    assert spoilt != source.read_text()
    kept = source.read_text()
    source.write_text(spoilt)
    try:
        done = subprocess.run(
            ["make", "-C", str(folder), "check", compiler], capture_output=True, text=True
        )
        assert done.returncode != 0 and "NOT equal" in done.stdout
    finally:
        source.write_text(kept)
        subprocess.run(["make", "-C", str(folder), "clean"], capture_output=True, check=True)


def test_the_folder_is_complete_and_the_same_every_time(folder: Path, tmp_path: Path) -> None:
    assert main(["export", "challenge", "--out", str(tmp_path)]) == 0
    assert _digests(tmp_path) == _digests(folder)
    names = set(_digests(folder))
    assert names == {
        "Makefile", "README.md", "memory.ld", "model.c", "model.h", "model_check.c",
        "model_vectors.c", "model_vectors.h", "runtime/wb_codes.h", "runtime/wb_conv.h",
        "runtime/wb_pointwise.h", "runtime/wb_scrub.h",
    }  # fmt: skip
    for name in names:
        text = (folder / name).read_text()
        assert not re.search(r"\$\{?[a-z]", text) or name == "Makefile", name
        if name.endswith((".c", ".h")):
            assert text.startswith("/* SPDX-License-Identifier: Apache-2.0 */")
            included = set(re.findall(r"#include <(.*)>", text))
            assert included <= {"stdint.h", "stddef.h"} or name == "model_check.c"
    assert voice().image.content_hash in (folder / "model.h").read_text()
    readme = (folder / "README.md").read_text()
    for path in re.findall(r"`([a-z_]+\.[a-zA-Z]+)`", readme):
        assert path in names


def test_what_the_readme_says_compiles(folder: Path, tmp_path: Path) -> None:
    shown = re.search(r"```c\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert shown
    source = tmp_path / "main.c"
    source.write_text(shown[1].replace("FRAMES", "96"))
    command = [*host_compiler(), *WARNINGS, f"-I{folder}", "-c", str(source), "-o"]
    done = subprocess.run([*command, str(tmp_path / "main.o")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@needs_zig
@pytest.mark.parametrize("core", CORES.values(), ids=CORES)
def test_targets_compile_without_a_warning(core, folder: Path, tmp_path: Path) -> None:
    target = ["-target", "thumb-freestanding-eabi", f"-mcpu={core.zig_cpu}", "-Os"]
    done = subprocess.run(
        [*zig_compiler(), *target, *WARNINGS, "-I.", "-c", "model.c", "-o", str(tmp_path / "a.o")],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and not re.search(r"model|runtime", done.stderr), done.stderr


def test_memory_adds_up() -> None:
    for firmware in random_firmwares(51, 16):
        rows = memory_table(firmware)
        held = sum(size for what, where, size in rows if where == "RAM" and what not in ("log",))
        assert held == firmware.memory_bytes + firmware.scratch.size_bytes


def test_signals_that_live_together_lie_apart() -> None:
    for seed in range(60):
        program = random_program(seed, operators=10)
        scratch = plan_scratch(program)
        alive: dict[str, tuple[int, int]] = {}
        last = {name: n for n, o in enumerate(program.operators) for name in (*o.sources, o.target)}
        last[program.output] = len(program.operators)
        born = dict.fromkeys(program.inputs, -1)
        born |= {o.target: n for n, o in enumerate(program.operators)}
        room = dict.fromkeys(born, 0)
        for operator in program.operators:
            if isinstance(operator, Conv):
                (source,) = program.sources(operator)
                needed = operator.history * row_bytes(source)
                room[source.name] = max(room[source.name], needed)
        for name in born:
            start = scratch.offsets[name]
            alive[name] = start - room[name], start + frame_bytes(program.signal(name))
            assert alive[name][0] >= 0 and alive[name][1] <= scratch.size_bytes
            assert start % 4 == 0
        for a in born:
            for b in born:
                together = born[a] <= last.get(b, born[b]) and born[b] <= last.get(a, born[a])
                if a < b and together:
                    assert alive[a][1] <= alive[b][0] or alive[b][1] <= alive[a][0]


def test_names_become_unique_identifiers() -> None:
    names = Names()
    made = [names.of(name) for name in ("a.b", "a_b", "A-B", "a_b_2", "9", "x" * 200, "x" * 199)]
    assert len({name.lower() for name in made}) == len(made)
    assert all(re.fullmatch(r"[A-Za-z0-9_]{1,60}", name) for name in made)
    assert names.of("a.b") == made[0]


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    program = random_program(3)
    image = Image.of(program)
    vectors = {"one": random_inputs(program, 1, 2)}
    out = tmp_path / "out"
    for words, options in (
        ("weights in flash", {"weights": "flash", "strategy": Strategy("crc-scrub", 1)}),
        ("cannot lie in", {"weights": "eeprom"}),
        ("at most 256 pages", {"strategy": Strategy("crc-scrub", 300)}),
        ("prefix", {"prefix": "Model"}),
        ("golden vector", {"vectors": {}}),
    ):
        with pytest.raises(WorkbenchError, match=words):
            export(image, out, **{"vectors": vectors, **options})
    with pytest.raises(WorkbenchError, match="1 flipped bits"):
        export(image.flip([0]), out, vectors=vectors)
    assert not out.exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("mine")
    assert main(["export", "challenge", "--out", str(blocked / "below")]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "cannot write to the folder" in told and "--out" in told
    assert blocked.read_text() == "mine"


@needs_emulator
def test_emulate_challenge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped voice on both cores: every sample equal, flips in mid-frame found and mended."""
    figures = tmp_path / "figures.json"
    assert main(["emulate", "--word", "3", "--upsets", "4", "--json", str(figures)]) == 0
    told = capsys.readouterr().out
    assert "Raspberry Pi Pico" in told and "STM32F4DISCOVERY" in told
    found = json.loads(figures.read_text())
    assert [core["core"] for core in found["cores"]] == ["Cortex-M0+", "Cortex-M4"]
    rows = voice().model.config.frames * voice().model.config.samples_per_frame
    for core in found["cores"]:
        assert core["samples_equal"] == 2 * rows
        assert len(core["upsets"]) == 4 and core["wrong_bits_at_end"] == 0
        pages = {upset["position"] // 8 // 256 for upset in core["upsets"]}
        assert {entry["page"] for entry in core["log"]} == pages
        assert all(entry["verdict"] == "HEALED" for entry in core["log"])
        assert core["healer"]["instructions_per_frame"] < 0.03 * core["instructions_per_frame"]
    assert os.listdir(tmp_path) == ["figures.json"]


@needs_emulator
def test_emulate_says_what_is_wrong(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    assert main(["emulate", "--word", "eleven"]) == 2
    assert "cannot say 'eleven'" in capsys.readouterr().err
    assert main(["emulate", "--pages", "0"]) == 2
    monkeypatch.setattr("workbench.commands.emulate.run_program", lambda program, inputs: {
        program.output: _silence(program, inputs)
    })  # fmt: skip
    assert main(["emulate", "--word", "3", "--core", "m4"]) == 2
    assert "differs from the reference" in capsys.readouterr().err


def _silence(program, inputs):
    from workbench.integer.reference import run

    return run(program, inputs)[program.output] * 0
