"""The worst k bits of an image: a progressive search, guided by gradients, verified exactly.

Reference: progressive bit search, Rakin, He and Fan 2019, https://arxiv.org/abs/1903.12269. There the
gradient of a loss ranks single flips; at a generator that is still clean this gradient is zero, so the
curvature is estimated as well. Layout: bits are positions of the image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.audio.scales import BY_SNR, Scale, error_share, scale_text
from workbench.errors import WorkbenchError, expect
from workbench.experiments.parallel.task import code_here
from workbench.experiments.parallel.workers import Workers
from workbench.experiments.provenance import inputs_digest
from workbench.experiments.records import RecordFile
from workbench.experiments.threads import one_thread
from workbench.integer.ends import signal_in_front
from workbench.integer.sections import WEIGHTS
from workbench.memory.faults.events import single_flips
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.sampling import KEYS
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import measured

_PROBES = 4  # random directions of the output by which curvature is estimated
_BEST_OF_TENSOR = 32  # every tensor sends its most promising bits, as Rakin's layers do
_BEST_OF_ALL = 1024
_FINALISTS = 64  # are verified on all words, the others on one

Inputs = Mapping[str, Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Step:
    """One more bit. position, name: which. error: share after it, 0 to 1; see `scales.error_share`."""

    position: int
    name: str
    error: float


def worst_bits(
    image: Image,
    inputs: Inputs,
    candidates: np.ndarray,
    *,
    bits: int,
    seed: int = 0,
    scale: Scale = BY_SNR,
    workers: Workers | None = None,
    folder: Path | None = None,
    progress: Callable[[Step], None] | None = None,
) -> list[Step]:
    """The `bits` most harmful flips of a greedy search; each step adds one to those before it.

    Args:
        image: What is damaged.
        inputs: Of one or more words; the mean error share over them counts.
        candidates: Positions of the working copy that may be flipped, int64.
        bits: How many to find.
        seed: Of the probes.
        scale: Of damage; candidates are chosen by the waveform in front of a back end on any.
        workers: Where words are computed; None for this process. The steps are the same everywhere.
        folder: Keeps the steps, so that an interrupted search goes on, and one for more bits as well.
        progress: Called with every step.

    Raises:
        WorkbenchError: Candidates lie elsewhere or are fewer than `bits`, and as `Workers.each`.
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
    search = _Search(image, inputs, scale, workers or Workers(1))
    file = None if folder is None else _file(folder, image, inputs, candidates, seed, scale)
    steps = _steps_in(file)[:bits]
    rng = np.random.Generator(np.random.Philox(key=seed % KEYS))
    for number in range(bits):
        probes = search.drawn_probes(rng)  # also of a step that is kept, for those after it
        if number >= len(steps):
            flipped = np.array([step.position for step in steps], np.int64)
            steps.append(search.step(candidates[~np.isin(candidates, flipped)], flipped, probes))
            if file is not None:
                file.write({"steps": [asdict(step) for step in steps]})
        if progress:
            progress(steps[number])
    return steps


def worst_weights(
    image: Image,
    inputs: Inputs,
    *,
    bits: int,
    scale: Scale = BY_SNR,
    workers: Workers | None = None,
    folder: Path | None = None,
    progress: Callable[[Step], None] | None = None,
) -> tuple[int, ...]:
    """Positions of the `bits` of the weights that an attacker would choose, the worst first; see `worst_bits`."""
    candidates = image.layout.positions((WEIGHTS,))
    with one_thread():
        steps = worst_bits(
            image, inputs, candidates, bits=bits, scale=scale, workers=workers, folder=folder,
            progress=progress,
        )  # fmt: skip
    return tuple(step.position for step in steps)


def _file(
    folder: Path, image: Image, inputs: Inputs, candidates: np.ndarray, seed: int, scale: Scale
) -> RecordFile:
    chosen = hashlib.sha256(np.ascontiguousarray(candidates, "<i8").tobytes()).hexdigest()
    key = f"{code_here().digest} {image.content_hash} {inputs_digest(inputs)} {chosen} {seed}"
    key += scale_text(scale)
    return RecordFile(folder, "worst-bits", key)


def _steps_in(file: RecordFile | None) -> list[Step]:
    record = file.read() if file is not None else None
    return [Step(**step) for step in record["steps"]] if record else []


