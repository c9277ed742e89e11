"""`workbench bench campaign`: what it writes, and that its plain loop and its checks are right."""

from __future__ import annotations

import copy
import json
import struct
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest
import torch
from devices import DEVICES
from terminals import Terminal

from workbench.cli import main
from workbench.experiments.bench.decoder import Decoder, decoder
from workbench.experiments.bench.peers import INSTALL, Flip, OneByOne, PlainLoop
from workbench.experiments.bench.peers_packages import PEERS
from workbench.experiments.bench.plans import PLANS
from workbench.experiments.bench.trial_rate import bench_campaign, steps_of
from workbench.integer.native.build import kernels_of, native_library
from workbench.integer.native.instructions import kernels_asked_for, processor_name
from workbench.memory.trials.laboratory import Laboratory


@pytest.fixture(scope="module")
def subject() -> Decoder:
    return decoder()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = {"native": 50, "torch": 2}
    monkeypatch.setattr("workbench.experiments.bench.trial_rate._ENGINE_TRIALS", batches)
    monkeypatch.setattr("workbench.experiments.bench.trial_rate._PEER_TRIALS", 2)
    monkeypatch.setattr("workbench.experiments.bench.plans._MOST_TRIALS", 2)
    monkeypatch.setattr("workbench.experiments.bench.plans._PEER_TRIALS", 2)


class _Absent(OneByOne):
    NAME = "absent"
    MODULE = "no_such_module_anywhere"


class _Wrong(PlainLoop):
    """Flips another bit than it says."""

    NAME = "wrong"

    def trial(self, flip: Flip) -> torch.Tensor:
        return super().trial(flip._replace(bit=flip.bit ^ 1))


class _Broken(PlainLoop):
    NAME = "broken"

    def trial(self, flip: Flip) -> torch.Tensor:
        raise KeyError("bit")


def test_the_plain_loop_flips_the_bit_that_it_is_told(subject: Decoder) -> None:
    loop = PlainLoop(copy.deepcopy(subject.module), subject.x, seed=0)
    for flip in (Flip(0, 5, 31), Flip(3, 1000, 23), Flip(8, 223, 0), Flip(1, 65535, 12)):
        by_hand = copy.deepcopy(subject.module)
        weight = by_hand.convolutions()[flip.layer].weight.view(-1)
        (word,) = struct.unpack("<I", struct.pack("<f", float(weight[flip.element])))
        (weight[flip.element],) = struct.unpack("<f", struct.pack("<I", word ^ 1 << flip.bit))
        with torch.inference_mode():
            assert torch.equal(loop.trial(flip), by_hand(subject.x))
            assert torch.equal(loop.module(subject.x), subject.module(subject.x)), "it restores"


def test_the_plain_loop_flips_many_bits_and_restores_them(subject: Decoder) -> None:
    loop = PlainLoop(copy.deepcopy(subject.module), subject.x, seed=0)
    before = [word.copy() for word in loop.words]
    assert loop.run_many(3, 5) == 3
    assert all(np.array_equal(*pair) for pair in zip(before, loop.words, strict=True))


def test_flips_are_drawn_from_all_bits_of_all_weights(subject: Decoder) -> None:
    loop = PlainLoop(copy.deepcopy(subject.module), subject.x, seed=0)
    flips = np.array(loop._draw(100_000))
    sizes = np.array(loop.sizes)
    share = np.bincount(flips[:, 0], minlength=len(sizes)) / len(flips)
    assert np.allclose(share, sizes / sizes.sum(), atol=0.006)
    assert np.allclose(np.bincount(flips[:, 2]) / len(flips), 1 / 32, atol=0.004)
    assert (flips[:, 1] >= 0).all() and (flips[:, 1] < sizes[flips[:, 0]]).all()


def _no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in PEERS:
        monkeypatch.setattr(kind, "MODULE", "no_such_module_anywhere")


