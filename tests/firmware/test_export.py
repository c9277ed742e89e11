"""The exported folder: complete, clean, followed as its README says; and what is refused."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from batches import needs_zig, random_firmwares
from programs import random_inputs, random_program
from voices import voice

from workbench.cli import main
from workbench.compilers import host_compiler, zig_compiler
from workbench.errors import WorkbenchError
from workbench.firmware.boards import CORES
from workbench.firmware.exporting.export import export, memory_table
from workbench.firmware.names import Names
from workbench.firmware.scratch import frame_bytes, plan_scratch, row_bytes
from workbench.firmware.toolchain import WARNINGS, runtime_headers, zig_target
from workbench.healing.strategies.named import crc_scrub
from workbench.integer.operators import Conv
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
@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--weights", "flash"],
        ["--weights", "flash", "--flash-pages", "600"],
        ["--weights", "flash", "--strategy", "crc-relocate", "--flash-pages", "600"],
    ],
    ids=["ram", "flash", "watched", "second copy"],
)
def test_make_check_says_all_equal(words: list[str], folder: Path, tmp_path: Path) -> None:
    if words:
        folder = tmp_path
        assert main(["export", "challenge", "--out", str(folder), *words]) == 0
    compiler = f"CC={' '.join(host_compiler())}"
    done = subprocess.run(
        ["make", "-C", str(folder), "check", compiler], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": 0 codes differ") == 2 and "all equal" in done.stdout
    source = folder / "model.c"
    spoilt = re.sub(
        r"(\.bias_up2 = \{\s*)(-?\d+)", lambda m: f"{m[1]}{int(m[2]) + 9999}", source.read_text()
    )
    assert spoilt != source.read_text()
    before = source.read_text()
    source.write_text(spoilt)
    try:
        done = subprocess.run(
            ["make", "-C", str(folder), "check", compiler], capture_output=True, text=True
        )
        assert done.returncode != 0 and "NOT equal" in done.stdout
    finally:
        source.write_text(before)
        subprocess.run(["make", "-C", str(folder), "clean"], capture_output=True, check=True)


def test_the_folder_is_complete_and_the_same_every_time(folder: Path, tmp_path: Path) -> None:
    assert main(["export", "challenge", "--out", str(tmp_path)]) == 0
    assert _digests(tmp_path) == _digests(folder)
    names = set(_digests(folder))
    assert names == {
        "Makefile", "README.md", "memory.ld", "model.c", "model.h", "check/model_check.c",
        "check/model_vectors.c", "check/model_vectors.h", "CMakeLists.txt", "arm-none-eabi.cmake", "library.json",
        "library.properties", "zephyr/CMakeLists.txt", "zephyr/Kconfig", "zephyr/module.yml",
        "examples/audio_dma.c", "examples/bare_metal.c", "examples/board.c", "examples/board.h",
        "examples/cortex-m.ld", "examples/startup.c", "examples/speak/speak.ino",
        "examples/freertos/CMakeLists.txt", "examples/freertos/FreeRTOSConfig.h", "examples/freertos/main.c",
        "examples/zephyr/CMakeLists.txt", "examples/zephyr/prj.conf", "examples/zephyr/src/main.c",
        "strategy.json", "model.image", *runtime_headers(),
    }  # fmt: skip
    for name in names - {"model.image"}:
        text = (folder / name).read_text()
        builds = {"Makefile", "CMakeLists.txt", "arm-none-eabi.cmake"}
        assert not re.search(r"\$\{?[a-z]", text) or Path(name).name in builds, name
        if name.endswith((".c", ".h")):
            assert text.startswith("/* SPDX-License-Identifier: Apache-2.0 */")
            included = set(re.findall(r"#include <(.*)>", text))
            known = {"stdint.h", "stddef.h"} | ({"arm_mve.h"} if "_mve_" in name else set())
            assert included <= known or name.startswith(
                ("check/", "examples/zephyr/", "examples/freertos/")
            )
    assert voice().image().content_hash in (folder / "model.h").read_text()
    readme = (folder / "README.md").read_text()
    for path in re.findall(r"`([a-z_]+\.[a-zA-Z]+)`", readme):
        assert path in names


def test_what_the_readme_says_compiles(folder: Path, tmp_path: Path) -> None:
    example, _ = _shown(folder)
    _compile(tmp_path, folder, example, "-c")


def test_the_readmes_example_speaks_each_word_of_its_table(folder: Path, tmp_path: Path) -> None:
    example, _ = _shown(folder)
    rows = re.findall(r"^\| (\d+) \| (\w+) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    assert {spoken: int(row) for row, spoken in rows} == {
        voice().spoken(word): row for row, word in enumerate(voice().utterances)
    }
    chosen = re.search(r"in_word\[0\] = (\d+);", example)
    assert chosen and len(rows) == 10
    for row in (int(chosen[1]), 3):
        plays = example.replace(chosen[0], f"in_word[0] = {row};")
        plays = plays.replace(
            "/* play the output */", "fwrite(output, 2, MODEL_OUTPUT_CODES, stdout);"
        )
        plays = plays.replace("for (;;) {", "for (int once = 0; once < 1; once++) {")
        program = _compile(
            tmp_path, folder, f"#include <stdio.h>\n{plays}", str(folder / "model.c")
        )
        played = np.frombuffer(subprocess.run([program], capture_output=True).stdout, "<i2")
        heard = voice().program.sound(played.reshape(-1, 1))
        np.testing.assert_array_equal(heard, voice().speak(voice().utterances[row]))


def test_the_readmes_trial_is_found_and_logged(folder: Path, tmp_path: Path) -> None:
    example, trial = _shown(folder)
    address, bit, frame = 256 * 7 + 9, 6, 5  # page 7: looked at in frames 1, 90, ...
    tries = (
        example.replace(
            "model_step(",
            f"uint32_t address = {address}u, bit = {bit}u;\nif (frame == {frame}u) {trial}\nmodel_step(",
        )
        .replace(
            "/* play the output */",
            """wb_counts counts;
        wb_log_entry entry = {0};
        uint32_t next = 0;
        model_counts(&model_device, &counts);
        while (model_log_next(&model_device, &next, &entry)) {
        }
        printf("%d %lu %lu\\n", (int)status, (unsigned long)counts.healed, (unsigned long)entry.unit);""",
        )
        .replace("model_step(", "const wb_status status = model_step(")
    )
    tries = tries.replace("for (;;) {", "for (int once = 0; once < 1; once++) {")
    program = _compile(tmp_path, folder, f"#include <stdio.h>\n{tries}", str(folder / "model.c"))
    lines = subprocess.run([program], capture_output=True, text=True).stdout.splitlines()
    counts = [tuple(map(int, line.split())) for line in lines]
    assert len(counts) == 96
    assert set(counts[:90]) == {(0, 0, 0)}
    assert counts[90] == (1, 1, 7) and set(counts[91:]) == {(0, 1, 7)}


def test_the_readme_says_which_ram_the_healer_takes(folder: Path, tmp_path: Path) -> None:
    readme = " ".join((folder / "README.md").read_text().split())
    assert "240 bytes of RAM, and 324 for its log" in readme
    assert "instructions a frame" not in readme and "`workbench emulate --costs`" in readme
    words = ["export", "challenge", "--out", str(tmp_path), "--pages", "30"]
    assert main(words) == 0
    readme = " ".join((tmp_path / "README.md").read_text().split())
    assert "240 bytes of RAM, and 516 for its log" in readme


def test_the_readme_says_what_a_self_test_takes(tmp_path: Path) -> None:
    assert main(["export", "challenge", "--out", str(tmp_path), "--strategy", "pq-validated"]) == 0
    readme = " ".join((tmp_path / "README.md").read_text().split())
    for words in ("1 every 1250 frames", "room for twice the work", "`WB_VERDICT_INVALID`",
                  "1,720 bytes of RAM"):  # fmt: skip
        assert words in readme


def test_the_readme_says_what_is_known_of_flash(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "or when `model_verify` looks" in (folder / "README.md").read_text()
    words = ["export", "challenge", "--out", str(tmp_path)]
    assert main([*words, "--flash-pages", "60"]) == 0
    readme = " ".join((tmp_path / "README.md").read_text().split())
    assert "1 every 7500 frames | nothing |" in readme and "and the area `flash`" in readme
    assert main([*words, "--weights", "flash", "--flash-pages", "60"]) == 0
    readme = " ".join((tmp_path / "README.md").read_text().split())
    assert "Strategy `crc-report`" in readme and "since RAM is filled" not in readme
    capsys.readouterr()
    assert main([*words, "--flash-pages", "0.01"]) == 2
    assert "cannot be looked through at 0.01 pages an hour; choose 1 to" in capsys.readouterr().err


def test_without_a_healer_or_a_description_the_example_compiles(tmp_path: Path) -> None:
    program = random_program(3)
    export(Image.of(program), tmp_path / "out", vectors={"one": random_inputs(program, 1, 2)})
    example, trial = _shown(tmp_path / "out")
    assert "/* fill the inputs */" in example
    flips = example.replace(
        "/* play the output */", f"uint32_t address = MODEL_MEMORY_START, bit = 0; {trial}"
    )
    _compile(tmp_path, tmp_path / "out", flips, "-c")
    assert "log_head" not in (tmp_path / "out" / "README.md").read_text()


def _shown(folder: Path) -> tuple[str, str]:
    """The README's example and its line that flips a bit."""
    example, trial = re.findall(r"```c\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    return example, trial


def _compile(tmp_path: Path, folder: Path, text: str, *more: str) -> str:
    source = tmp_path / "main.c"
    source.write_text(text)
    made = str(tmp_path / "main.out")
    command = [*host_compiler(), *WARNINGS, f"-I{folder}", str(source), *more, "-o", made]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return made


@needs_zig
@pytest.mark.parametrize("strategy", ["none", "pq-scrub"])
def test_a_header_is_read_by_cpp_as_well(strategy: str, tmp_path: Path) -> None:
    assert main(["export", "challenge", "--out", str(tmp_path), "--strategy", strategy]) == 0
    (tmp_path / "main.cpp").write_text(
        '#include "model.h"\nstatic model_instance device;\n'
        "void speak(int32_t *word, int16_t *position, int16_t *sound);\n"
        "void begin() { model_init(&device); }\n"
    )
    options = ["-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-c", "-o", "a.o"]
    compiler = [*zig_compiler()[:-1], "c++", "-target", "thumb-freestanding-eabi"]
    done = subprocess.run(
        [*compiler, *options, "main.cpp"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@needs_zig
@pytest.mark.parametrize("core", CORES.values(), ids=CORES)
def test_targets_compile_without_a_warning(core, folder: Path, tmp_path: Path) -> None:
    target = zig_target(core)
    done = subprocess.run(
        [*zig_compiler(), *target, "-Os", *WARNINGS, "-I.", "-c", "model.c", "-o", str(tmp_path / "a.o")],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and not re.search(r"model|runtime", done.stderr), done.stderr


def test_memory_adds_up() -> None:
    for firmware in random_firmwares(51, 16):
        rows = memory_table(firmware)
        held = sum(size for what, where, size in rows if where == "RAM" and what not in ("log",))
        works = firmware.scratch.size_bytes + firmware.bounce_bytes + firmware.self_test_bytes
        assert held == firmware.memory_bytes + works


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
        ("weights in flash", {"weights": "flash", "strategy": crc_scrub(1)}),
        ("cannot lie in", {"weights": "eeprom"}),
        ("no more than 256 units", {"strategy": crc_scrub(300)}),
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
    message = capsys.readouterr().err
    assert (
        message.count("\n") == 1 and "cannot write to the folder" in message and "--out" in message
    )
    assert blocked.read_text() == "mine"
