"""Numbers that Python and C both write down are the same numbers."""

import re

import pytest

from workbench.firmware.design import (
    LOG_ENTRY_BYTES,
    LOG_HEAD_BYTES,
    RUNTIME_ABI,
    RUNTIME_VERSION,
)
from workbench.firmware.toolchain import runtime_headers
from workbench.firmware.twins import twin
from workbench.firmware.twins.log_file import LOG_DTYPE, MAGIC
from workbench.healing.devices import backoff, variables
from workbench.healing.devices.evidence import Says
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.memory.codes.signatures import FIELD, RADAR_KEY, Judgement
from workbench.memory.layout import HEALER_VARIABLES
from workbench.memory.watches.triple import TRIPLE_BYTES

HEADERS = "\n".join(runtime_headers().values())


@pytest.mark.parametrize("kind", [Diagnosis, Remedy, Verdict])
def test_the_log_s_numbers(kind) -> None:
    matches = re.findall(rf"\bWB_{kind.__name__.upper()}_(\w+) = (\d+)", HEADERS)
    assert {name: int(value) for name, value in matches} == {each.name: each.value for each in kind}


def test_what_witnesses_say_codes_judge_and_waiting_units_hold() -> None:
    matches = re.findall(r"\bWB_SAYS_(\w+) = (\d+)", HEADERS)
    assert {name: int(value) for name, value in matches} == {e.name: e.value for e in Says}
    (judged,) = re.findall(r"enum \{ (WB_UNSURE[^}]*) \};", HEADERS)
    assert judged == ", ".join(f"WB_{each.name} = {each.value}" for each in Judgement)
    (levels,) = re.findall(r"enum \{ (WB_WELL[^}]*) \};", HEADERS)
    names = ("WELL", "DEFERRED", "FAILED", "MOST", "ALARMED")
    assert levels == ", ".join(f"WB_{name} = {getattr(backoff, name)}" for name in names)
    assert f"#define WB_SUMS_FRAMES {backoff.SUMS_FRAMES}u" in HEADERS
    # In `wb_judged` a judgement is what it says.
    assert (int(Says.CLEARED), int(Says.BLAMED)) == (Judgement.CLEARS, Judgement.BLAMES)


def test_the_healer_s_variables() -> None:
    (names,) = re.findall(r"enum \{ (WB_FRAME[^}]*), WB_CURSORS \};", HEADERS)
    assert names.lower().replace("wb_", "").split(", ") == list(HEALER_VARIABLES)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (r"#define WB_UNIT_BITS (\w+)u", variables._UNIT_BITS),
        (r"#define WB_LOG_MAGIC (\w+)u", MAGIC),
        (r"uint32_t key = (\w+)u", RADAR_KEY),
        (r"\((\w+)u & \(0u - \(element >> 31\)\)\)", FIELD),
        (r"#define WB_TRIPLE_BYTES (\w+)u", TRIPLE_BYTES),
    ],
)
def test_constants(pattern: str, value: int) -> None:
    (match,) = re.findall(pattern, HEADERS)
    assert int(match, 0) == value


def test_what_lies_in_the_log() -> None:
    body = re.search(r"typedef struct \{([^}]*)\} wb_log_entry;", HEADERS)[1]
    entry = re.findall(r"uint(\d+)_t \w+(?:\[(\d)\])?;", body)
    size = sum(int(bits) // 8 * int(n or 1) for bits, n in entry)
    assert size == LOG_ENTRY_BYTES == LOG_DTYPE.itemsize
    (words,) = re.findall(r"enum \{\s*(WB_LOG_MARK[^}]*) WB_LOG_WORDS = WB_LOG_VERDICTS \+ (?:\d)\s*\}", HEADERS)  # fmt: skip
    names = re.findall(r"WB_LOG_(\w+),", words)
    assert [getattr(twin, name) for name in names] == list(range(len(names)))
    assert 4 * 3 * (twin.VERDICTS + len(Verdict)) == LOG_HEAD_BYTES


def test_what_a_step_returns_and_the_versions() -> None:
    (statuses,) = re.findall(r"typedef enum \{([^}]*)\} wb_status;", HEADERS)
    matches = re.findall(r"\bWB_(\w+) = (\d+)", statuses)
    assert {name: int(value) for name, value in matches} == {e.name: e.value for e in twin.Status}
    parts = "MAJOR", "MINOR", "PATCH"
    numbers = [re.findall(rf"#define WB_VERSION_{part} (\d+)", HEADERS)[0] for part in parts]
    assert ".".join(numbers) == RUNTIME_VERSION
    assert f'#define WB_VERSION "{RUNTIME_VERSION}"\n' in HEADERS
    assert f"#define WB_ABI {RUNTIME_ABI}\n" in HEADERS
