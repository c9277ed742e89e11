"""The worst bits: exact damage, at least as bad as any single flip, far worse than random ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from programs import random_inputs, random_program, seeds

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.maps.worst_bits import worst_bits
from workbench.integer import reference
from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.smooth import run_smooth, smooth_parameters
from workbench.memory.faults.bits import Bits
from workbench.memory.faults.plan import TrialId
from workbench.memory.image import Image

WORST = ("worst", "challenge", "--jobs", "1")  # starting others takes longer than their work


def error_by_reference(image: Image, inputs: dict[str, np.ndarray], positions: list[int]) -> float:
    clean = reference.run(image.program, inputs)[image.program.output].astype(np.int64)
    faulty = reference.run(image.flip(positions).to_program(), inputs)[image.program.output]
    error, signal = ((faulty - clean) ** 2).sum(), (clean**2).sum()
    return float(error / max(error + signal, 1))


def spoken(seed: int) -> tuple[Image, dict[str, np.ndarray]]:
    """A small program that is not silent."""
    while True:
        program = random_program(seed, 6)
        inputs = random_inputs(program, seed, 4)
        if (
            Image.of(program).layout.working_bytes
            and reference.run(program, inputs)[program.output].any()
        ):
            return Image.of(program), inputs
        seed += 1


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_the_first_bit_is_the_worst_of_all_and_its_error_exact(seed: int) -> None:
    image, inputs = spoken(seed)
    candidates = image.layout.positions()[:1000]  # no more than are looked at
    steps = worst_bits(image, {"a": inputs}, candidates, bits=min(2, len(candidates)))
    positions = [step.position for step in steps]
    assert len(set(positions)) == len(positions) and set(positions) <= set(candidates.tolist())
    for count in range(1, len(steps) + 1):
        assert steps[count - 1].error == pytest.approx(
            error_by_reference(image, inputs, positions[:count])
        )
    others = np.random.default_rng(seed).choice(candidates, 30)
    assert (
        steps[0].error >= max(error_by_reference(image, inputs, [int(p)]) for p in others) - 1e-12
    )


@settings(max_examples=150, deadline=None)
@given(seed=seeds)
def test_one_operator_without_rounding_is_less_than_a_step_off(seed: int) -> None:
    program: Program = random_program(seed, 1)
    inputs = random_inputs(program, seed, 4)
    exact = reference.run(program, inputs)[program.output]
    with torch.no_grad():
        smooth = run_smooth(program, smooth_parameters(program), inputs).numpy()
    assert smooth.shape == exact.shape
    wraps = any(
        isinstance(operator, Conv) and (np.abs(operator.bias.astype(np.int64)) > 2**30).any()
        for operator in program.operators
    )
    assert wraps or np.abs(smooth - exact).max(initial=0) <= 1


def test_what_makes_no_sense_is_refused() -> None:
    image, inputs = spoken(3)
    bits = image.layout.positions()
    for candidates, count, words, message in (
        (bits, 0, {"a": inputs}, "cannot find the worst 0"),
        (bits[:3], 4, {"a": inputs}, "the worst 4 of 3 bits"),
        (np.repeat(bits[:3], 2), 4, {"a": inputs}, "the worst 4 of 3 bits"),
        (bits, 1, {}, "no words"),
        (np.array([8 * image.layout.working_bytes]), 1, {"a": inputs}, "not in the working copy"),
    ):
        with pytest.raises(WorkbenchError, match=message):
            worst_bits(image, words, candidates, bits=count)


def test_random_bits_are_heard_in_every_word_and_drawn_by_the_seed(tmp_path: Path) -> None:
    """One word after the other, their mean is what all of them have together."""

    def random_share(*options: str) -> float:
        assert main([*WORST, "--bits", "1", "--out", str(tmp_path), *options]) == 0
        return float(json.loads((tmp_path / "worst.json").read_text())["random"]["error_share"])

    few = ("--section", "bias", "--operator", "up0")
    alone = [random_share("--words", word, *few) for word in ("seven", "3")]
    assert random_share("--words", "seven,3", *few) == pytest.approx(np.mean(alone))
    assert random_share("--words", "3", *few, "--seed", "-1") != alone[1]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [*WORST, "--bits", "2", "--words", "seven,3", "--out", str(tmp_path)]
    assert main(command) == 0
    output = capsys.readouterr().out
    figures = json.loads((tmp_path / "worst.json").read_text())
    errors = [bit["error_share"] for bit in figures["bits"]]
    random = float(output.split("as many random bits: ")[1].split()[0])
    assert errors[1] > errors[0] > 20 * random
    assert figures["random"] == {"error_share": pytest.approx(random, abs=5e-5), "draws": 200}
    trial = TrialId.parse(figures["replay"]["7"])
    assert str(trial) in output
    assert trial.plan.model == Bits(tuple(bit["position"] for bit in figures["bits"]))
    assert main(["replay", str(trial), "--out", str(tmp_path / "again.wav")]) == 0
    again = (tmp_path / "again.wav").read_bytes()
    assert again == (tmp_path / "after.wav").read_bytes() != (tmp_path / "before.wav").read_bytes()
    assert figures["bits"][0]["name"] in capsys.readouterr().out
