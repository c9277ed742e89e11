"""`workbench agree`: homes that differ are caught, and told by the smallest schedule that shows it."""

from collections.abc import Mapping

import pytest
from batches import needs_emulator
from hypothesis import given
from hypothesis import strategies as st

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.firmware import toolchain
from workbench.firmware.agreement import schedule_of, schedule_text
from workbench.healing.upsets import Upset

upsets = st.builds(Upset, st.integers(0, 9999), st.integers(0, 10**7), st.integers(-1, 1))


@given(st.lists(upsets))
def test_a_schedule_is_read_as_it_is_written(schedule: list[Upset]) -> None:
    assert schedule_of(schedule_text(schedule)) == tuple(sorted(schedule))


@pytest.mark.parametrize("text", ["12", "12:x", "1:2:3", "4:5=2", "4:5="])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    if text == "4:5=":  # nothing stuck is a flip
        assert schedule_of(text) == (Upset(4, 5),)
        return
    with pytest.raises(WorkbenchError, match="is no upset; write FRAME:BIT"):
        schedule_of(text)


@needs_emulator
def test_a_healthy_device_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["agree", "--strategy", "pq-validated", "--core", "m3", "--core", "host"]
    assert main([*words, "--schedules", "2", "--frames", "6"]) == 0
    assert "4 lives of 6 frames agree" in capsys.readouterr().out


def test_a_broken_healer_is_caught_by_one_upset(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that writes down the wrong unit of what it corrects; the line that is told shows it again."""

    def broken(texts: Mapping[str, str]) -> dict[str, str]:
        told = dict(texts)
        name = next(name for name in told if name.endswith("wb_heal.h"))
        right = "head->count++;"
        assert right in told[name]
        told[name] = told[name].replace(
            right, "if (remedy == WB_REMEDY_CORRECT) { entry->unit++; } head->count++;"
        )
        return told

    honest = toolchain.runtime_headers
    monkeypatch.setattr("workbench.firmware.toolchain.runtime_headers", lambda: broken(honest()))
    words = ["agree", "--strategy", "pq-scrub", "--frames", "8"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "log entry 0 is LogEntry" in told and told.count("\n") == 1
    line = told.split("`")[1]
    schedule = line.split(" --schedule ")[1]
    assert len(schedule_of(schedule)) == 1
    assert main(line.split()[1:]) == 2
    assert capsys.readouterr().err == told
    monkeypatch.undo()
    assert main(line.split()[1:]) == 0


@pytest.mark.parametrize("option", ["schedules", "frames"])
def test_agree_names_the_wrong_option(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agree", f"--{option}", "0"]) == 2
    assert f"--{option} is 0; it must be at least 1" in capsys.readouterr().err
