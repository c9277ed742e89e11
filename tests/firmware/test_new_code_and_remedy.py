"""Worked examples: a page code is a class and an entry in each implementation, and so is a remedy."""

from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from batches import random_upsets
from programs import random_inputs, random_program
from twins import assert_same

from workbench.errors import WorkbenchError
from workbench.firmware.design import Firmware
from workbench.firmware.guards.codes import CODES, CodeInC
from workbench.firmware.guards.guard_registry import KINDS_IN_C, kind_in_c
from workbench.firmware.remedies_in_c import REMEDIES_IN_C, RemedyInC
from workbench.firmware.twins.host import host_machine
from workbench.firmware.writing.source import model_sources
from workbench.healing.log import Remedy, in_words, own_remedy
from workbench.healing.remedies import REMEDIES, Action, rewrite
from workbench.healing.simulation import simulate
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.strategy_file import load_strategy, save_strategy, summary
from workbench.memory.codes.signatures import Code
from workbench.memory.faults.events import FLIP, Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import KINDS, Area
from workbench.memory.watches.pages import Pages, PageWatch

# In Python: the code, and what a damaged byte becomes.


class Fletcher16(Code):
    """Fletcher's checksum, 1982: sum of the bytes and sum of the running sums, both modulo 255."""

    name = "fletcher16"
    sees_every_flip = False  # 0x00 and 0xff are one number

    def check_bytes(self, unit_bytes: int) -> int:
        return 2

    def sign(self, data: np.ndarray) -> np.ndarray:
        running = np.cumsum(data.astype(np.int64)) % 255
        return np.array([running[-1], running.sum() % 255], np.uint8)


def inverted(byte: int, left: int, right: int) -> int:
    return ~byte


INVERT = own_remedy(16, "INVERT", "inverted")

# In C: the same.

FLETCHER_C = """
static uint32_t wb_fletcher16(const wb_byte *unit, uint32_t count, uint32_t step)
{
    uint32_t first = 0, second = 0;
    for (; count; count--) {
        first = (first + *unit) % 255u;
        second = (second + first) % 255u;
        unit += step;
    }
    return first | second << 8;
}

static int wb_fletcher16_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                               uint32_t step, const wb_byte *check)
{
    (void)code;
    return wb_fletcher16(unit, count, step) != wb_bytes(check, 2);
}

static inline void wb_fletcher16_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                                      uint32_t step, wb_byte *check)
{
    (void)code;
    wb_put_bytes(check, wb_fletcher16(unit, count, step), 2);
}
"""
INVERT_C = """
static int32_t wb_inverted(const wb_area *area, uint32_t at, const wb_byte *byte)
{
    (void)area, (void)at;
    return ~wb_weight(byte);
}

static int wb_invert(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return wb_rewrite(memory, area, unit, wb_inverted);
}
"""


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "fletcher16", Pages("fletcher16", Fletcher16(), signature=True))
    monkeypatch.setitem(CODES, Fletcher16, CodeInC("fletcher16", source=FLETCHER_C))
    monkeypatch.setitem(REMEDIES, INVERT, Action(partial(rewrite, inverted), rewrites=True))
    monkeypatch.setitem(REMEDIES_IN_C, INVERT, RemedyInC("wb_invert", INVERT_C))


def strategies() -> tuple[Strategy, ...]:
    """The code in flash; in RAM with the remedy; and as the second check of another one."""
    restores = Guard(Area("fletcher16", unit_bytes=32), 3)
    inverts = Guard(Area("fletcher16", unit_bytes=16, keep="ram"), 4, (INVERT,))
    beside = Guard(Area("parity", unit_bytes=64, second="fletcher16", keep="ram"), 2, (INVERT,))
    return tuple(
        Strategy(f"own {n}", (guard,)) for n, guard in enumerate((restores, inverts, beside))
    )


PROGRAM = next(
    program
    for program in map(random_program, range(99))
    if Image.of(program).layout.working_bytes > 300
)


def firmware(strategy: Strategy) -> Firmware:
    image = strategy.image(PROGRAM)
    prefix = strategy.name.replace(" ", "_")
    return Firmware.of(image, strategy=strategy, weights="ram", prefix=prefix)


