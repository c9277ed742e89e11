"""The exported folder as CMake, Zephyr, Arduino and PlatformIO take it, and its examples: built, and heard.

What there is no tool for in a registry is held against the published specifications: Arduino library specification 1.5;
Zephyr, "Modules (External projects)"; PlatformIO, "library.json".
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from batches import needs_zig
from exported_examples import run_command, spoken_by_examples

from workbench.cli import main
from workbench.compilers import host_compiler, zig_compiler
from workbench.firmware.toolchain import WARNINGS

needs_cmake = pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
ZEPHYR = {
    "kernel.h": """#include <stddef.h>
#include <stdint.h>
struct k_thread { int nothing; };
struct k_msgq { int nothing; };
typedef void (*k_thread_entry_t)(void *, void *, void *);
#define K_FOREVER 1
#define K_NO_WAIT 0
#define K_MSGQ_DEFINE(name, size, most, align) \\
    static struct k_msgq name; typedef char name##_aligned[(size) % (align) == 0 && (most) > 0 ? 1 : -1]
#define K_THREAD_STACK_DEFINE(name, size) static char name[size]
int k_msgq_put(struct k_msgq *queue, const void *data, int timeout);
int k_msgq_get(struct k_msgq *queue, void *data, int timeout);
void *k_thread_create(struct k_thread *thread, char *stack, size_t size, k_thread_entry_t entry,
                      void *a, void *b, void *c, int priority, uint32_t options, int delay);
""",
    "device.h": """struct device;
#define DEVICE_DT_GET_OR_NULL(node) ((const struct device *)(node))
#define DT_ALIAS(name) 0
""",
    "task_wdt/task_wdt.h": """int task_wdt_init(const struct device *fallback);
int task_wdt_add(uint32_t period, void (*called)(int, void *), void *data);
int task_wdt_feed(int channel);
""",
}
ARDUINO = """#include <cstdint>
#include <cstdio>
#include <cstdlib>
struct { void begin(long) {} void println(int value) { std::printf("%d\\n", value); } } Serial;
"""
# Of the Arduino library specification.
CATEGORIES = {
    "Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing",
    "Data Storage", "Data Processing", "Other",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packages") / "model"
    assert main(["export", "challenge", "--out", str(out), "--strategy", "pq-scrub"]) == 0
    return out


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with a second source, what it can say."""
    out = tmp_path_factory.mktemp("packages") / "talking"
    assert main(["export", "speech", "--out", str(out), "--prefix", "talking"]) == 0
    return out


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose parameters lie in a store of versions."""
    out = tmp_path_factory.mktemp("packages") / "kept"
    assert main(["export", "challenge", "--out", str(out), "--strategy", "versions"]) == 0
    return out


@needs_cmake
@pytest.mark.parametrize("made", ["folder", "talking", "kept"])
def test_cmake_builds_it_and_its_vectors_are_equal(
    made: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    build, folder = tmp_path / "build", request.getfixturevalue(made)
    compiler = " ".join(host_compiler())
    options = [f"-DCMAKE_C_COMPILER={compiler}"] if " " not in compiler else []
    run_command("cmake", "-S", folder, "-B", build, *options, cwd=tmp_path)
    run_command("cmake", "--build", build, cwd=tmp_path)
    assert "100% tests passed" in run_command("ctest", cwd=build)


@needs_cmake
def test_cmake_takes_it_into_another_project(folder: Path, talking: Path, tmp_path: Path) -> None:
    """Two models in one program, without their checks."""
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.21)\nproject(mine C)\nenable_testing()\n"
        f"add_subdirectory({folder} one)\nadd_subdirectory({talking} two)\n"
        "add_executable(mine main.c)\ntarget_link_libraries(mine PRIVATE model talking)\n"
    )
    (tmp_path / "main.c").write_text(
        '#include "model.h"\n#include "talking_say.h"\nstatic model_instance one;\nstatic wb_speech two;\n'
        "int main(void) { model_init(&one); return talking_say(&two, 0); }\n"
    )
    build = tmp_path / "build"
    run_command("cmake", "-B", build, cwd=tmp_path)
    run_command("cmake", "--build", build, cwd=tmp_path)
    run_command(build / "mine", cwd=tmp_path)
    assert "No tests were found" in subprocess.run(
        ["ctest"], cwd=build, capture_output=True, text=True
    ).stderr  # fmt: skip


@needs_zig
def test_the_task_of_zephyr_compiles_against_what_it_calls(folder: Path, tmp_path: Path) -> None:
    for name, text in ZEPHYR.items():
        path = tmp_path / "zephyr" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    source = folder / "examples" / "zephyr" / "src" / "main.c"
    run_command(*host_compiler(), *WARNINGS, "-Wno-overlength-strings", f"-I{tmp_path}", f"-I{folder}", "-c", source,
         "-o", tmp_path / "a.o", cwd=tmp_path)  # fmt: skip


@pytest.mark.parametrize("made", ["folder", "talking"])
@needs_cmake
def test_zephyr_finds_a_module(made: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Its module.yml leads to a Kconfig with the option that its CMakeLists.txt asks for, and that to all sources."""
    module: Path = request.getfixturevalue(made)
    name = "model" if made == "folder" else made
    described = yaml.safe_load((module / "zephyr" / "module.yml").read_text())
    assert set(described) == {"name", "build"} and described["name"] == name
    assert set(described["build"]) == {"cmake", "kconfig"}
    option = re.search(
        r"^config (\w+)\n\tbool ", (module / described["build"]["kconfig"]).read_text(), re.M
    )
    assert option
    assert f"CONFIG_{option[1]}=y" in (module / "examples" / "zephyr" / "prj.conf").read_text()
    # Functions as Zephyr's own CMake has them, that say what they were given.
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.21)\nproject(app NONE)\n"
        'function(zephyr_library_named name)\n message(STATUS "library ${name}")\nendfunction()\n'
        "function(zephyr_library_sources)\n foreach(each ${ARGN})\n"
        "  file(REAL_PATH ${each} path BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})\n"
        '  message(STATUS "source ${path}")\n endforeach()\nendfunction()\n'
        'function(zephyr_include_directories)\n message(STATUS "include ${ARGN}")\nendfunction()\n'
        f"add_subdirectory({module / described['build']['cmake']} module)\n"
    )
    said = run_command("cmake", "-B", tmp_path / "on", f"-DCONFIG_{option[1]}=y", cwd=tmp_path)
    assert f"library {name}" in said and "include .." in said
    sources = {Path(path) for path in re.findall(r"source (.+)", said)}
    assert sources == set(module.glob("*.c")) and sources
    assert "library" not in run_command("cmake", "-B", tmp_path / "off", cwd=tmp_path)


