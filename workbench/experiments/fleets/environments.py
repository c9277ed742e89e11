"""What a comparison is of: environments by name or as faults, the bits of an attack, and all its cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from workbench.audio.scales import BY_SNR, Scale
from workbench.errors import WorkbenchError, described, expect, nearest
from workbench.experiments.fleets.comparison import ENVIRONMENTS, Case, Environment, workload_of
from workbench.experiments.maps.worst_bits import worst_weights
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.voices.voice import Voice
from workbench.healing.strategies.variants import StrategyVariant
from workbench.integer.reference import Codes
from workbench.memory.faults.plan import Plan

Faults = str | Plan | Iterable[str | Plan]


def environments_of(faults: Faults) -> list[Environment]:
    """Environments by name or fault text, each once; WorkbenchError for what is neither."""
    if not isinstance(faults, str | Plan | Iterable):
        raise WorkbenchError(
            f'faults are {described(faults)}; give an environment, as "single", or a fault, as "ber=1e-5"'
        )
    given = [faults] if isinstance(faults, str | Plan) else faults
    environments = list(dict.fromkeys(_environment(each) for each in given))
    if not environments:
        raise WorkbenchError('no fault is given; name at least one, as "single" or "ber=1e-5"')
    return environments


def _environment(fault: str | Plan) -> Environment:
    expect(fault, (str, Plan), "a fault", 'an environment, as "single", or a text, as "ber=1e-5"')
    text = str(fault)
    if text in ENVIRONMENTS:
        return ENVIRONMENTS[text]
    if "=" not in text:
        raise WorkbenchError(
            f"there is no environment {text!r}, and a fault reads like ber=1e-5; {nearest(text, ENVIRONMENTS)}"
        )
    return Environment(text, text, text)


def attacked_bits(
    voice: Voice,
    inputs: Mapping[str, Codes],
    environments: Sequence[Environment],
    workers: Workers,
    *,
    show: Callable[[int], AbstractContextManager[Any]],
    folder: Path | None = None,
) -> tuple[int, ...]:
    """The bits that an attacker would choose, the worst first, as many as the environments need.

    inputs: of the words that are said. show: a bar for so many, with `update`. folder: keeps what was found, None for nothing.
    """
    most = max((environment.adversarial for environment in environments), default=0)
    if not most:
        return ()
    with show(most) as bar:
        return worst_weights(
            voice.image(), inputs, bits=most, workers=workers, folder=folder,
            progress=lambda _: bar.update() and None, scale=voice.generator.scale,
        )  # fmt: skip


def cases_of(
    environments: Sequence[Environment],
    variants: Sequence[StrategyVariant],
    *,
    devices: int,
    utterances: int,
    seed: int,
    worst: Sequence[int] = (),
    scale: Scale = BY_SNR,
) -> list[Case]:
    """Every strategy in every environment; the arguments as of `workload_of` and `Case`."""
    return [
        Case(
            program, strategy, environment,
            workload_of(
                environment, devices=devices, utterances=utterances, seed=seed, worst=worst
            ),
            scale,
        )
        for environment in environments
        for _, strategy, program in variants
    ]  # fmt: skip