def test_both_implementations_heal_alike() -> None:
    firmwares = [firmware(strategy) for strategy in strategies()]
    machine, remedies = host_machine(firmwares), set()
    for each in firmwares:
        for seed in range(6):
            upsets = random_upsets(each.image, seed, frames=12, count=20, stuck=seed % 2 == 1)
            inputs = random_inputs(PROGRAM, seed, 12)
            result = simulate(each.image, inputs, upsets, each.strategy)
            assert_same(machine, each, inputs, upsets, result)
            remedies |= {(each.strategy.name, entry.remedy) for entry in result.log}
            assert all(in_words(entry.remedy) in result.lines()[n] for n, entry in enumerate(result.log))  # fmt: skip
    assert {("own 0", Remedy.RESTORE), ("own 1", INVERT), ("own 2", INVERT)} <= remedies


def test_a_remedy_that_corrects_has_the_function_of_its_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mend = own_remedy(18, "MEND", "corrected once more")
    monkeypatch.setitem(REMEDIES, mend, REMEDIES[Remedy.CORRECT])
    monkeypatch.setitem(REMEDIES_IN_C, mend, REMEDIES_IN_C[Remedy.CORRECT])
    mends = Guard(Area("secded64", ("weights",), unit_bytes=64), 8, (mend,))
    each = firmware(Strategy("mends", (mends,)))
    position = int(each.layout.positions(("weights",))[40])
    upsets = [Event(1, position, FLIP)]
    inputs = random_inputs(PROGRAM, 1, 12)
    result = simulate(each.image, inputs, upsets, each.strategy)
    assert [entry.remedy for entry in result.log] == [mend]
    assert_same(host_machine([each]), each, inputs, upsets, result)


class _Halves(PageWatch):
    """Pages that are laid out in another way than those that the C knows."""


class _HalfPages(Pages):
    watch: ClassVar = _Halves


def test_another_watch_needs_a_c_of_its_own() -> None:
    assert kind_in_c(Pages("fletcher16", Fletcher16())) is KINDS_IN_C[Pages]
    with pytest.raises(WorkbenchError, match="the guard halves has no C; write it"):
        kind_in_c(_HalfPages("halves", Fletcher16()))


def test_files_keep_them(tmp_path: Path) -> None:
    for strategy in strategies():
        for name in ("mine.json", "mine.toml"):
            save_strategy(strategy, tmp_path / name)
            assert load_strategy(tmp_path / name) == strategy
        strategy.image(PROGRAM).save(tmp_path / "own.image")
        assert Image.load(tmp_path / "own.image").layout.areas == strategy.areas
    assert summary(strategies()[1]) == "fletcher16 of 16 bytes, 4 a frame: invert"


def test_what_fits_no_guard_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="fletcher16 cannot INVERT: what it leaves has to be"):
        Guard(Area("fletcher16"), ladder=(INVERT,))
    with pytest.raises(WorkbenchError, match="fletcher16 cannot CORRECT anything"):
        Guard(Area("fletcher16"), ladder=(Remedy.CORRECT,))


def test_an_entry_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _, inverts, _ = strategies()
    monkeypatch.delitem(REMEDIES_IN_C, INVERT)
    with pytest.raises(WorkbenchError, match="the remedy INVERT has no C"):
        model_sources(firmware(inverts))
    monkeypatch.delitem(CODES, Fletcher16)
    with pytest.raises(WorkbenchError, match="the code fletcher16 has no C"):
        model_sources(firmware(inverts))
    monkeypatch.delitem(REMEDIES, INVERT)
    with pytest.raises(WorkbenchError, match="has INVERT, which is no rung"):
        Guard(Area("fletcher16", keep="ram"), ladder=(INVERT,))
    monkeypatch.delitem(KINDS, "fletcher16")
    with pytest.raises(WorkbenchError, match="there is no code 'fletcher16'"):
        Area("fletcher16")


@pytest.mark.parametrize(
    ("number", "name"), [(3, "ODD"), (256, "ODD"), (17, "odd"), (17, "ZERO"), (16, "OTHER")]
)
def test_numbers_and_names_of_others_are_refused(number: int, name: str) -> None:
    with pytest.raises(WorkbenchError, match=r"cannot have the number|belongs to another remedy"):
        own_remedy(number, name, "odd")
    assert Remedy(16) == INVERT and Remedy(16).name == "INVERT"