@pytest.mark.parametrize("made", ["folder", "talking"])
def test_it_is_a_library_of_arduino(made: str, request: pytest.FixtureRequest) -> None:
    """Flat layout: what lies beside library.properties is compiled, and what lies in folders but `utility` is not."""
    library: Path = request.getfixturevalue(made)
    lines = (library / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    assert set(properties) == {
        "name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
        "architectures", "includes",
    }  # fmt: skip
    assert len(properties) == len(lines) and all(properties.values())
    assert re.fullmatch(r"[A-Za-z0-9][\w .-]{0,62}", properties["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert properties["category"] in CATEGORIES
    assert (library / properties["includes"]).exists()
    assert not (library / "src").exists() and not (library / "utility").exists()
    for source in library.glob("*.c"):
        assert "int main(" not in source.read_text()
    (sketch,) = (library / "examples").rglob("*.ino")
    assert sketch.stem == sketch.parent.name


@needs_zig
def test_the_sketch_says_the_word(folder: Path, tmp_path: Path) -> None:
    sketch = (folder / "examples" / "speak" / "speak.ino").read_text()
    (tmp_path / "sketch.cpp").write_text(f"{ARDUINO}{sketch}\nint main() {{ setup(); loop(); }}\n")
    cpp = [*zig_compiler()[:-1], "c++"]
    options = ["-std=c++11", "-Wall", "-Wextra", "-Werror", f"-I{folder}", "-fno-sanitize=all"]
    run_command(*zig_compiler(), "-O2", "-fno-sanitize=all", f"-I{folder}", "-c", folder / "model.c", "-o", "model.o", cwd=tmp_path)  # fmt: skip
    run_command(*cpp, *options, "sketch.cpp", "model.o", "-o", "sketch", cwd=tmp_path)
    said = np.array(run_command(tmp_path / "sketch", cwd=tmp_path).split(), np.int64)
    np.testing.assert_array_equal(said, spoken_by_examples(folder))


@pytest.mark.parametrize("made", ["folder", "talking"])
def test_it_is_a_library_of_platformio(made: str, request: pytest.FixtureRequest) -> None:
    library: Path = request.getfixturevalue(made)
    described = json.loads((library / "library.json").read_text())
    assert {"name", "version", "description", "keywords", "license", "build"} <= set(described)
    assert re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", described["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", described["version"])
    assert described["license"] == "Apache-2.0" and (library / described["headers"]).exists()
    build = described["build"]
    assert build["srcDir"] == build["includeDir"] == "."
    chosen = [re.fullmatch(r"\+<(.+)>", each) for each in build["srcFilter"]]
    assert all(chosen) and {each[1] for each in chosen if each} == {
        p.name for p in library.glob("*.c")
    }
    (example,) = described["examples"]
    assert all((library / example["base"] / name).exists() for name in example["files"])
