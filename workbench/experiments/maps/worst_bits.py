"""The worst k bits of an image: a progressive search, guided by gradients, verified exactly.

Reference: progressive bit search, Rakin, He and Fan 2019, https://arxiv.org/abs/1903.12269. There the
gradient of a loss ranks single flips; at a generator that is still clean this gradient is zero, so the
curvature is estimated as well. Layout: bits are positions of the image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.experiments.threads import one_thread
from workbench.integer.sections import WEIGHTS
from workbench.memory.faults.events import Events
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.sampling import KEYS
from workbench.memory.trials.laboratory import Laboratory

_PROBES = 4  # random directions of the output by which curvature is estimated
_BEST_OF_TENSOR = 32  # every tensor sends its most promising bits, as Rakin's layers do
_BEST_OF_ALL = 1024
_FINALISTS = 64  # are verified on all words, the others on one

Inputs = Mapping[str, Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Step:
    """One more bit. position, name: which. error: share after it, 0 to 1; see `error_share`."""

    position: int
    name: str
    error: float


def error_share(error_energy: np.ndarray, signal_energy: int) -> np.ndarray:
    """error / (error + signal), energies of one word: 0 untouched, 0.5 at 0 dB SNR, 1 drowned.

    Monotone in the error, and no word can be made so loud that it outweighs all others.
    """
    error = np.asarray(error_energy, np.float64)
    return error / np.maximum(error + signal_energy, 1.0)


def worst_bits(
    image: Image,
    inputs: Inputs,
    candidates: np.ndarray,
    *,
    bits: int,
    seed: int = 0,
    progress: Callable[[Step], None] | None = None,
) -> list[Step]:
    """The `bits` most harmful flips of a greedy search; each step adds one to those before it.

    inputs: of one or more words; the mean error share over them counts. candidates: positions of the working copy
    that may be flipped, int64. seed: of the probes. progress: called with every step. Raises
    WorkbenchError when candidates lie elsewhere or are fewer than `bits`.
    """
    expect(image, Image, "what is to be damaged", "an Image, as `voice.image()`")
    expect(inputs, Mapping, "what is said", "the inputs of each word, by word")
    candidates = np.unique(candidates)
    working = 8 * image.layout.working_bytes
    outside = candidates[(candidates < 0) | (candidates >= working)]
    if len(outside):
        raise WorkbenchError(
            f"bit {outside[0]} is not in the working copy; name sections among "
            f"{', '.join(WORKING_SECTIONS)}"
        )
    if not 1 <= bits <= len(candidates):
        raise WorkbenchError(
            f"cannot find the worst {bits} of {len(candidates)} bits; ask for at least 1 and at most all"
        )
    if not inputs:
        raise WorkbenchError("there are no words to do harm to; name at least one")
    steps: list[Step] = []
    rng = np.random.Generator(np.random.Philox(key=seed % KEYS))
    for _ in range(bits):
        flipped = np.array([step.position for step in steps], np.int64)
        step = _best_step(image, inputs, np.setdiff1d(candidates, flipped), flipped, rng)
        steps.append(step)
        if progress:
            progress(step)
    return steps


def worst_weights(
    image: Image, inputs: Inputs, *, bits: int, progress: Callable[[Step], None] | None = None
) -> tuple[int, ...]:
    """Positions of the `bits` of the weights that an attacker would choose, the worst first; see `worst_bits`."""
    candidates = image.layout.positions((WEIGHTS,))
    with one_thread():
        steps = worst_bits(image, inputs, candidates, bits=bits, progress=progress)
    return tuple(step.position for step in steps)


def _best_step(
    image: Image,
    inputs: Inputs,
    candidates: np.ndarray,
    flipped: np.ndarray,
    rng: np.random.Generator,
) -> Step:
    faulty = image.flip(flipped)
    sites = Sites(faulty)
    promising = _promising(image, faulty, sites, inputs, candidates, rng)
    first, *others = (Laboratory(faulty, each) for each in inputs.values())
    errors = _errors(first, promising)
    if others:
        finalists = np.argsort(-errors, kind="stable")[:_FINALISTS]
        promising = promising[finalists]
        each = [errors[finalists], *(_errors(lab, promising) for lab in others)]
        errors = np.mean(each, axis=0)
    best = int(np.argmax(errors))
    position = int(promising[best])
    return Step(position, sites.site(position), float(errors[best]))


def _errors(laboratory: Laboratory, positions: np.ndarray) -> np.ndarray:
    """Error share of one word for each bit, on top of what the image holds already."""
    trials = len(positions)
    nothing = np.zeros(trials, np.int64)
    events = Events(np.arange(trials), nothing, positions, nothing.astype(np.uint8))
    outcomes = laboratory.outcomes(events, trials)
    return error_share(outcomes["error_energy"], laboratory.signal_energy)


def _promising(
    image: Image,
    faulty: Image,
    sites: Sites,
    inputs: Inputs,
    candidates: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Candidates that the gradients speak for, and all of tensors without gradient, ascending."""
    slope, curvature = _sensitivities(image, faulty, inputs, rng)
    place, element, bit = sites.locate(candidates)
    gain = np.full(len(candidates), -np.inf)
    stored = (faulty.data[candidates >> 3] >> (candidates & 7).astype(np.uint8)) & 1
    chosen = []
    for number in np.unique(place):
        here = np.flatnonzero(place == number)
        name = sites.places[number].operator, sites.places[number].tensor
        if name in slope:
            change = np.where(stored[here] > 0, -1.0, 1.0) * np.exp2(bit[here])
            # The highest bit of two's complement counts negative.
            change = np.where(bit[here] == sites.places[number].bits - 1, -change, change)
            at = element[here]
            gain[here] = change * slope[name][at] + change**2 * curvature[name][at]
            here = here[np.argsort(-gain[here], kind="stable")[:_BEST_OF_TENSOR]]
        chosen.append(here)
    chosen.append(np.argsort(-gain, kind="stable")[:_BEST_OF_ALL])
    return candidates[np.unique(np.concatenate(chosen))]


