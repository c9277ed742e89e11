"""`tones`: a generator that is no part of the workbench; one file and an entry point bring it.

Three short tones at 8 kHz, made by a formula: a row of an embedding says which, another where in the tone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.generators.generator import Generator, Measure
from workbench.generators.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn

RATE_HZ = 8_000
SAMPLES_A_FRAME = 32
PITCHES_HZ = {"low": 250.0, "middle": 500.0, "high": 1000.0}


@dataclass(frozen=True)
class TonesConfig:
    """frames: of every tone, 4 ms each. channels: of all layers but the last."""

    names: tuple[str, ...]
    frames: int = 24
    channels: int = 16


class Tones(Generator):
    """Tones of three pitches."""

    name = "tones"
    noun = "tone"
    configuration = TonesConfig
    presets = {  # noqa: RUF012
        "default": Recipe(float_steps=60, qat_steps=20, batch=3),
        "tiny": Recipe(float_steps=3, qat_steps=2, batch=3),
    }
    measures = (Measure("nearest", at_least=0.9), Measure("log_mel_db", at_most=20.0))
    sample_rate_hz = RATE_HZ

    def utterances(self, config: TonesConfig) -> tuple[str, ...]:
        return config.names

    def spoken(self, utterance: str) -> str:
        return f"a {utterance} tone"

    def encode(self, config: TonesConfig, utterances: Sequence[str]) -> dict[str, np.ndarray]:
        shape = (len(utterances), config.frames, 1)
        pitch = np.array([config.names.index(each) for each in utterances], np.int32)
        return {
            "pitch": np.broadcast_to(pitch[:, None, None], shape).copy(),
            "age": np.broadcast_to(np.arange(config.frames, dtype=np.int32)[:, None], shape).copy(),
        }

    def recordings(self, folder: Path | str | None) -> dict[str, np.ndarray]:
        if folder is not None:
            return super().recordings(folder)
        t = np.arange(24 * SAMPLES_A_FRAME) / RATE_HZ
        return {
            name: (0.5 * np.exp(-20 * t) * np.sin(2 * np.pi * hz * t)).astype(np.float32)
            for name, hz in PITCHES_HZ.items()
        }

    def configure(
        self, recordings: Mapping[str, np.ndarray], recipe: Recipe, settings: Mapping[str, Any]
    ) -> TonesConfig:
        return replace(TonesConfig(tuple(recordings)), **settings)

    def samples(self, config: TonesConfig) -> int:
        return config.frames * SAMPLES_A_FRAME

    def input_rate_hz(self, config: TonesConfig) -> float:
        return RATE_HZ / SAMPLES_A_FRAME

    def network(self, config: TonesConfig, *, quantised: bool) -> nn.Module:
        return _network(config, quantised)

    def loss(self) -> nn.Module:
        from torch import nn

        return nn.L1Loss()


def _network(config: TonesConfig, quantised: bool) -> nn.Module:
    import torch
    from torch import nn

    from workbench.generators.layers import (
        FLOAT,
        CausalConv1d,
        CausalConvTranspose1d,
        Precision,
        quantise,
        relu,
    )

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = config
            wide, precision = config.channels, Precision(8, 8) if quantised else FLOAT
            last = Precision(8, 16) if quantised else FLOAT
            self.pitch = nn.Embedding(len(config.names), wide)
            self.age = nn.Embedding(config.frames, wide)
            self.quantise = quantise(precision)
            self.mix = CausalConv1d(2 * wide, wide, 2, precision=precision)
            self.relu = relu(precision)
            self.up = CausalConvTranspose1d(
                wide, 1, 2 * SAMPLES_A_FRAME, stride=SAMPLES_A_FRAME, precision=precision
            )
            self.out = quantise(last)

        def forward(self, pitch: torch.Tensor, age: torch.Tensor) -> torch.Tensor:
            rows = torch.cat([self.pitch(pitch), self.age(age)], dim=2).transpose(1, 2)
            return self.out(self.up(self.relu(self.mix(self.quantise(rows)))))

    return Network()
