"""Whatever bits flip, in any section: no undefined behaviour and nothing out of bounds."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from batches import listening_firmwares, random_firmwares, synthesising_firmwares
from conv_chains import chain_firmwares
from hypothesis import given, settings
from hypothesis import strategies as st
from thoroughness import cases

from workbench.compilers import host_compiler
from workbench.firmware.design import Firmware
from workbench.firmware.scratch import work_bytes
from workbench.firmware.toolchain import (
    SANITIZERS,
    WARNINGS,
    build_folder,
    compile_shared,
    run_compiler,
)
from workbench.firmware.twins.host import compile_host_library
from workbench.integer.operators import Conv
from workbench.integer.operators.shifts import requantise, wrap_int32

HERE = Path(__file__).parent
SEED, COUNT = 31, cases(10, nightly=20)

needs_gcc = pytest.mark.skipif(
    shutil.which("gcc") is None, reason="gcc, whose sanitizers this test loads, is not installed"
)


def _sanitizer_libraries() -> str:
    asked = (["gcc", f"-print-file-name=lib{name}.so"] for name in ("asan", "ubsan"))
    return ":".join(subprocess.check_output(words, text=True).strip() for words in asked)


@needs_gcc
def test_damaged_images_under_the_sanitizers(tmp_path: Path) -> None:
    library = tmp_path / "library.so"
    firmwares = [*random_firmwares(SEED, COUNT), *synthesising_firmwares(), *listening_firmwares()]
    compile_host_library(firmwares, library, sanitize=True)
    done = subprocess.run(
        [
            sys.executable,
            str(HERE / "sanitized_simulations.py"),
            str(library),
            str(SEED),
            str(COUNT),
        ],
        env={
            **os.environ,
            "LD_PRELOAD": _sanitizer_libraries(),
            "ASAN_OPTIONS": "detect_leaks=0",
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent), *sys.path]),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith(f"{len(firmwares)} programs ran")


@needs_gcc
def test_kernels_stay_inside_arrays_of_exact_size(tmp_path: Path) -> None:
    """Every operand in an allocation of its own, so that one byte too far is seen."""
    firmwares = random_firmwares(SEED + 1, cases(15, nightly=30))
    firmwares += chain_firmwares(SEED, cases(15, nightly=30))
    calls = [call for firmware in firmwares for call in _exact_calls(firmware)]
    assert len(calls) > 15
    body = "\n".join([*calls, _SYNTHESIS, _LISTENING])
    source = (
        '#include <stdlib.h>\n#include "runtime/wb_conv.h"\n#include "runtime/wb_synthesis.h"\n'
        '#include "runtime/wb_blend.h"\n#include "runtime/wb_melbands.h"\n'
        f"static void *filled(size_t bytes)\n{{\n    unsigned char *made = malloc(bytes + !bytes);\n"
        "    for (size_t i = 0; made && i < bytes; i++) {\n"
        "        made[i] = (unsigned char)(rand() & 255);\n    }\n    return made;\n}\n"
        f"int main(void)\n{{\n{body}\n    return 0;\n}}\n"
    )
    program = tmp_path / "program"
    with build_folder({"kernels.c": source}) as folder:
        run_compiler([*host_compiler(), "-O1", *WARNINGS, *SANITIZERS], folder, program)
    done = subprocess.run([program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


_SYNTHESIS = """    for (int run = 0; run < 50; run++) {
        int16_t *const s = filled(512), *const x = filled(512), *const l = filled(258);
        int16_t *const e = filled(258), *const v = filled(258), *const wave = filled(512);
        int16_t *const tail = filled(128), *const bins = filled(516), *const in = filled(76);
        int16_t *const out = filled(320);
        int32_t *const phase = filled(4), *const step = filled(4), *const noise = filled(4);
        uint32_t *const re = filled(1024), *const im = filled(1024);
        const wb_synthesis_tables tables = {s, x, l, e, v};
        const wb_synthesis_state state = {wave, tail, phase, step, noise};
        const wb_synthesis_work work = {re, im, bins};
        void *const all[] = {s, x, l, e, v, wave, tail, bins, in, out, phase, step, noise, re, im};
        wb_synthesis(&tables, &state, in, out, &work);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            free(all[i]);
        }
    }"""

_LISTENING = """    for (int run = 0; run < 50; run++) {
        int16_t *const w = filled(512), *const s = filled(512), *const t = filled(258);
        int16_t *const p = filled(514), *const past = filled(704), *const sound = filled(320);
        int8_t *const l = filled(256), *const out = filled(32), *const shapes = filled(160);
        int16_t *const weight = filled(512);
        int8_t *const face = filled(5);
        uint32_t *const re = filled(1024), *const im = filled(1024), *const band = filled(128);
        const wb_melbands_tables tables = {w, s, t, p, l};
        const wb_melbands_work work = {re, im, band};
        void *const all[] = {w, s, t, p, past, sound, l, out, shapes, weight, face, re, im, band};
        wb_melbands(&tables, past, sound, out, &work);
        wb_blend(out, 1, 32, weight, shapes, 5, face);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            free(all[i]);
        }
    }"""


def _exact_calls(firmware: Firmware) -> list[str]:
    """A C block for every convolution: random bytes in, all arrays exactly as long as they must be."""
    program, layout = firmware.program, firmware.layout
    blocks = []
    for operator in program.operators:
        if not isinstance(operator, Conv):
            continue
        (source,), target = program.sources(operator), program.target(operator)
        row_bytes = source.channels * source.bits // 8
        back = operator.history * row_bytes
        y_bytes = target.rate * target.channels * target.bits // 8
        shape = {
            "rows": source.rate, "channels": source.channels, "columns": operator.out_channels,
            "taps": operator.taps, "dilation": operator.dilation, "stride": operator.stride,
            "fan_in": operator.weight.shape[3],
            "group_columns": operator.out_channels // operator.groups, "up": operator.up,
            "x_bits": source.bits, "weight_bits": operator.weight_bits, "y_bits": target.bits,
            "low": operator.low, "high": operator.high, "work_bytes": work_bytes(operator, source),
        }  # fmt: skip
        fields = ", ".join(f".{name} = {value}" for name, value in shape.items())
        weight = layout.place(operator.name, "weight").size_bytes
        out = operator.out_channels
        blocks.append(
            f"    {{\n        const wb_conv_shape shape = {{{fields}}};\n"
            f"        void *w = filled({weight}), *b = filled({4 * out}), *s = filled({out});\n"
            f"        void *h = filled({back}), *x = filled({back + source.rate * row_bytes});\n"
            f"        void *y = filled({y_bytes});\n"
            f"        void *k = filled({work_bytes(operator, source)});\n"
            f"        wb_conv(&shape, w, b, s, h, (unsigned char *)x + {back}, y, k);\n"
            "        free(w);\n        free(b);\n        free(s);\n        free(h);\n"
            "        free(x);\n        free(y);\n        free(k);\n    }"
        )
    return blocks


@pytest.fixture(scope="module")
def requantise_in_c():
    source = (
        '#include "runtime/wb_codes.h"\n'
        "int32_t call(uint32_t sum, int32_t shift, int32_t low, int32_t high);\n"
        "int32_t call(uint32_t sum, int32_t shift, int32_t low, int32_t high)\n"
        "{\n    return wb_requantise(wb_signed(sum), shift, low, high);\n}\n"
    )
    with build_folder({"call.c": source}) as folder:
        compile_shared(folder, folder / "call.so", options=WARNINGS)
        function = ctypes.CDLL(str(folder / "call.so")).call
    function.argtypes = [ctypes.c_uint32, *[ctypes.c_int32] * 3]
    return function


@settings(max_examples=600, deadline=None)
@given(
    total=st.one_of(
        st.integers(-(2**31), 2**31 - 1),
        st.integers(-70000, 70000),
        st.sampled_from([-(2**31), 2**31 - 1, -65536, 65535, -1, 0]),
    ),
    shift=st.integers(-128, 127),
    bits=st.sampled_from([8, 16]),
    clamp=st.data(),
)
def test_requantising_means_what_the_reference_says(
    requantise_in_c, total: int, shift: int, bits: int, clamp: st.DataObject
) -> None:
    codes = st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    low, high = sorted((clamp.draw(codes), clamp.draw(codes)))
    wide = requantise(wrap_int32(np.array([total])), np.array([shift], np.int8))
    expected = int(np.clip(wide, low, high)[0])
    assert requantise_in_c(total % 2**32, shift, low, high) == expected
