"""A device's own speech: phones of 6 bits become the inputs that Python makes of the same words, on host and cores."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from batches import needs_emulator
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.audio.resources import data_folder
from workbench.cli import main
from workbench.compilers import host_compiler
from workbench.firmware.boards import CORES
from workbench.firmware.design import Firmware
from workbench.firmware.emulation.emulator import EmulatedMachine
from workbench.firmware.exporting.utterances import dictionary_sources
from workbench.firmware.toolchain import (
    WARNINGS,
    build_folder,
    compile_device,
    compile_shared,
    package_texts,
)
from workbench.firmware.writing.source import model_sources
from workbench.generators.dictionary import packed
from workbench.generators.speech.durations import durations
from workbench.generators.speech.phones import PAUSE, SYMBOLS
from workbench.generators.speech.pronunciation import pronounced
from workbench.generators.speech.spelling import dictionary_of
from workbench.generators.speech.timeline import MARGIN_FRAMES, PHONES, Timeline

MOST_FRAMES = 6000
RNG = np.random.default_rng(5)
# Words, sentences with pauses of every kind, and phones in any order.
TEXTS = (
    "a", "seven", "Wait: 2, then go. Now", "one, two, three.", "strengths", "{SIL B SIL SIL AY1}",
    *("{" + " ".join(RNG.choice([*SYMBOLS, PAUSE], 9)) + " AH0}" for _ in range(12)),
)  # fmt: skip
UNIT = (
    f"#define MOST {MOST_FRAMES}u\n"
    + """
