"""Examples of an exported folder: built as its README says, run on an emulated core, hung and crashed, and heard."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from batches import needs_emulator, needs_zig
from exported_examples import run_command, spoken_by_examples

from workbench.cli import main
from workbench.compilers import zig_compiler
from workbench.firmware.boards import CORES
from workbench.firmware.machine_faults.fault import REGISTER, MachineFault
from workbench.firmware.machine_faults.machine import WATCHDOG, Ending, StruckMachine
from workbench.firmware.toolchain import WARNINGS

needs_cmake = pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
needs_gcc = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed"
)
FRAMES = 30  # that are heard, all of one utterance
# A board of tests: hears the first frames, and stops the core by an undefined instruction. In its first life it hangs
# where the host has asked for it; `kept` lies beside the instance, which a start leaves alone.
BOARD = f"""
#include "board.h"
#define WATCHDOG ((volatile uint32_t *){WATCHDOG:#x}u)
#define FRAMES {FRAMES}
int16_t heard[FRAMES * MODEL_OUTPUT_CODES];
uint32_t frames, fed, told;
volatile uint32_t kept[2] __attribute__((section(".bss.model_device"))); /* lives; when to hang, 0 for never */
static const int16_t *halves;
void board_start(void)
{{
    frames = fed = told = 0;
    kept[0]++;
    WATCHDOG[2] = 2000000u;
    WATCHDOG[0] = 0xccccu;
}}
void board_feed_watchdog(void)
{{
    while (kept[0] == 1 && kept[1] == frames && frames) {{
    }}
    fed++;
    WATCHDOG[0] = 0xaaaau;
}}
void board_tell(wb_status status) {{ told += status == WB_OK; }}
void board_start_dma(const int16_t *given) {{ halves = given; }}
void board_play(const int16_t *codes)
{{
    for (uint32_t i = 0; i < MODEL_OUTPUT_CODES; i++) {{
        heard[frames * MODEL_OUTPUT_CODES + i] = codes[i];
    }}
    if (++frames == FRAMES) {{
        __builtin_trap();
    }}
}}
void board_wait(void)
{{
    board_play(halves + frames % 2u * MODEL_OUTPUT_CODES);
    audio_played();
}}
"""
PLAYED_BY = {"bare_metal": 0, "audio_dma": 2}  # frames of silence before the first
# As much of FreeRTOS as the example calls: the first task runs at once, the others once for each of its frames, in which
# a half was played. Who takes the mutex twice, or ends without giving it, is told.
FREERTOS = """
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#define pdFALSE 0
#define pdTRUE 1
#define portMAX_DELAY 0xffffffffu
#define pdMS_TO_TICKS(ms) (ms)
#define portYIELD_FROM_ISR(woken) ((void)(woken))
typedef int BaseType_t;
typedef uint32_t StackType_t;
typedef struct { int nothing; } StaticTask_t, StaticSemaphore_t;
typedef void (*TaskFunction_t)(void *);
typedef struct task { TaskFunction_t function; } *TaskHandle_t;
typedef int *SemaphoreHandle_t;
TaskHandle_t xTaskCreateStatic(TaskFunction_t, const char *, uint32_t words, void *, uint32_t priority, StackType_t *, StaticTask_t *);
void vTaskStartScheduler(void);
void vTaskDelay(uint32_t ticks);
uint32_t ulTaskNotifyTake(int clear, uint32_t ticks);
uint32_t ulTaskNotifyValueClear(TaskHandle_t task, uint32_t bits);
void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken);
SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t *memory);
BaseType_t xSemaphoreTake(SemaphoreHandle_t mutex, uint32_t ticks);
BaseType_t xSemaphoreGive(SemaphoreHandle_t mutex);
"""
KERNEL = """
#include <setjmp.h>
#include <FreeRTOS.h>
#include "board.h"
static struct task tasks[2];
static int made, taken, waiting, checks, fed;
static unsigned played;
static const int16_t *halves;
static jmp_buf switched;
TaskHandle_t xTaskCreateStatic(TaskFunction_t function, const char *name, uint32_t words, void *given, uint32_t priority, StackType_t *stack, StaticTask_t *memory)
{
    (void)name, (void)words, (void)given, (void)priority, (void)stack, (void)memory;
    tasks[made].function = function;
    return &tasks[made++];
}
void vTaskStartScheduler(void) { tasks[0].function(NULL); }
void vTaskDelay(uint32_t ticks) { (void)ticks; checks++; longjmp(switched, 1); }
void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken) { (void)task, (void)woken; waiting++; }
SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t *memory) { (void)memory; return &taken; }
BaseType_t xSemaphoreTake(SemaphoreHandle_t mutex, uint32_t ticks) { (void)ticks; if ((*mutex)++) exit(2); return 1; }
BaseType_t xSemaphoreGive(SemaphoreHandle_t mutex) { if (--*mutex) exit(3); return 1; }
uint32_t ulTaskNotifyValueClear(TaskHandle_t task, uint32_t bits) { (void)task, (void)bits; return (uint32_t)waiting; }
uint32_t ulTaskNotifyTake(int clear, uint32_t ticks)
{
    const uint32_t played_since = 1;
    (void)clear, (void)ticks;
    if (taken) exit(4);
    if (made > 1 && !setjmp(switched)) tasks[1].function(NULL);
    for (unsigned i = 0; i < MODEL_OUTPUT_CODES; i++) printf("%d ", halves[played % 2u * MODEL_OUTPUT_CODES + i]);
    audio_played();
    waiting = 0;
    if (++played == HEARD) {
        printf("\\n%d %d\\n", fed, checks);
        exit(0);
    }
    return played_since;
}
void board_start(void) {}
void board_start_dma(const int16_t *given) { halves = given; }
void board_feed_watchdog(void) { fed++; }
void board_tell(wb_status status) { if (status != WB_OK) exit(5); }
"""


@pytest.fixture(scope="module", params=["pq-scrub", "versions", "none"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported one; where there are versions, its parameters lie in a store."""
    out = tmp_path_factory.mktemp("examples") / "model"
    assert main(["export", "challenge", "--out", str(out), "--strategy", request.param]) == 0
    return out


