"""The fault laboratory: the exact effect of many fault trials on one utterance.

A trial equals `truth.play` with its events. Two engines: "native", sparse differences in C, and
"torch", batches on any torch device. Layout: output codes [trials, rows, channels].
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from itertools import starmap
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import WorkbenchError, expect, nearest
from workbench.integer import reference
from workbench.integer.native.build import native_library
from workbench.integer.native.instructions import kernels_asked_for
from workbench.integer.native.model import unsupported
from workbench.integer.native.trials import OUTCOME, REACHED_UNKNOWN, SparseRun
from workbench.integer.program import Program
from workbench.memory.faults.events import Events
from workbench.memory.image import Image
from workbench.memory.trials.native_faults import FaultTranslator

if TYPE_CHECKING:
    from workbench.integer.engine import Engine

ENGINES = ("native", "torch")
_EVENTS = "Events, as plan.events(Sites(image), indexes)"
_TRIALS_AT_ONCE = 64  # whose sounds are held to compute outcomes from them


class Laboratory:
    """One image and one utterance, ready for trials.

    Args:
        image: Flips that it holds already are part of every trial.
        inputs: Whole numbers [1, frames * rate, channels] by name.
        engine: "native", "torch", or None for the native one where it can be built and runs the program.
        device: Of torch, "cpu" or "cuda"; with one, torch is the engine.
        kernels: Of the native engine, see `native.instructions`; None for what $WORKBENCH_KERNELS says.

    Attributes:
        clean: Output codes of the clean program, [rows, channels].
        signal_energy: Sum of their squares.
        reason: Why it fell back to torch; None where it did not.

    Raises:
        WorkbenchError: Inputs that do not fit, an engine that is unknown or cannot run here, or a native one that
            disagrees with the reference.
    """

    def __init__(
        self,
        image: Image,
        inputs: Mapping[str, np.ndarray],
        *,
        engine: str | None = None,
        device: str | None = None,
        kernels: str | None = None,
    ) -> None:
        expect(image, Image, "what a laboratory is to damage", "an Image, as `voice.image()`")
        if engine not in (None, *ENGINES):
            raise WorkbenchError(f"there is no engine {engine!r}; {nearest(engine, ENGINES)}")
        if engine == "native" and device:
            raise WorkbenchError(
                f"the native engine has no device {device!r}; leave it out or choose the engine torch"
            )
        self.image = image
        self.inputs = reference.one_utterance(image.program, inputs)
        self.device = device
        automatic = engine is None and not device
        self.reason = no_native_engine(image.program, kernels=kernels) if automatic else None
        self._native = None
        if engine == "native" or (automatic and not self.reason):
            self._native = SparseRun(image.program, self.inputs, kernels=kernels)
        if self._native:
            self.clean = self._native.clean
        else:
            self.clean = reference.run(image.program, self.inputs)[image.program.output][0]
        self.engine = "native" if self._native else "torch"
        self.frames = len(self.clean) // image.program.signal(image.program.output).rate
        self.signal_energy = int(np.sum(self.clean.astype(np.int64) ** 2))
        self._batched: Engine | None = None
        if device:
            self._engine()  # for its refusal
        self._translator = FaultTranslator(image, self.frames)

    def of(self, translator: FaultTranslator) -> Laboratory:
        """The same utterance for another image of the same program, which shares the clean run.

        Args:
            translator: Of that image, and of as many frames.

        Raises:
            WorkbenchError: The image is of another program.
        """
        image = translator.image
        if image.program.content_hash != self.image.program.content_hash:
            raise WorkbenchError(
                f"the laboratory has the clean run of another program than {image.program.name}; make a "
                "new one with Laboratory(image, inputs)"
            )
        made = copy(self)
        made.image, made._translator = image, translator
        return made

    @property
    def kernels(self) -> str:
        """What runs: one of `native.instructions.INSTRUCTIONS`, else the device that torch was given, or "torch"."""
        return self._native.kernels if self._native else self.device or "torch"

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates performed for trials so far; None when the engine does not count."""
        return self._native.macs if self._native else None

    def peak_gmacs_per_s(self, seconds: float) -> float | None:
        """What a plain product of matrices reaches with these kernels, see `SparseRun`; None of torch."""
        return self._native.peak_gmacs_per_s(seconds) if self._native else None

    def dense_gmacs_per_s(self, seconds: float) -> float | None:
        """What dense sums of this program reach with these kernels, see `SparseRun`; None of torch."""
        return self._native.dense_gmacs_per_s(seconds) if self._native else None

    def outcomes(self, events: Events, trials: int) -> np.ndarray:
        """Run trials and compare each with the clean output.

        Args:
            events: Of all trials; `events.trial` is in 0 .. trials - 1.
            trials: How many.

        Returns:
            OUTCOME [trials]. `reached` is REACHED_UNKNOWN where the engine does not know it.

        Raises:
            WorkbenchError: An event names no bit, frame or trial.
        """
        expect(events, Events, "what is to happen", _EVENTS)
        parts = [np.zeros(0, OUTCOME)]
        if self._native:
            structural = self._translator.structural(events, trials)
            if structural.any():
                made = np.zeros(trials, OUTCOME)
                for where, run in ((~structural, self.outcomes), (structural, self._slowly)):
                    chosen = np.flatnonzero(where)
                    if len(chosen):
                        made[chosen] = run(events.of_chosen(chosen), len(chosen))
                return made
            parts += starmap(self._native.outcomes, self._translator.parts(events, trials))
            return np.concatenate(parts)
        return self._slowly(events, trials)

    def _slowly(self, events: Events, trials: int) -> np.ndarray:
        """`outcomes` from sounds of torch."""
        self._translator.check(events, trials)
        parts = [np.zeros(0, OUTCOME)]
        at_once = max(_TRIALS_AT_ONCE, self._engine().trials_at_once)
        for start in range(0, trials, at_once):
            stop = min(start + at_once, trials)
            sounds = self._torch_sounds(events.of_trials(start, stop), stop - start)
            parts.append(self.compared(sounds))
        return np.concatenate(parts)

    def sounds(self, events: Events, trials: int) -> np.ndarray:
        """Output codes of each trial, [trials, rows, channels], in the output's dtype; arguments as of `outcomes`."""
        expect(events, Events, "what is to happen", _EVENTS)
        if self._native and not self._translator.structural(events, trials).any():
            parts = list(starmap(self._native.sounds, self._translator.parts(events, trials)))
            none = np.zeros((0, *self.clean.shape), np.int16)
            sounds = parts[0] if len(parts) == 1 else np.concatenate([none, *parts])
            return sounds.astype(self.clean.dtype, copy=False)
        self._translator.check(events, trials)
        if not trials:
            return np.zeros((0, *self.clean.shape), self.clean.dtype)
        return self._torch_sounds(events, trials)

    def _torch_sounds(self, events: Events, trials: int) -> np.ndarray:
        from workbench.memory.trials.torch_trials import torch_sounds

        return torch_sounds(self.image, self.inputs, events, trials, self._engine())

    def _engine(self) -> Engine:
        if self._batched is None:
            from workbench.integer.engine import Engine

            self._batched = Engine(self.image.program, self.device)
        return self._batched

    def snr_db(self, outcomes: np.ndarray) -> np.ndarray:
        """Signal-to-noise ratio of each trial: 10 log10(signal energy / error energy).

        Args:
            outcomes: OUTCOME [trials].

        Returns:
            float64 [trials] in dB; infinite where nothing differs.
        """
        energy = outcomes["error_energy"].astype(np.float64)
        with np.errstate(divide="ignore"):
            ratio = 10.0 * np.log10(self.signal_energy / np.where(energy > 0, energy, 1.0))
        return np.where(energy > 0, ratio, np.inf)

    def compared(self, sounds: np.ndarray) -> np.ndarray:
        """Outcomes of sounds, output codes [n, rows, channels], against the clean one: OUTCOME [n]."""
        error = sounds.astype(np.int64) - self.clean.astype(np.int64)
        differs = error.any(axis=2)
        outcomes = np.zeros(len(sounds), OUTCOME)
        outcomes["reached"] = REACHED_UNKNOWN
        if differs.size:
            outcomes["first"] = np.where(differs.any(axis=1), differs.argmax(axis=1), -1)
        else:
            outcomes["first"] = -1
        outcomes["differing"] = differs.sum(axis=1)
        outcomes["max_error"] = np.abs(error).max(axis=(1, 2), initial=0)
        outcomes["error_energy"] = (error**2).sum(axis=(1, 2))
        return outcomes


def no_native_engine(program: Program, *, kernels: str | None = None) -> str | None:
    """Why trials of `program` fall back to torch on this machine, or None."""
    reason = unsupported(program)
    if reason:
        return reason
    asked = kernels or kernels_asked_for()
    try:
        native_library(asked)
    except WorkbenchError as error:
        return str(error)
    return None
