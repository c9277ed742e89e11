"""Calls with another kind of thing than they take: one sentence that names it and says what to give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from random_modules import NETS_RATE_HZ, small_net
from voices import voice as shipped_voice

from workbench.errors import WorkbenchError, described, nearest
from workbench.experiments.fleets.device_sound import hear_device
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.voices.faulty_speech import hear
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.generators.layers import CausalConv1d, Precision
from workbench.healing.strategies.named import named
from workbench.integer.engine import Engine
from workbench.integer.lowering.lower import Samples, lower
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.memory.faults.arrivals import read_rate
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.truth import play


@pytest.fixture(scope="module")
def voice() -> Voice:
    return shipped_voice()


CALLS: dict[str, tuple[Callable[[Voice], Any], str]] = {
    "flip a float": (lambda v: v.image().flip([1.5]), r"a bit position is 1\.5 \(float\); give a whole number"),
    "flip a text": (lambda v: v.image().flip(["a"]), r"a bit position is 'a' \(str\)"),
    "flip letters": (lambda v: v.image().flip("12"), r"bit positions are '12' \(str\); give a list"),
    "flip a number": (lambda v: v.image().flip(3), r"bit positions are 3 \(int\); give a list"),
    "flip nothing": (lambda v: v.image().flip(None), r"bit positions are None \(NoneType\)"),
    "flip a mask": (lambda v: v.image().flip(np.ones(4, bool)), r"a bit position is .*True"),
    "flip True": (lambda v: v.image().flip([True]), r"a bit position is True \(bool\)"),
    "flip floats": (lambda v: v.image().flip(np.ones(4)), r"a bit position is .*1\.0"),
    "flip far": (lambda v: v.image().flip([2**70]), f"bit position {2**70} lies outside"),
    "flip -1": (lambda v: v.image().flip([-1]), "bit position -1 lies outside"),
    "flip a nest": (lambda v: v.image().flip([[1], [2, 3]]), r"a bit position is \[1\] \(list\)"),
    "site of a float": (lambda v: v.image().site(1.5), r"a bit position is 1\.5"),
    "site far": (lambda v: v.image().site(10**9), "bit position 1000000000 lies outside"),
    "image of a voice": (lambda v: Image.of(v), "what an image is to be made of is of the type Voice; give a Program"),
    "laboratory of a voice": (
        lambda v: Laboratory(v, v.inputs("7")), "what a laboratory is to damage is of the type Voice; give an Image"),
    "laboratory with a word": (
        lambda v: Laboratory(v.image(), "7"), r"what program challenge is to run on is '7' \(str\)"),
    "laboratory with an engine": (
        lambda v: Laboratory(v.image(), v.inputs("7"), engine="natve"), "no engine 'natve'; did you mean native"),
    "laboratory with a plan's text": (
        lambda v: Laboratory(v.image(), v.inputs("7")).outcomes("flips=3", 1), r"what is to happen is 'flips=3'"),
    "laboratory on a device": (
        lambda v: Laboratory(v.image(), v.inputs("7"), device="gpu").sounds(
            Plan.parse("flips=1").events(Sites(v.image()), np.array([0])), 1
        ), "cannot compute on 'gpu' .*; use cpu or cuda"),
    "engine on a number": (lambda v: Engine(v.program, 1.5), r"cannot compute on 1\.5"),
    "sounds of a plan's text": (
        lambda v: Laboratory(v.image(), v.inputs("7")).sounds("flips=3", 1), r"what is to happen is 'flips=3'"),
    "play a program": (lambda v: play(v.program, v.inputs("7"), "x"), "the memory to play from is of the type Program"),
    "play a text": (lambda v: play(v.image(), v.inputs("7"), "flips=3"), "what is to happen is 'flips=3'"),
    "hear a number of flips": (lambda v: hear(v, "7", 3), r"what is to happen is 3 \(int\)"),
    "hear an image": (lambda v: hear(v.image(), "7", Plan.parse("flips=3")), "what is to be heard is of the type Image"),
    "hear a number": (lambda v: hear(v, 7, Plan.parse("flips=3")), r"a word is 7 \(int\); give text, as '0'"),
    "open a number": (lambda v: open_voice(3), r"the folder of a checkpoint is 3 \(int\); give its path"),
    "open with data": (lambda v: open_voice(None, 3), r"the folder of recordings is 3 \(int\)"),
    "speak from a voice": (lambda v: v.speak("7", v), "the memory to speak from is of the type Voice"),
    "speak another word": (lambda v: v.speak("seve"), "cannot say 'seve'; did you mean seven"),
    "speak a misspelt word": (lambda v: v.speak("siven"), r"cannot say 'siven'; did you mean seven\?$"),
    "speak no word": (lambda v: v.speak("fgh"), "choose one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9$"),
    "rate": (lambda v: read_rate("low-earth"), r"'low-earth' is no rate of upsets; did you mean low-earth-orbit\?"),
    "rate in capitals": (lambda v: read_rate("Aircraft"), r"did you mean aircraft\?"),
    "rate with another unit": (lambda v: read_rate("1200FIT"), "give a number of"),
    "plan of a text": (lambda v: Plan("flips=3"), r"the fault model of a plan is 'flips=3' \(str\)"),
    "plan of a number": (lambda v: Plan.parse(3), r"a plan is 3 \(int\); give text like"),
    "plan with a misspelt model": (lambda v: Plan.parse("flps=3"), r"'flps'; did you mean flips\?"),
    "plan in a misspelt section": (
        lambda v: Plan.parse("flips=3,section=wieghts").candidates(Sites(v.image())), "did you mean weights?"),
    "plan on an image": (
        lambda v: Plan.parse("flips=3").events(v.image(), np.array([0])), r"where a plan is to strike .* Sites\(image\)"),
    "sites of a voice": (lambda v: Sites(v), "what has sites is of the type Voice"),
    "trial of a number": (lambda v: TrialId.parse(3), "the identifier of a trial is 3"),
    "run a voice": (lambda v: run(v, v.inputs("7")), "what is to be run is of the type Voice"),
    "run a list": (lambda v: run(v.program, [1]), r"what program challenge is to run on is \[1\] \(list\)"),
    "signal": (lambda v: v.program.signal("wrod"), r"no signal 'wrod'; did you mean word\?"),
    "workload with a text": (
        lambda v: hear_device(v, "7", "flips=3", None, device=0, word=0), "what speaks is of the type Voice"),
    "workload with a strategy's name": (
        lambda v: hear_device(v.program, {}, "crc-scrub", None, device=0, word=0), "the healer is 'crc-scrub'"),
    "workload with a device's name": (
        lambda v: hear_device(
            v.program, {"7": v.inputs("7")}, named("none"),
            Workload(devices=1, utterances=1), device="first", word=0,
        ), "no device 'first' in this workload"),
    "lower an image": (lambda v: _lower(v.image()), "what is to be lowered is of the type Image; give a torch module"),
    "lower with a number": (lambda v: _lower(inputs=4), r"the description of inputs is 4 \(int\); give a dictionary"),
    "lower with channels": (lambda v: _lower(inputs={"input": 4}), r"the input 'input' is 4 \(int\); give Samples"),
    "lower with no channels": (lambda v: _lower(inputs={"input": Samples(0)}), r"has channels 0 \(int\)"),
    "lower with a text": (lambda v: _lower(inputs={"input": Samples("2")}), r"has channels '2' \(str\)"),
    "lower at a text": (lambda v: _lower(input_rate_hz="100"), r"input_rate_hz is '100' \(str\); give rows a second"),
    "lower at nan": (lambda v: _lower(input_rate_hz=float("nan")), "input_rate_hz is nan"),
    "lower at a whole number beyond floats": (lambda v: _lower(input_rate_hz=10**400), "input_rate_hz is 1000"),
    "lower with a numbered input": (
        lambda v: _lower(inputs={3: Samples(2)}), r"the name of an input is 3 \(int\); give an argument of forward"),
    "lower as a number": (lambda v: _lower(name=3), "program name '3'"),
    "lower with a check": (lambda v: _lower(check=torch.zeros(3)), "check is of the type Tensor; give True, False"),
    "precision": (lambda v: Precision(16, 8), "cannot have weight_bits=16; choose 4 or 8"),
    "activations": (lambda v: Precision(8, 4), "cannot have activation_bits=4; choose 8 or 16"),
    "a plain input": (
        lambda v: CausalConv1d(2, 2, 1, precision=Precision())(torch.zeros(1, 2, 3)), "needs a quantised input; put"),
    "codes of nan": (
        lambda v: _lower().codes({"input": torch.full((1, 2, 3), torch.nan)}), "'input' has values that are nan"),
    "codes of a ragged list": (
        lambda v: _lower().codes({"input": [[1, 2], [3]]}), r"'input' is no array \(.*\); give a dense tensor"),
    "codes of a sparse tensor": (
        lambda v: _lower().codes({"input": torch.zeros(1, 2, 3).to_sparse()}), "'input' is no array"),
    "codes of a tensor without data": (
        lambda v: _lower().codes({"input": torch.zeros(1, 2, 3, device="meta")}), "'input' is no array"),
    "codes of no batch": (
        lambda v: _lower().codes({"input": torch.zeros(0, 2, 3)}), r"float32 \[0, 2, 3\], so it is empty"),
    "codes of no time": (lambda v: _lower().codes({"input": torch.zeros(1, 2, 0)}), "so it is empty"),
    "codes of a plane": (lambda v: _lower().codes({"input": torch.zeros(2, 3)}), r"float32 \[2, 3\]; give numbers"),
}  # fmt: skip


def _lower(module: Any = None, **options: Any) -> Any:
    defaults = {"inputs": {"input": Samples(2)}, "name": "net", "input_rate_hz": NETS_RATE_HZ}
    return lower(small_net() if module is None else module, **{**defaults, **options})


@pytest.mark.parametrize("case", CALLS)
def test_a_wrong_call_gets_one_sentence(case: str, voice: Voice) -> None:
    call, words = CALLS[case]
    with pytest.raises(WorkbenchError, match=words) as refusal:
        call(voice)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300


def test_flips_take_what_holds_whole_numbers(voice: Voice) -> None:
    expected = voice.image().flip([3, 8]).data
    for positions in ((3, 8), {3, 8}, range(3, 9, 5), (n for n in (3, 8)), np.array([3, 8], np.uint8),
                      [np.int32(3), 8]):  # fmt: skip
        np.testing.assert_array_equal(voice.image().flip(positions).data, expected)
    for nothing in ([], (), np.zeros(0)):
        np.testing.assert_array_equal(voice.image().flip(nothing).data, voice.image().data)


def test_what_is_printed_is_a_few_lines(voice: Voice) -> None:
    lowered = _lower()
    for value in (voice, voice.program, voice.image(), lowered, *voice.program.operators):
        text = repr(value)
        assert len(text.splitlines()) <= 4
        assert all(len(line) < 160 for line in text.splitlines())
    assert repr(lowered.program) in repr(lowered)
    program = lowered.program
    assert repr(program) == (
        f"Program 'net' ({program.content_hash[:12]}): 1 conv, 16 parameters\n"
        "  input (int8 [1, 2] a frame, steps of 2**-5) -> 1 (int8 [1, 2] a frame, steps of 2**-6)\n"
        "  100 frames a second, 12 multiply-accumulates each"
    )
    assert repr(program.operators[0]).startswith(
        "Conv '1': input -> 1, weight int8 [1, 2, 3, 2], bias"
    )
    assert isinstance(program, Program)


def test_unknown_names_get_the_nearest_or_all() -> None:
    assert nearest("crc-scrup", ["pq-scrub", "crc-scrub"]) == "did you mean crc-scrub?"
    assert nearest("xyz", ["a", "b"]) == "choose one of a, b"
    assert nearest("SCRUB", ["pq-scrub", "Scrub", "scrubber"]) == "did you mean Scrub?"
    assert nearest("low", ["lowest", "low-earth-orbit"]) == "did you mean low-earth-orbit?"
    assert nearest("two wrods", ["two words"]) == "did you mean 'two words'?"
    assert nearest("siven", ["7"], also=["seven"]) == "did you mean seven?"
    assert nearest("", ["a", "b"]) == "choose one of a, b"
    assert nearest("?", map(str, range(100))).endswith("18, 19 and 80 more")
    assert len(described("x" * 10_000)) < 60
    assert described(None) == "None (NoneType)"
