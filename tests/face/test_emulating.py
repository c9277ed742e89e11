"""`wb.emulate`: the figures of the emulated device, its log and its sound, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from emulators import needs_emulator
from voices import voice

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.experiments.emulations.board_runs import drawn_upsets
from workbench.firmware.boards import CORES
from workbench.firmware.emulation.emulate import emulate
from workbench.panels.board_views import bars


@needs_emulator
def test_what_it_shows_is_what_the_device_did() -> None:
    made = wb.emulate(voice(), "pq-scrub", "stm32f4discovery", utterance="7", upsets=6, seed=1)
    run, (strategy, program) = made.run, voice().healer("pq-scrub")
    image = strategy.image(program)
    hits = drawn_upsets(image.layout, frames=96, count=6, seed=1)
    again = emulate(
        image, CORES["m4"], voice().inputs("7"), strategy=strategy, mid_frame=hits, word_starts=(0,)
    )
    np.testing.assert_array_equal(made.samples, voice().program.sound(again.codes))
    assert len(made.log) == len(again.log) > 3 and run.upsets == tuple(hits)
    np.testing.assert_array_equal(run.clean.codes, run.bare.codes)
    # A bit is wrong from its frame on, and no more are than have flipped by then.
    flipped = np.cumsum(np.bincount([hit.frame for hit in hits], minlength=96))
    assert (made.run.wrong_bits <= flipped).all() and made.run.wrong_bits.max() > 1
    assert (
        made.run.wrong_bits[hits[0].frame] == 1 and not made.run.wrong_bits[: hits[0].frame].any()
    )
    flash, ram, frame = made.budgets
    assert (flash.used, flash.has) == (run.clean.flash_bytes, 1 << 20)
    assert (ram.used, ram.has) == (run.clean.ram_bytes + run.clean.stack_bytes, 128 << 10)
    assert frame.used == run.clean.instructions.max() and frame.has == 168e6 / 125
    assert made.real_time_factor == frame.share and 0.1 < frame.share < 0.4
    assert 0 < run.healer_instructions < 0.1 * run.clean.instructions_per_frame
    shown = repr(made)
    assert f"{run.clean.flash_bytes:,}" in shown and made.log[0] in shown
    html = made._repr_html_()
    assert html.count('role="meter"') == 3 and "data:image/png" in html
    assert f"{len(made.log)} log entries" in html


@needs_emulator
def test_a_board_that_is_too_small_says_so() -> None:
    run = wb.emulate(voice(), "none", "Raspberry Pi Pico", upsets=0).run
    assert not run.lines() and not run.wrong_bits.any()
    assert "does not fit" not in bars(run) and "too slow" not in bars(run)
    small = replace(run, board=replace(run.board, ram_bytes=50_000, clock_hz=1e6))
    assert bars(small).count(": does not fit") == 2 * 2  # to be seen, and to be read out
    assert small.real_time_factor > 1 and "too slow" in bars(small)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"board": "STM32F4DISCOVERI"},
            "there is no board 'STM32F4DISCOVERI'; did you mean STM32F4",
        ),
        ({"healer": "pq-scrap"}, "pq-scrub"),
        ({"utterance": "eleven"}, "cannot say 'eleven'"),
        ({"upsets": 10**9}, "1,000,000,000 upsets cannot hit a working copy of"),
        ({"upsets": -1}, "choose fewer"),
        ({"seed": 1.5}, "the seed"),
        ({"seed": -1}, "the seed is -1"),
        ({"voice": 3}, "what is emulated"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(change: dict[str, object], words: str) -> None:
    given = {"voice": voice(), "healer": "pq-scrub", "board": "nRF52840 DK", **change}
    with pytest.raises(WorkbenchError) as refused:
        wb.emulate(given.pop("voice"), given.pop("healer"), **given)  # type: ignore[arg-type]
    assert words in str(refused.value) and "\n" not in str(refused.value)
