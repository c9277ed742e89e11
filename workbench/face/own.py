"""A voice of a network that no generator describes: its program, and the inputs of its utterances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.experiments.voices.voice import Voice
from workbench.generators.generator import Generator
from workbench.integer.reference import checked_inputs

if TYPE_CHECKING:
    from workbench.integer.lowering.result import Lowered


@dataclass(frozen=True)
class _OwnConfig:
    names: tuple[str, ...]


class _Own(Generator):
    """A stand-in that knows what can be said, and nothing of how it was trained."""

    configuration = _OwnConfig

    def __init__(self, name: str, codes: Mapping[str, Mapping[str, np.ndarray]], rate: int) -> None:
        self._codes = codes
        # Of this object alone: each network has its own.
        self.name, self.sample_rate_hz = name, rate  # type: ignore[misc]

    def utterances(self, config: _OwnConfig) -> tuple[str, ...]:
        return config.names

    def encode(self, config: _OwnConfig, utterances: Sequence[str]) -> dict[str, np.ndarray]:
        names = self._codes[utterances[0]]
        return {
            name: np.concatenate([self._codes[each][name] for each in utterances]) for name in names
        }

    def configure(self, *_: Any) -> NoReturn:
        self._refuse()

    def samples(self, config: _OwnConfig) -> NoReturn:
        self._refuse()

    def network(self, config: _OwnConfig, *, quantised: bool) -> NoReturn:
        self._refuse()

    def input_rate_hz(self, config: _OwnConfig) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise WorkbenchError(
            f"{self.name} is a lowered network and cannot be trained; describe it as a Generator for that"
        )


def voice_of(
    lowered: Lowered,
    utterances: Mapping[str, Mapping[str, Any]],
    *,
    recordings: Mapping[str, np.ndarray] | None = None,
) -> Voice:
    """A voice of one's own network, for everything that comes after training.

        voice = wb.voice_of(wb.lower(network, ...), {"beep": {"input": tensor}})

    Args:
        lowered: What `lower` returned.
        utterances: Name -> what the network's `forward` takes, by argument, batches of one.
        recordings: Name -> float32 [samples], where there are any.

    Raises:
        WorkbenchError: There are no utterances, or inputs do not fit.
    """
    from workbench.integer.lowering.result import Lowered

    expect(lowered, Lowered, "the network of a voice", "what wb.lower(network, ...) returned")
    cure = 'a dictionary, as {"beep": {"input": tensor}}'
    expect(utterances, Mapping, "the utterances of a voice", cure)
    if not utterances:
        raise WorkbenchError(f"a voice has at least one utterance; give {cure}")
    program, codes = lowered.program, {}
    for name, inputs in utterances.items():
        expect(name, str, "the name of an utterance", "text")
        given = lowered.codes(inputs)
        checked_inputs(program, given)
        codes[name] = {each: np.asarray(rows) for each, rows in given.items()}
    generator = _Own(program.name, codes, round(program.sample_rate_hz))
    config = _OwnConfig(tuple(codes))
    return Voice(generator, config, program, dict(recordings or {}), {"generator": program.name})