#include "model_say.h"
wb_speech unit_speech;
uint32_t unit_index, unit_status, unit_frames;
uint8_t unit_rows[7 * MOST];
void unit_begin(void);
void unit_add(void);
void unit_run(void);
void unit_begin(void) { wb_say_begin(&unit_speech); }
void unit_add(void) { unit_status = (uint32_t)model_say_more(&unit_speech, unit_index); }
void unit_run(void)
{
    int32_t in[7];
    unit_frames = 0;
    while (unit_frames < MOST && model_next(&unit_speech, in, in + 1, in + 2, in + 3, in + 4, in + 5, in + 6)) {
        for (int i = 0; i < 7; i++) {
            unit_rows[7 * unit_frames + (uint32_t)i] = (uint8_t)in[i];
        }
        unit_frames++;
    }
}
"""
)
SPEECH_BYTES = 6 * 4 + 256
CALLS = ("unit_begin", "unit_add", "unit_run")
HELD = ("unit_speech", "unit_index", "unit_status", "unit_frames", "unit_rows")


@cache
def _firmware() -> Firmware:
    voice = wb.load("speech")
    strategy, _ = voice.healer("none")
    return Firmware.of(voice.image(), strategy=strategy, weights="flash", prefix="model")


def _sources() -> dict[str, str]:
    firmware = _firmware()
    sources = {**model_sources(firmware), **dictionary_sources(firmware, dictionary_of(TEXTS))}
    del sources["model.c"]  # its arithmetic has nothing to do with it
    return {**sources, "unit.c": UNIT}


class _Host:
    """The unit as a library of this machine."""

    def __init__(self) -> None:
        with build_folder(_sources()) as folder, tempfile.TemporaryDirectory() as kept:
            library = Path(kept) / "unit.so"
            compile_shared(folder, library, options=WARNINGS)
            self._library = ctypes.CDLL(str(library))

    def call(self, function: str) -> None:
        self._library[function]()

    def view(self, symbol: str, size: int) -> np.ndarray:
        held = (ctypes.c_uint8 * size).in_dll(self._library, symbol)
        return np.frombuffer(held, np.uint8)


@cache
def _host() -> _Host:
    return _Host()


@cache
def _core(name: str) -> EmulatedMachine:
    device = package_texts("device")
    keep = f"EXTERN({' '.join((*CALLS, *HELD, 'model_dictionary'))})\n"
    sources = {
        **_sources(),
        "wb_startup.c": device["device/startup.c"],
        "device.ld": device["device/device.ld"] + keep,
    }
    with build_folder(sources) as folder:
        elf = folder / "unit.elf"
        compile_device(folder, elf, core=CORES[name], linker_script=folder / "device.ld")
        return EmulatedMachine(elf, CORES[name])


def _add(machine, index: int) -> int:
    machine.view("unit_index", 4).view("<u4")[0] = index
    machine.call("unit_add")
    return int(machine.view("unit_status", 4).view("<u4")[0])


def _run(machine) -> np.ndarray:
    """Rows of every frame that is left, uint8 [frames, 7]."""
    machine.call("unit_run")
    frames = int(machine.view("unit_frames", 4).view("<u4")[0])
    return machine.view("unit_rows", 7 * MOST_FRAMES)[: 7 * frames].reshape(-1, 7).copy()


def _expected(texts: list[str]) -> np.ndarray:
    """What the host makes of the same words, one after the other: uint8 [frames, 7]."""
    margin = (PAUSE, MARGIN_FRAMES)
    said = [word for text in texts for word in pronounced(text)]
    parts = [margin, *durations().timed(said), margin]
    rows = Timeline(tuple(s for s, _ in parts), tuple(f for _, f in parts)).rows()
    names = _firmware().program.inputs
    return np.stack([rows[name] for name in names], axis=1).astype(np.uint8)


def _says_what_python_says(machine, chosen: list[int]) -> None:
    machine.call("unit_begin")
    assert [_add(machine, index) for index in chosen] == [0] * len(chosen)
    np.testing.assert_array_equal(_run(machine), _expected([TEXTS[index] for index in chosen]))


sequences = st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(chosen=sequences)
def test_the_host_library_says_what_python_says(chosen: list[int]) -> None:
    _says_what_python_says(_host(), chosen)


@needs_emulator
@pytest.mark.parametrize("core", CORES)
def test_a_core_says_what_python_says(core: str) -> None:
    for chosen in (*([index] for index in range(0, len(TEXTS), 5)), [1, 0, 3, 9, 2]):
        _says_what_python_says(_core(core), chosen)


def test_what_a_device_cannot_say_is_refused_and_nothing_is_lost() -> None:
    machine = _host()
    machine.call("unit_begin")
    assert _add(machine, len(TEXTS)) == 1
    assert _add(machine, 2**32 - 1) == 1
    added = []
    while (status := _add(machine, 2)) == 0:
        added.append(TEXTS[2])
    assert status == 2 and len(added) > 5
    np.testing.assert_array_equal(_run(machine), _expected(added))
    assert len(_run(machine)) == 0, "all is said"


@needs_emulator
def test_a_damaged_dictionary_is_not_spoken() -> None:
    machine = _core("m0plus")
    dictionary = dictionary_of(TEXTS)
    for array, size in (("codes", len(dictionary.codes)), ("starts", 2 * len(dictionary.starts))):
        for byte in (0, size // 2, size - 1):
            cell = machine.view(array, size)[byte : byte + 1]
            cell ^= 4
            machine.call("unit_begin")
            assert _add(machine, 1) == 3
            cell ^= 4
    _says_what_python_says(machine, [1])


@needs_emulator
@settings(deadline=None, max_examples=40)
@given(
    chosen=sequences,
    at=st.integers(0, SPEECH_BYTES - 1),
    values=st.lists(st.integers(0, 255), min_size=1, max_size=32),
)
def test_whatever_becomes_of_the_state_has_one_meaning(
    chosen: list[int], at: int, values: list[int]
) -> None:
    """Host and core agree, neither reads outside of the state (the core would fault), and both come to an end."""
    rows = []
    for machine in (_host(), _core("m0plus")):
        machine.view("unit_speech", SPEECH_BYTES)[:] = 0  # what an earlier example left
        machine.call("unit_begin")
        for index in chosen:
            _add(machine, index)
        state = machine.view("unit_speech", SPEECH_BYTES)
        damage = np.array(values, np.uint8)[: SPEECH_BYTES - at]
        state[at : at + len(damage)] = damage
        rows.append(_run(machine))
    np.testing.assert_array_equal(*rows)


@given(codes=st.lists(st.integers(0, 63), max_size=40))
def test_codes_are_packed_without_gaps(codes: list[int]) -> None:
    number = sum(code << 6 * place for place, code in enumerate(codes))
    size = -(-6 * len(codes) // 8)
    assert packed(np.array(codes, np.uint8)).tobytes() == number.to_bytes(size, "little")


def test_five_hundred_words_fit_the_promise() -> None:
    listed = (data_folder() / "pronunciations" / "unseen-words.txt").read_text().split()
    dictionary = dictionary_of(listed[:500])
    assert len(dictionary.codes) < 2600 and dictionary.size_bytes < 4300
    assert len(PHONES) == 55


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_an_exported_folder_says_its_texts(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("zero\n\n one \n")
    folder = tmp_path / "firmware"
    asked = ["--say", "no", "--say", "yes, now", "--dictionary", str(words), "--strategy", "none"]
    assert main(["export", "speech", "--out", str(folder), *asked]) == 0
    readme = (folder / "README.md").read_text()
    assert "| 1 | yes, now |" in readme and "| 3 | one |" in readme
    check = ["make", "-C", str(folder), "check", f"CC={' '.join(host_compiler())}"]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": 0 inputs of say() differ") == 2
    source = folder / "model_say.c"
    source.write_text(source.read_text().replace(".mean = ", ".mean = 9 + "))
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode and "NOT equal" in done.stdout


@pytest.mark.parametrize(
    ("text", "why"),
    [(b"\n \n", "there is no text in"), (b"\xff\xfe", "cannot read texts from"), (None, "cannot read texts from")],
)  # fmt: skip
def test_what_is_no_list_of_texts_is_refused(
    text: bytes | None, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "words.txt"
    if text is not None:
        file.write_bytes(text)
    asked = ["export", "speech", "--out", str(tmp_path / "f"), "--dictionary", str(file)]
    assert main(asked) == 2
    assert why in capsys.readouterr().err