class _Search:
    """One image and some words, each of which a worker computes."""

    def __init__(self, image: Image, inputs: Inputs, scale: Scale, workers: Workers) -> None:
        self.image, self.scale, self.workers = image, scale, workers
        self.words = [dict(each) for each in inputs.values()]

    def drawn_probes(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Random directions of the output of each word, int8 [_PROBES, 1, rows, channels] of +-1.

        Where there is a back end, of what it reads.
        """
        program = self.image.program
        first, output = program.inputs[0], signal_in_front(program)
        probes = []
        for word in self.words:
            frames = np.shape(word[first])[1] // program.signal(first).rate
            shape = (1, frames * output.rate, output.channels)
            drawn = [rng.choice([-1.0, 1.0], shape) for _ in range(_PROBES)]
            probes.append(np.array(drawn, np.int8))
        return probes

    def step(self, candidates: np.ndarray, flipped: np.ndarray, probes: list[np.ndarray]) -> Step:
        """The worst of these bits on top of those that are flipped."""
        faulty = self.image.flip(flipped)
        sites = Sites(faulty)
        calls = ((self.image, faulty, *each) for each in zip(self.words, probes, strict=True))
        slope, curvature = _summed(self._of_words(word_sensitivity, calls))
        promising = _promising(faulty, sites, candidates, slope, curvature)
        (errors,) = self._of_words(word_errors, [(faulty, self.words[0], promising, self.scale)])
        others = self.words[1:]
        if others:
            finalists = np.argsort(-errors, kind="stable")[:_FINALISTS]
            promising = promising[finalists]
            each = [
                errors[finalists],
                *self._of_words(
                    word_errors,
                    ((faulty, word, promising, self.scale) for word in others),
                ),
            ]
            errors = np.mean(each, axis=0)
        best = int(np.argmax(errors))
        position = int(promising[best])
        return Step(position, sites.site(position), float(errors[best]))

    def _of_words(
        self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
    ) -> list[Any]:
        """What a function makes of each word, in the order of the words."""
        done = self.workers.each(function, calls, count=len(self.words))
        return [each.result() for each in sorted(done, key=lambda each: each.number)]


def word_errors(
    faulty: Image, inputs: Mapping[str, np.ndarray], positions: np.ndarray, scale: Scale
) -> np.ndarray:
    """Error share of one word for each bit, on top of what the image holds already."""
    made = measured(
        Laboratory(faulty, inputs), single_flips(positions), len(positions), scale=scale
    )
    return error_share(made.fidelity_db)


def _promising(
    faulty: Image,
    sites: Sites,
    candidates: np.ndarray,
    slope: Tensors,
    curvature: Tensors,
) -> np.ndarray:
    """Candidates that the gradients speak for, and all of tensors without gradient, ascending."""
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


def _summed(words: Iterable[tuple[Tensors, Tensors]]) -> tuple[Tensors, Tensors]:
    """First and second order of the relative error of all words in every parameter, flat arrays."""
    sums: tuple[Tensors, Tensors] = ({}, {})
    for word in words:
        for total, part in zip(sums, word, strict=True):
            for name, values in part.items():
                total[name] = total.get(name, 0.0) + values
    return sums


def word_sensitivity(
    image: Image, faulty: Image, inputs: Mapping[str, np.ndarray], probes: np.ndarray
) -> tuple[Tensors, Tensors]:
    """First and second order of the relative error of one word in every parameter, flat arrays.

    With y the output, c the clean one and L = |y - c|^2 / |c|^2: the slope dL/dw, and |dy/dw|^2 / |c|^2,
    estimated as the mean of (d(r . y)/dw)^2 over random directions r of entries +-1.
    """
    import torch

    from workbench.integer.smooth import run_smooth, smooth_parameters

    slope: Tensors = {}
    curvature: Tensors = {}
    program = faulty.to_program()
    parameters = smooth_parameters(program)
    leaves = list(parameters.values())
    y = run_smooth(program, parameters, inputs)
    if not y.requires_grad:  # no parameter has a say
        return slope, curvature
    with torch.no_grad():
        clean = run_smooth(image.program, smooth_parameters(image.program), inputs)
    energy = max(float((clean**2).sum()), 1.0)
    directions = [2 * (y.detach() - clean), *map(torch.from_numpy, probes.astype(np.float64))]
    for number, direction in enumerate(directions):
        gradients = torch.autograd.grad(y, leaves, direction, retain_graph=True, allow_unused=True)
        for name, leaf, gradient in zip(parameters, leaves, gradients, strict=True):
            plain = torch.zeros_like(leaf) if gradient is None else gradient
            flat = plain.numpy().reshape(-1) / (energy if number == 0 else 1.0)
            if number:
                flat = flat**2 / (energy * _PROBES)
            into = curvature if number else slope
            into[name] = into.get(name, 0.0) + flat
    return slope, curvature