Tensors = dict[tuple[str, str], np.ndarray]


def _sensitivities(
    image: Image, faulty: Image, inputs: Inputs, rng: np.random.Generator
) -> tuple[Tensors, Tensors]:
    """First and second order of the relative error in every parameter, flat arrays.

    With y the output, c the clean one and L = |y - c|^2 / |c|^2: the slope dL/dw, and |dy/dw|^2 / |c|^2,
    estimated as the mean of (d(r . y)/dw)^2 over random directions r of entries +-1.
    """
    import torch

    from workbench.integer.smooth import run_smooth, smooth_parameters

    slope: Tensors = {}
    curvature: Tensors = {}
    program = faulty.to_program()
    for each in inputs.values():
        parameters = smooth_parameters(program)
        leaves = list(parameters.values())
        y = run_smooth(program, parameters, each)
        if not y.requires_grad:  # no parameter has a say
            return slope, curvature
        with torch.no_grad():
            clean = run_smooth(image.program, smooth_parameters(image.program), each)
        energy = max(float((clean**2).sum()), 1.0)
        directions = [2 * (y.detach() - clean)]
        directions += [
            torch.from_numpy(rng.choice([-1.0, 1.0], tuple(y.shape))) for _ in range(_PROBES)
        ]
        for number, direction in enumerate(directions):
            gradients = torch.autograd.grad(
                y, leaves, direction, retain_graph=True, allow_unused=True
            )
            for name, leaf, gradient in zip(parameters, leaves, gradients, strict=True):
                plain = torch.zeros_like(leaf) if gradient is None else gradient
                flat = plain.numpy().reshape(-1) / (energy if number == 0 else 1.0)
                if number:
                    flat = flat**2 / (energy * _PROBES)
                into = curvature if number else slope
                into[name] = into.get(name, 0.0) + flat
    return slope, curvature
