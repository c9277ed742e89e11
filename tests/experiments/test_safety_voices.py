"""A safety voice in a comparison: which strategies have it, what share it speaks, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from voices import voice

import workbench as wb
from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.fleets.safety_voices import SAFETY_VOICE, safety_lines, with_safety
from workbench.experiments.voices.voice import open_voice
from workbench.healing.safety_voice import SafetyRules, SafetyVoice
from workbench.healing.strategies.named import crc_scrub
from workbench.healing.strategies.strategy import Strategy

REPORTS = Strategy("reports", (wb.guard("crc32", repair=[], per_frame=64),))


def test_the_second_voice_speaks_where_nothing_helps_and_its_words_are_not_counted() -> None:
    """A guard that only reports knows of damage from its first look on: then all that is said is the second voice's."""
    second = SafetyVoice(voice().program, SafetyRules(patience=1))
    speaks = replace(REPORTS, safety=second)
    table = wb.compare(voice(), [REPORTS, replace(speaks, name="second")], "flips=3", devices=2, utterances=3, jobs=1)  # fmt: skip
    one, two = table.records
    assert one["safety"] is None and two["safety"]["bytes"] == two["safety"]["macs"] == 1
    assert 0.9 < two["safety"]["share"] <= 1 and two["harm"] == one["harm"]
    (line,) = safety_lines(table.records)
    assert line.startswith("second: the safety voice (100 % of the bytes, 100 % of the")
    assert line in repr(table)


def test_a_healthy_voice_is_never_replaced() -> None:
    healer = replace(crc_scrub(), name="mine", safety=SafetyVoice(voice().program))
    (record,) = wb.compare(voice(), [healer], "flips=1,section=embed", devices=2, utterances=3, jobs=1).records  # fmt: skip
    assert record["safety"]["share"] == 0 and np.isclose(record["safety"]["harm"], record["harm"])


def test_strategies_that_have_one() -> None:
    made = with_safety(["none", SAFETY_VOICE, REPORTS], voice(), voice(), over_budget=True)
    assert made is not None and made[0] == "none" and made[2] == REPORTS
    assert isinstance(made[1], Strategy) and made[1].safety is not None
    assert made[1].validator is not None  # golden inputs, before the first voice speaks again
    auto = Strategy("autonomic", crc_scrub().guards)
    (again,) = with_safety(auto, voice(), voice(), over_budget=True) or [None]
    assert isinstance(again, Strategy) and again.safety is not None


def test_what_does_not_fit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorkbenchError, match="safety-voice needs a second voice; name its folder"):
        with_safety([SAFETY_VOICE], voice(), None)
    with pytest.raises(
        WorkbenchError, match=r"15% of the voice are .* or allow it with --over-budget"
    ):
        with_safety([SAFETY_VOICE], voice(), voice())
    with pytest.raises(WorkbenchError, match="train both for the same utterances"):
        with_safety(["none"], voice(), open_voice(generator="viseme"), over_budget=True)
    assert main(["compare", "--strategy", SAFETY_VOICE]) == 2
    assert "needs a second voice" in capsys.readouterr().err
