"""Biases in the fewest bytes: the width of an operator, what it changes in memory, and what it does not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds
from trial_cases import FRAMES, check_against_the_truth, small_program
from voices import voice

from workbench.cli import main
from workbench.experiments.voices.voice import open_voice
from workbench.integer.biases import narrow_bias, with_wide_biases
from workbench.integer.operators import Conv
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.memory.faults.events import FLIP, Events, sorted_events
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory


@given(
    st.lists(st.integers(-(2**31), 2**31 - 1) | st.integers(-(2**15) - 2, 2**15 + 1), min_size=1)
)
def test_two_bytes_where_all_biases_fit(values: list[int]) -> None:
    bias = narrow_bias(np.array(values, np.int64))
    assert bias.tolist() == values
    assert bias.itemsize == (2 if min(values) >= -(2**15) and max(values) < 2**15 else 4)


def _biases(program: Program) -> dict[str, int]:
    return {o.name: o.bias.itemsize for o in program.operators if isinstance(o, Conv)}


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_wide_biases_change_the_memory_alone(seed: int) -> None:
    program = random_program(seed)
    wide, inputs = with_wide_biases(program), random_inputs(program, seed, 3)
    assert set(_biases(wide).values()) <= {4}
    assert (wide.content_hash == program.content_hash) == (2 not in _biases(program).values())
    for name, codes in run(program, inputs).items():
        np.testing.assert_array_equal(run(wide, inputs)[name], codes)
    narrow_image, wide_image = Image.of(program), Image.of(wide)
    for operator, size in _biases(program).items():
        narrow, stored = (i.layout.place(operator, "bias") for i in (narrow_image, wide_image))
        assert (narrow.bits, stored.bits) == (8 * size, 32)
        assert narrow.size_bytes * 4 == stored.size_bytes * size
    restored = narrow_image.to_program()
    assert restored.content_hash == program.content_hash


@settings(max_examples=15, deadline=None)
@given(seed=seeds, data=st.data())
def test_a_faulty_narrow_bias_is_sign_extended_in_all_engines(
    seed: int, data: st.DataObject
) -> None:
    """Any flips of one bias: the reference on the flipped bytes, and on a program with that value, and both engines."""
    while 2 not in _biases(small_program(seed)).values():
        seed += 1
    program = small_program(seed)
    image = Image.of(program)
    name = data.draw(st.sampled_from([n for n, size in _biases(program).items() if size == 2]))
    place = image.layout.place(name, "bias")
    element = data.draw(st.integers(0, place.shape[0] - 1))
    bits = data.draw(st.sets(st.integers(0, 15), min_size=1))
    positions = [image.layout.position(name, "bias", (element,), bit) for bit in bits]
    conv = next(o for o in program.operators if o.name == name)
    bias = conv.bias.copy()
    bias.view(np.uint16)[element] ^= sum(1 << bit for bit in bits)
    damaged = image.flip(positions).to_program()
    expected = program.with_parameters({(name, "bias"): bias})
    assert damaged.content_hash == expected.content_hash
    inputs = random_inputs(program, seed, FRAMES)
    zeros = np.zeros(len(bits), np.int64)
    events: Events = sorted_events(zeros, zeros, np.array(positions), np.full(len(bits), FLIP))
    for engine in ("native", "torch"):
        lab = Laboratory(image, inputs, engine=engine)
        check_against_the_truth(lab, events, 1)
        sound = lab.sounds(events, 1)[0]
        np.testing.assert_array_equal(sound, run(expected, inputs)[program.output][0])


def test_hidden_biases_of_the_shipped_voice_are_narrow() -> None:
    sizes = _biases(voice().program)
    assert {name for name, size in sizes.items() if size == 4} == {
        "last.0.conv", "last.0.mix", "last.1.conv", "last.1.mix",
    }  # fmt: skip


def test_commands_take_wide_biases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The identifier of a trial names the image, so that one layout is not taken for the other."""
    wide = open_voice(wide_biases=True)
    trial = str(wide.trial("7", "flips=1,section=bias,bit=31,operator=up0"))
    out = ("--out", str(tmp_path / "a.wav"))
    assert main(["replay", trial, *out]) == 2
    assert "belongs to image" in capsys.readouterr().err
    assert main(["replay", trial, "--wide-biases", *out]) == 0
    assert "bit 31" in capsys.readouterr().out
