"""A second voice beside strategies: which of them have one, how long it is heard, and what is left of the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import Voice
from workbench.healing.safety_voice import (
    SafetyRules,
    SafetyVoice,
    refuse_other_inputs,
    refuse_over_budget,
    shares_of_budget,
)
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.named import self_test, two_speeds
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.watching import AUTONOMIC

SAFETY_VOICE = "safety-voice"
SUMMARY = "two-speeds and golden inputs, and a second voice that speaks where they fail; needs one, see --safety-voice"
_TEST_FRAMES = 125  # between golden inputs; `recovery` is two of them


def refuse_unfit(voice: Voice, safety: Voice, *, over_budget: bool = False) -> None:
    """Raise WorkbenchError for a safety voice of other words or inputs, or a too large one unless that is allowed."""
    if safety.utterances != voice.utterances:
        raise WorkbenchError(
            f"the safety voice says {' '.join(safety.utterances)} and the voice {' '.join(voice.utterances)}; train "
            "both on the same recordings"
        )
    check = refuse_other_inputs if over_budget else refuse_over_budget
    check(voice.program, safety.program)


def with_safety(
    strategies: Iterable[str | Strategy] | str | Strategy | None,
    voice: Voice,
    safety: Voice | None,
    *,
    over_budget: bool = False,
) -> list[str | Strategy] | None:
    """Strategies, of which `safety-voice` and `autonomic` have a second voice as their last rung.

    Args:
        strategies: Names, files or objects, after `with_monitors`; None for the usual ones.
        voice: That devices have.
        safety: The second; None for none.
        over_budget: Take it also where it is larger than a safety voice may be.

    Raises:
        WorkbenchError: There is none for `safety-voice`, or it does not fit.
    """
    if safety is not None:
        refuse_unfit(voice, safety, over_budget=over_budget)
    if strategies is None:
        return None
    second = SafetyVoice(safety.program, SafetyRules()) if safety else None
    single = isinstance(strategies, str | Strategy)
    given: list[Any] = [strategies] if single else list(strategies)  # type: ignore[arg-type]
    return [_with(each, voice, second) for each in given]


def _with(strategy: str | Strategy, voice: Voice, second: SafetyVoice | None) -> str | Strategy:
    if strategy == SAFETY_VOICE:
        if second is None:
            raise WorkbenchError(
                "the strategy safety-voice needs a second voice; name its folder with --safety-voice, in Python as "
                "safety=wb.load(...)"
            )
        guards = (*two_speeds().guards, *self_test(_TEST_FRAMES, moments=1).guards)
        return replace(fitted(Strategy(SAFETY_VOICE, guards), voice.program), safety=second)
    if isinstance(strategy, Strategy) and strategy.name == AUTONOMIC:
        return replace(strategy, safety=second)
    return strategy


def safety_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each record whose strategy has a second voice."""
    return [
        f"{record['strategy']}: the safety voice ({100 * each['bytes']:.0f} % of the bytes, {100 * each['macs']:.0f} % of the "
        f"multiply-accumulates) is heard in {100 * each['share']:.3g} % of the frames; harm of the words in which it is not: "
        + ("-" if each["harm"] is None else f"{100 * each['harm']:.3g} %")
        for record in records
        if (each := record.get("safety"))
    ]  # fmt: skip


def safety_figures(strategy: Strategy, program: Any, fleet: Any) -> dict[str, float | None] | None:
    """Of a record: bytes and macs of the second voice, as shares of the first; share of the frames, harm of the first's words."""
    if strategy.safety is None:
        return None
    sizes = shares_of_budget(program, strategy.safety.program)
    frames, words, harm = fleet.safety.sum(axis=0).tolist()
    return {
        "bytes": sizes[0],
        "macs": sizes[1],
        "share": frames / (len(fleet.harm) * fleet.frames),
        "harm": harm / words if words else None,
    }
