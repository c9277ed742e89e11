"""Cores that can be emulated, and real boards that carry them, to hold the costs against.

Sources: Raspberry Pi, "RP2040 Datasheet" and "Raspberry Pi Pico Datasheet"; Nordic Semiconductor,
"nRF52840 Product Specification"; STMicroelectronics, datasheets of each STM32 as named below; Espressif, "ESP32-C3
Series Datasheet".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """How many cycles more than one instructions take, with memory that answers at once.

    load: a load of one word, half-word or byte. load_after: one behind another load or store, which pipelines
    overlap. store: likewise. block: loads and stores of several words, besides a cycle a word. jump: a branch
    that is taken. accumulate: a multiply-accumulate of 32 bits. source: of these numbers.

    Flash that is slower than the core adds wait states, which depend on the board's clock and cache.
    """

    load: int
    load_after: int
    store: int
    block: int
    jump: int
    accumulate: int
    source: str


@dataclass(frozen=True)
class Core:
    """zig_cpu: what the compiler calls it. unicorn_cpu: what the emulator calls it.

    options: of the compiler, measured to be the best for it. gcc_cpu: what GCC calls it; "" where it is none of
    those that `arm-none-eabi-gcc` knows. timing: how its cycles are estimated. risc_v: whether it is no Arm.
    """

    name: str
    title: str
    zig_cpu: str
    unicorn_cpu: str
    options: tuple[str, ...]
    gcc_cpu: str
    timing: Timing
    risc_v: bool = False


@dataclass(frozen=True)
class Board:
    """A board that one can buy.

    Args:
        name: As its maker writes it.
        core: Key of `CORES`.
        clock_hz: The highest that its maker specifies.
        flash_bytes: Of the microcontroller.
        ram_bytes: Of the microcontroller, in one piece.
        source: Of these numbers.
    """

    name: str
    core: str
    clock_hz: float
    flash_bytes: int
    ram_bytes: int
    source: str

    def instructions_per_frame(self, frame_rate_hz: float) -> float:
        """Instructions that fit in one frame if every one takes one cycle: an upper bound.

        Real cores need more cycles than instructions (loads, taken branches, flash wait states), so that a share of
        this budget is a lower bound of the real load.
        """
        return self.clock_hz / frame_rate_hz


# Arm publishes no cycles of M7 and M33: both are taken for an M4, which they are not slower than.
_M0PLUS = Timing(1, 1, 1, 0, 1, 0, "Cortex-M0+ TRM (DDI 0484C), table 3-1; single-cycle multiplier")
_M3 = Timing(
    1, 0, 0, 0, 2, 1, "Cortex-M3 TRM (DDI 0337H), table 3-1; a pipeline refill of two cycles"
)
_M4 = Timing(
    1, 0, 0, 0, 2, 0, "Cortex-M4 TRM (DDI 0439B), table 3-1; a pipeline refill of two cycles"
)
_RV32 = Timing(1, 0, 0, 0, 2, 0, "as Cortex-M4: Espressif publishes no cycles of its core")

CORES = {
    core.name: core
    for core in (
        # Unrolled loops need more than its eight registers.
        Core(
            "m0plus",
            "Cortex-M0+",
            "cortex_m0plus",
            "UC_CPU_ARM_CORTEX_M0",
            ("-O2", "-fomit-frame-pointer", "-fno-unroll-loops"),
            "cortex-m0plus",
            _M0PLUS,
        ),
        Core(
            "m4",
            "Cortex-M4",
            "cortex_m4",
            "UC_CPU_ARM_CORTEX_M4",
            ("-O2", "-fomit-frame-pointer"),
            "cortex-m4",
            _M4,
        ),
        Core(
            "m3",
            "Cortex-M3",
            "cortex_m3",
            "UC_CPU_ARM_CORTEX_M3",
            ("-O2", "-fomit-frame-pointer"),
            "cortex-m3",
            _M3,
        ),
        Core(
            "m7",
            "Cortex-M7",
            "cortex_m7",
            "UC_CPU_ARM_CORTEX_M7",
            ("-O2", "-fomit-frame-pointer"),
            "cortex-m7",
            _M4,
        ),
        # The compiler emits DSP instructions only with this flag.
        Core(
            "m33",
            "Cortex-M33",
            "cortex_m33+dsp",
            "UC_CPU_ARM_CORTEX_M33",
            ("-O2", "-fomit-frame-pointer"),
            "cortex-m33",
            _M4,
        ),
        Core(
            "rv32imc",
            "RISC-V RV32IMC",
            "generic_rv32+m+c",
            "UC_CPU_RISCV32_ANY",
            ("-O2", "-fomit-frame-pointer"),
            "",
            _RV32,
            risc_v=True,
        ),
    )
}
# Those that are run where nothing else is asked for: the smallest, and the most common.
USUAL_CORES = ("m0plus", "m4")

# For each core, the first is the one that costs are held against.
BOARDS = (
    Board("Raspberry Pi Pico", "m0plus", 133e6, 2 << 20, 264 << 10, "RP2040 datasheet, 1.1"),
    Board("STM32F4DISCOVERY", "m4", 168e6, 1 << 20, 128 << 10, "STM32F407 datasheet DS8626, features (without CCM RAM)"),
    Board("NUCLEO-F207ZG", "m3", 120e6, 1 << 20, 128 << 10, "STM32F205xx STM32F207xx datasheet DS6329"),
    Board("32F746GDISCOVERY", "m7", 216e6, 1 << 20, 320 << 10, "STM32F745xx STM32F746xx datasheet DS10916"),
    Board("NUCLEO-U575ZI-Q", "m33", 160e6, 2 << 20, 784 << 10, "STM32U575xx datasheet DS13737"),
    Board("ESP32-C3-DevKitM-1", "rv32imc", 160e6, 4 << 20, 400 << 10, "ESP32-C3 series datasheet, features"),
    Board("nRF52840 DK", "m4", 64e6, 1 << 20, 256 << 10, "nRF52840 product specification, key features"),
)  # fmt: skip


def boards_with(core: str) -> tuple[Board, ...]:
    """The boards that carry `core`."""
    return tuple(board for board in BOARDS if board.core == core)