@needs_cmake
@needs_gcc
@needs_emulator
@pytest.mark.parametrize("folder", ["pq-scrub", "versions"], indirect=True)
def test_examples_on_a_bare_core_say_the_word(folder: Path, tmp_path: Path) -> None:
    """Built for a Cortex-M4, and run from their reset handler, with their start-up code and linker script.

    Once without a fault, once so that the board hangs, and once so that the core faults: then from the reset handler again.
    """
    board = tmp_path / "own_board.c"
    board.write_text(BOARD)
    build = tmp_path / "build"
    toolchain = folder / "arm-none-eabi.cmake"
    run_command("cmake", "-S", folder, "-B", build, "--toolchain", toolchain, f"-DBOARD_SOURCES={board}",
         "-DCPU=cortex-m4", cwd=tmp_path)  # fmt: skip
    run_command("cmake", "--build", build, cwd=tmp_path)
    for example in PLAYED_BY:
        machine = StruckMachine(build / f"{example}.elf", CORES["m4"])
        cold = machine.moment()
        _hear(machine, folder, example, lives=1)
        machine.take_back(cold)
        machine.view("kept", 8).view("<u4")[1] = 7
        assert machine.run("reset_handler") is Ending.HUNG
        assert machine.view("frames", 4).view("<u4")[0] == 7
        _hear(machine, folder, example, lives=2)
        machine.take_back(cold)
        wrong = MachineFault(REGISTER, 0, 4_000_000, register="pc", bit=29)
        assert machine.run("reset_handler", wrong) is Ending.CRASHED
        assert 0 < machine.view("frames", 4).view("<u4")[0] < FRAMES
        _hear(machine, folder, example, lives=2)


def _hear(machine: StruckMachine, folder: Path, example: str, *, lives: int) -> None:
    """From a reset on, the example says its word, and feeds the watchdog for every frame."""
    machine.restart()
    assert machine.run("reset_handler") is Ending.CRASHED  # by the board, in the end
    counted = {
        name: int(machine.view(name, 4).view("<u4")[0])
        for name in ("frames", "fed", "told", "kept")
    }
    assert counted["frames"] == FRAMES and counted["kept"] == lives
    assert FRAMES - 2 <= counted["fed"] <= counted["told"] and counted["told"] >= FRAMES - 1
    spoken, silent = spoken_by_examples(folder), PLAYED_BY[example]
    rate = len(spoken) // 96
    heard = machine.view("heard", 2 * FRAMES * rate).view("<i2")
    assert not heard[: silent * rate].any()
    expected = spoken[: (FRAMES - silent) * rate]
    np.testing.assert_array_equal(heard[silent * rate :], expected, example)


@needs_zig
def test_tasks_of_freertos_say_the_word(folder: Path, tmp_path: Path) -> None:
    """On this machine, with as much of a kernel as they call: one caller at a time, and every frame in time."""
    for name in ("FreeRTOS.h", "semphr.h", "task.h"):
        once = (
            f"#ifndef ONCE_{name[0]}\n#define ONCE_{name[0]}\n{FREERTOS * (name[0] == 'F')}#endif\n"
        )
        (tmp_path / name).write_text(once)
    (tmp_path / "kernel.c").write_text(KERNEL)
    example = folder / "examples" / "freertos" / "main.c"
    sources = [example, tmp_path / "kernel.c", *folder.glob("*.c")]
    run_command(*zig_compiler(), "-O2", *WARNINGS, "-fno-sanitize=all", f"-DHEARD={FRAMES}", f"-I{tmp_path}", f"-I{folder}",
         f"-I{folder / 'examples'}", *sources, "-o", "tasks", cwd=tmp_path)  # fmt: skip
    samples, counts = run_command(tmp_path / "tasks", cwd=tmp_path).splitlines()
    heard = np.array(samples.split(), np.int64)
    spoken = spoken_by_examples(folder)
    rate = len(spoken) // 96
    assert not heard[: 2 * rate].any()
    np.testing.assert_array_equal(heard[2 * rate :], spoken[: (FRAMES - 2) * rate])
    fed, checks = map(int, counts.split())
    heals = "_BUILD " in (folder / "model.h").read_text()
    assert fed == FRAMES - 1 and checks == FRAMES * heals


def test_the_configuration_of_freertos_names_the_handlers_of_the_start_up_code(
    folder: Path,
) -> None:
    examples = folder / "examples"
    settings = (examples / "freertos" / "FreeRTOSConfig.h").read_text()
    handlers = set(re.findall(r"^#define [vx]Port\w+ (\w+)$", settings, re.MULTILINE))
    assert handlers == {"svc_handler", "pendsv_handler", "systick_handler"}
    startup = (examples / "startup.c").read_text()
    assert all(f"void {name}(void) __attribute__((weak" in startup for name in handlers)