@pytest.mark.parametrize(
    "chosen", [(), ("--engine", "torch"), *(("--device", device) for device in DEVICES)]
)
def test_the_figures_as_json(
    chosen: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _no_packages(monkeypatch)
    file = tmp_path / "figures.json"
    words = ["bench", "campaign", "--seconds", "0.01", "--check", "6", "--json", str(file)]
    with redirect_stderr(Terminal()) as terminal:
        assert main([*words, *chosen]) == 0
    for step in ("preparing the decoder", "round 5 of 5: workbench", "reference: 0 of 6 trials"):
        assert step in terminal.getvalue()
    assert f" {steps_of(6) - 1}/{steps_of(6)} [" in terminal.getvalue()  # the last one had begun
    figures = json.loads(file.read_text())
    assert figures["engine"]["trials_per_s"] > 0
    if figures["engine"]["name"] == "native":
        # How large the share is depends on what else the machine does, peak or not.
        made, peak = (figures["engine"][name] for name in ("gmacs_per_s", "peak_gmacs_per_s"))
        assert figures["engine"]["peak_share"] == made / peak > 0
        dense = figures["engine"]["dense_gmacs_per_s"]
        assert figures["engine"]["dense_share"] == dense / peak > 0
        assert figures["engine"]["kernels"] == kernels_of(native_library(kernels_asked_for()))
    else:
        counted = ("gmacs_per_s", "macs_per_trial", "peak_gmacs_per_s", "peak_share", "dense_share")
        assert {figures["engine"][name] for name in counted} == {None}
        assert figures["engine"]["kernels"] == chosen[1]
    assert figures["checked_trials"] == 6 and figures["mismatches"] == 0
    assert figures["peak_memory_bytes"] > 0
    assert figures["engine"]["processor"] == processor_name() != ""
    assert [plan["plan"] for plan in figures["plans"]] == list(PLANS)
    for plan in figures["plans"]:
        assert plan["trials_per_s"] > 0
        assert (plan["translate_us"] is None) == bool(chosen)
        assert (plan["plain_per_s"] is None) == ("section=weights" not in plan["plan"])
    plain = figures["peers"].pop("plain-fp32-loop")
    assert plain["ratio"] == pytest.approx(
        figures["engine"]["trials_per_s"] / plain["trials_per_s"]
    )
    assert list(figures["peers"]) == ["pytorchfi", "mrfi", "seu-injection-framework"]
    printed = capsys.readouterr().out
    for name, peer in figures["peers"].items():
        assert peer["trials_per_s"] is None and peer["ratio"] is None
        assert name in peer["reason"] and f"`{INSTALL}`" in peer["reason"]
        assert peer["reason"] in printed, "never left out silently"


def test_an_injector_that_cannot_be_trusted_is_reported() -> None:
    figures = bench_campaign(seconds=0.01, check=0, peers=(_Absent, _Wrong, _Broken))
    reasons = {name: rate.reason for name, rate in figures.peers.items()}
    assert reasons.pop("plain-fp32-loop") is None
    assert f"`{INSTALL}`" in str(reasons["absent"])
    assert "self-check" in str(reasons["wrong"])
    assert "KeyError" in str(reasons["broken"])
    assert all(figures.ratio(name) is None for name in reasons)


@pytest.mark.parametrize("field", ["first", "differing", "max_error", "error_energy", "reached"])
def test_a_mismatch_is_noticed_and_ends_with_status_1(
    field: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _no_packages(monkeypatch)
    right = Laboratory.outcomes

    def wrong(self: Laboratory, events: object, trials: int) -> np.ndarray:
        outcomes = right(self, events, trials)  # type: ignore[arg-type]
        outcomes[field][0] += 1
        return outcomes

    monkeypatch.setattr(Laboratory, "outcomes", wrong)
    with pytest.raises(SystemExit) as ended:
        main(["bench", "campaign", "--seconds", "0.01", "--check", "3"])
    assert ended.value.code == 1
    assert "3 trials, 1 mismatches" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--seconds", "0"], ["--check", "-1"], ["--seconds", "nan"]])
def test_settings_that_make_no_sense(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "campaign", *words]) == 2
    assert "more than 0 seconds" in capsys.readouterr().err
