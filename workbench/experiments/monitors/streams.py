"""Streams of clean frames: utterances one after the other, their hidden codes, and what a monitor scores them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, product

import numpy as np

from workbench.experiments.voices.voice import Voice
from workbench.integer.changes import Change, Changes
from workbench.integer.frames import frames_of
from workbench.integer.operators.pruned import DENSE
from workbench.integer.part import part_of_program
from workbench.integer.program import Program
from workbench.integer.pruning import prunable
from workbench.memory.layout import Layout
from workbench.memory.watches.behaviour import Behaviour
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.progress import progress_bar

LEARN, LIMIT, CHECK = range(3)  # what a stream is for; each draws utterances of its own
_ROUNDS = 100  # of all utterances, where their order is drawn
_RESTARTS = 8  # utterances between two starts of a monitor
_SHOWN = ("learning what clean frames are like", "finding the limit", "checking the limit")


@dataclass(frozen=True)
class Stream:
    """Utterances of a voice.

    Args:
        voice: That says them.
        purpose: LEARN, LIMIT or CHECK.
        frames: That they have together at least; what is not endless is said once, whatever its length.
        seed: Of what is drawn.
        orders: Draw the order in which utterances are said that are not endless, again and again.
    """

    voice: Voice
    purpose: int
    frames: int
    seed: int
    orders: bool = False

    def texts(self) -> Iterator[str]:
        """One utterance after the other; without end where the generator draws them."""
        drawn = self.voice.generator.drawn(self.voice.config, 3 * self.seed + self.purpose)
        if drawn is not None:
            return drawn
        said = self.voice.utterances
        if not self.orders:
            return iter(said)
        rng = np.random.default_rng([self.seed, self.purpose])
        return (said[n] for _ in range(_ROUNDS) for n in rng.permutation(len(said)))

    def _said(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Utterances and which layers of a pruned program are un-pruned: a healer may un-prune any.

        None, each alone and all: in turn, or all of these for each utterance where all that can be said is.
        """
        layers = prunable(self.voice.program)
        modes = list(dict.fromkeys([(), *((layer,) for layer in layers), layers]))
        if self.orders or is_endless(self.voice):
            return zip(self.texts(), cycle(modes), strict=False)
        return product(self.texts(), modes)

    def codes(self, signals: Sequence[str]) -> Iterator[Mapping[str, np.ndarray]]:
        """Codes of some signals, [frames * rate, channels] by name, of each utterance from silence."""
        program = self.voice.program
        made = [name for name in signals if name not in program.inputs]
        engine = frames_of(part_of_program(program, made)) if made else None  # else inputs alone
        done = 0
        rate = program.signal(signals[0]).rate
        total = self.frames if self.orders or is_endless(self.voice) else None
        with progress_bar(total=total, desc=_SHOWN[self.purpose], unit="frame") as bar:
            for text, mode in self._said():
                inputs = self.voice.generator.encode(self.voice.config, [text])
                codes: Mapping[str, np.ndarray] = {name: each[0] for name, each in inputs.items()}
                if engine is not None:
                    clean = engine.changed(_in_mode(engine.program, mode))
                    codes, _ = engine.step(inputs, clean, engine.silence(), tuple(signals))
                yield codes
                done += len(codes[signals[0]]) // rate
                bar.update(min(done, self.frames) - bar.n)
                if done >= self.frames:
                    return

    def scores(self, area: BehaviourArea) -> np.ndarray:
        """What a monitor scores the frames, int64 [frames].

        It remembers from one utterance to the next, but now and then it begins anew, as a device does.
        """
        watch, data = laid_out(self.voice, area)
        scores, memory = [], watch.recalled(data)
        for number, codes in enumerate(self.codes(watch.needs)):
            if number % _RESTARTS == 0:
                memory = watch.recalled(data)
            scores.append(watch.scores(data, memory, watch.measures(data, codes)))
        return np.concatenate(scores)


def _in_mode(program: Program, layers: tuple[str, ...]) -> Changes:
    """Modes of the layers of a part of a program that are un-pruned."""
    first = np.zeros(1, np.int64)
    own = set(layers) & set(prunable(program))
    return {(layer, "mode"): Change(first, first, first + DENSE) for layer in sorted(own)}


def is_endless(voice: Voice) -> bool:
    """Whether utterances of its generator are drawn; else they are all that it can say."""
    return voice.generator.drawn(voice.config, 0) is not None


def laid_out(voice: Voice, area: BehaviourArea) -> tuple[Behaviour, np.ndarray]:
    """A monitor where it would lie, and bytes of an image that hold nothing else, uint8."""
    layout = Layout(voice.program, areas=(area,))
    (watch,) = layout.watches
    assert isinstance(watch, Behaviour)
    data = np.zeros(layout.size_bytes, np.uint8)
    watch.sign(data, 0)
    return watch, data
