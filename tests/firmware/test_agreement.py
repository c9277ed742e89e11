"""`workbench agree`: implementations that differ are reported with the smallest failing schedule."""

import shlex

import pytest
from batches import needs_emulator
from hypothesis import given
from hypothesis import strategies as st

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.firmware import toolchain
from workbench.firmware.twins.equivalence import schedule_of, schedule_text
from workbench.memory.faults.events import CLEAR, FLIP, SET, Event

upsets = st.builds(
    Event, st.integers(0, 9999), st.integers(0, 10**7), st.sampled_from((FLIP, CLEAR, SET))
)


@given(st.lists(upsets))
def test_a_schedule_is_read_as_it_is_written(schedule: list[Event]) -> None:
    assert schedule_of(schedule_text(schedule)) == tuple(sorted(schedule))


def test_nothing_stuck_is_a_flip() -> None:
    assert schedule_of("4:5=") == (Event(4, 5),)


@pytest.mark.parametrize(
    "text", ["12", "12:x", "1:2:3", "4:5=2", "-1:3", "1:-3", "1_0:3", "1:2=-1", "9" * 99 + ":1"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(WorkbenchError, match="is no upset; write FRAME:BIT"):
        schedule_of(text)


@pytest.mark.parametrize("text", ["0:99999999999999999999", "99999999999999999999:0"])
def test_an_upset_outside_of_every_memory_is_refused(text: str) -> None:
    with pytest.raises(WorkbenchError, match="lies outside of every run and image; write numbers"):
        schedule_of(f"1:2,{text}")


@needs_emulator
def test_a_healthy_device_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["agree", "--strategy", "pq-validated", "--core", "m3", "--core", "host"]
    assert main([*words, "--schedules", "2", "--frames", "6"]) == 0
    assert "4 simulations of 6 frames agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("right", "wrong", "expected", "upsets"),
    [
        (
            "wb_log_put(head, WB_LOG_COUNT,",
            "if (remedy == WB_REMEDY_CORRECT) { entry->unit++; } wb_log_put(head, WB_LOG_COUNT,",
            "log entry 0 is LogEntry",
            1,
        ),
        ("state[WB_FRAME]++;", "state[WB_FRAME] += 2;", "in the end, healer.frame[0] bit 0", 0),
    ],
    ids=["wrong unit", "wrong time"],
)
def test_a_broken_healer_is_caught_by_the_fewest_upsets(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    right: str,
    wrong: str,
    expected: str,
    upsets: int,
) -> None:
    """The command in the message repeats the difference, until the device is mended."""
    texts = toolchain.runtime_headers()
    (name,) = (name for name in texts if texts[name].count(right) == 1)
    broken = {**texts, name: texts[name].replace(right, wrong)}
    monkeypatch.setattr("workbench.firmware.toolchain.runtime_headers", lambda: broken)
    assert main(["agree", "--strategy", "pq-scrub", "--frames", "8", "--word", "7"]) == 2
    message = capsys.readouterr().err
    assert expected in message and message.count("\n") == 1
    words = shlex.split(message.split("`")[1])
    assert len(schedule_of(words[-1])) == upsets
    assert main(words[1:]) == 2
    assert capsys.readouterr().err == message
    monkeypatch.undo()
    assert main(words[1:]) == 0


def test_agree_says_how_long_a_word_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agree", "--frames", "97"]) == 2
    assert "--frames is 97 and a word has 96; choose at most as many" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["schedules", "frames"])
def test_agree_names_the_wrong_option(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agree", f"--{option}", "0"]) == 2
    assert f"--{option} is 0; it must be at least 1" in capsys.readouterr().err


def test_agree_takes_whole_words_where_they_are_short(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.commands.agree._FRAMES", 97)
    assert main(["agree", "--strategy", "none", "--schedules", "1"]) == 0
    assert "1 simulations of 96 frames agree" in capsys.readouterr().out
