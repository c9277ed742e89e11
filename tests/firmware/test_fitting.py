"""Boards and budgets: what does not fit is refused with the nearest that does."""

import re
from contextlib import redirect_stderr
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batches import needs_emulator
from terminals import Terminal

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.firmware.boards import BOARDS, Board
from workbench.firmware.emulation.fitting import Needs, measured_needs, refuse_small
from workbench.firmware.twins import permanent
from workbench.memory.image import Image


@needs_emulator
def test_boards_and_budgets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is refused, with the nearest that does, and nothing is written."""
    measured: dict[tuple[str, str], Needs] = {}

    def measured_once(
        image: Image, board: Board, inputs: dict[str, np.ndarray], **healer: Any
    ) -> Needs:
        """The same healer takes the same on a core, and few frames show it."""
        key = (healer["strategy"].name, board.core)
        if key not in measured:
            few = {name: codes[:, :24] for name, codes in inputs.items()}
            measured[key] = measured_needs(image, board, few, **healer)
        return measured[key]

    monkeypatch.setattr("workbench.face.exporting.measured_needs", measured_once)
    faults = permanent.permanent_faults  # test_permanent tries all of them
    monkeypatch.setattr(
        permanent, "permanent_faults", lambda made: islice(faults(made), 0, None, 5)
    )
    out = tmp_path / "out"
    words = ["export", "challenge", "--out", str(out)]
    board = ["--board", "stm32f4discovery"]
    for more, sentence in (
        (["--budget", "9"], "--budget counts instructions of a core; name a board"),
        (
            ["--board", "nRF52840 DK", "--strategy", "self-test"],
            r"512,000 cycles .* the nearest that fits is STM32F4DISCOVERY",
        ),
        (
            [*board, "--budget", "40000"],
            r"crc-scrub takes up to [\d,]+ instructions in a clean frame .* up to [\d,]+ where a single "
            r"permanent fault is found, and the budget is 40,000; the nearest that fits is ",
        ),
        ([*board, "--budget", "9"], "no named strategy takes less than"),
    ):
        assert main([*words, *more]) == 2
        output = capsys.readouterr().err
        assert re.search(sentence, output) and output.count("\n") == 1 and not out.exists()
    with redirect_stderr(Terminal()) as terminal:
        assert main([*words, *board, "--strategy", "pq-scrub", "--budget", "40000"]) == 0
    assert "Measuring on the core of STM32F4DISCOVERY:   0%" in terminal.getvalue()
    output = capsys.readouterr().out
    assert re.search("STM32F4DISCOVERY: 1[01]% of flash", output) and (out / "model.c").exists()


def test_memory_that_is_too_small_is_refused() -> None:
    board = next(board for board in BOARDS if board.name == "STM32F4DISCOVERY")
    for needs, sentence in (
        (Needs(board.flash_bytes + 1, 1, 0, 1, 0, 0), r"bytes of flash .* Raspberry Pi Pico"),
        (Needs(1, board.ram_bytes + 1, 0, 1, 0, 0), "bytes of RAM .* nRF52840 DK$"),
        (Needs(1, 2**30, 0, 1, 0, 0), "no board that is known here has as much"),
        (
            Needs(1, board.ram_bytes + 1, 9, 1, 0, 0),
            "DK; or read the parameters from flash, where nothing mends them, and take 131,064: "
            "--weights flash --strategy none$",
        ),
    ):
        with pytest.raises(WorkbenchError, match=sentence):
            refuse_small(board, needs, 125.0)
