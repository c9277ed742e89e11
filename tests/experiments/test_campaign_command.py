"""`workbench campaign`: figures that the table confirms, sweeps, parts, refusals in one sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from devices import DEVICES
from waiting import LIMIT_S, wait_until

from workbench.audio.recogniser import DIGIT_WORDS
from workbench.audio.scales import BY_SNR
from workbench.cli import main
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.store import open_results, read_results
from workbench.experiments.estimates.statistics import clustered, mean_interval
from workbench.experiments.voices.listening import Listener
from workbench.experiments.voices.voice import open_voice
from workbench.face.campaigns import folders_of
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.truth import play

# A bias of 4 bytes: 32 bits for each of two words.
SMALL = ("--wide-biases", "--exhaustive", "--section", "bias", "--operator", "up2", "--words", "3,seven")  # fmt: skip


def campaign(*words: object) -> int:
    return main(["campaign", "challenge", "--jobs", "1", *map(str, words)])


def test_figures_are_those_of_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, figures = tmp_path / "out", tmp_path / "figures.json"
    assert campaign(*SMALL, "--log-mel", 20, "--out", out, "--json", figures) == 0
    said = capsys.readouterr().out
    (summary,) = json.loads(figures.read_text())["campaigns"]
    table = read_results(out)
    assert summary["trials"] == table.num_rows == 2 * 32 and summary["missing"] == 0
    counted = Counter(table["quality"].to_pylist())
    for name, each in summary["quality"].items():
        assert (each["count"], each["share"]) == (counted[name], counted[name] / 64)
        assert (each["low"], each["high"]) == (None, None)  # nothing was left to chance
        assert f"{BY_SNR.class_in_words(name):<27} {counted[name]:>11,}" in said
    assert set(summary["utterances"]) == {"3", "7"}
    assert summary["log_mel"]["measured"] == 64 - table["log_mel_db"].null_count > 0
    assert "at random give shares to +-1% (Leveugle)" in said and "64 trials in" in said
    assert "all 32 that there are, for each word: the shares are exact" in said
    assert campaign(*SMALL, "--log-mel", 20, "--out", out) == 0
    assert "64 trials are in" in capsys.readouterr().out


def test_intervals_take_the_words_of_a_trial_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    faults = ("--fault", "ber=1e-4", "--words", "3,7", "--trials", 40)
    assert campaign(*faults, "--out", tmp_path / "out", "--json", figures) == 0
    (summary,) = json.loads(figures.read_text())["campaigns"]
    table = read_results(tmp_path / "out")
    trial, quality = table["trial"].to_numpy(), np.array(table["quality"].to_pylist())
    for name, each in summary["quality"].items():
        hits = np.bincount(trial, weights=quality == name)
        interval = clustered(hits, np.full(40, 2))
        np.testing.assert_allclose((each["low"], each["high"]), interval)
    assert "drawn at random, 40 for each of 2 words" in capsys.readouterr().out


def test_the_first_bits_are_no_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert campaign("--fault", "each=flip", "--trials", 20, "--words", 3, "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert "the first 20 of 721,384 by address, no random sample: no intervals" in said
    assert " to " not in said.split("no intervals")[1].split("lowest")[0]


@pytest.mark.parametrize(
    ("reason", "message"),
    [(None, "engine: native, kernels "), ("no compiler", "engine: torch, far slower than native: no compiler\n")],
)  # fmt: skip
def test_the_engine_is_told(
    reason: str | None,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.commands.campaign.no_native_engine", lambda program: reason)
    assert campaign(*SMALL, "--out", tmp_path) == 0
    assert capsys.readouterr().out.count(message) == 1


@pytest.mark.parametrize("device", DEVICES)
def test_trials_on_a_device_are_those_of_the_native_engine(
    device: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = ("--fault", "flips=2,section=weights", "--trials", 50, "--words", 3)
    assert campaign(*faults, "--out", tmp_path / "native") == 0
    capsys.readouterr()
    assert campaign(*faults, "--device", device, "--out", tmp_path / device) == 0
    assert f"engine: torch on {device}\n" in capsys.readouterr().out
    made, native = (read_results(tmp_path / each) for each in (device, "native"))
    assert made["reached"].null_count == 50  # torch does not know it
    assert made.drop(["reached"]).equals(native.drop(["reached"]))


def test_the_worst_trial_can_be_replayed(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    assert campaign(*SMALL, "--out", tmp_path / "out", "--json", figures) == 0
    worst = json.loads(figures.read_text())["campaigns"][0]["worst"]
    trial, voice = TrialId.parse(worst["replay"]), open_voice(wide_biases=True)
    inputs, events = voice.inputs(trial.utterance), trial.events(Sites(voice.image()))
    clean = play(voice.image(), inputs, events.of_trials(1, 1)).astype(np.int64)
    error = play(voice.image(), inputs, events) - clean
    assert worst["snr_db"] == pytest.approx(10 * np.log10(np.sum(clean**2) / np.sum(error**2)))


def test_some_trials_are_listened_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A voice that nothing happened to is understood, a drowned one is not."""
    figures = tmp_path / "figures.json"
    harmless = ("--fault", "ber=0", "--fault", "bits=701214", "--words", "3", "--trials", 1)
    assert campaign(*harmless, "--listen", 1, "--out", tmp_path / "out", "--json", figures) == 0
    calm, drowned = (each["heard"] for each in json.loads(figures.read_text())["campaigns"])
    assert calm["masked"]["recognised"] == 1 and drowned["broken"]["recognised"] < 0.5
    assert "heard 1 broken: recognised 0." in capsys.readouterr().out
    (row,) = read_results(tmp_path / "out" / "bits=701214").to_pylist()
    voice = open_voice()
    damaged = voice.speak("3", voice.image().flip([701214]))
    others = [word for digit, word in DIGIT_WORDS.items() if digit != "3"]
    listener = Listener(["3"], choices=["three", *others])
    recognised, pesq = listener.hear([damaged], voice.speak("3"), "3")
    assert row["recognised"] == pytest.approx(recognised[0])
    assert row["pesq_nb"] == (None if np.isnan(pesq[0]) else pytest.approx(pesq[0]))


def test_numbers_in_a_text_are_heard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The recogniser chooses between the text as it is said and the usual ones."""
    figures, said = tmp_path / "figures.json", "Take 2 pills."
    faults = ("--fault", "flips=5,section=weights", "--fault", "flips=20000")
    asked = ["campaign", "speech", "--say", said, *faults, "--jobs", "1"]
    few = ["--trials", "2", "--listen", "2", "--out", str(tmp_path / "out")]
    assert main([*asked, *few, "--json", str(figures)]) == 0
    calm, drowned = (each["heard"] for each in json.loads(figures.read_text())["campaigns"])
    assert calm["transparent"]["recognised"] == 1 and drowned["broken"]["recognised"] < 0.5
    kept = Campaign.load(tmp_path / "out" / "flips=20000").choices
    assert kept[0] == "take two pills" and kept[1:] == open_voice(generator="speech").usual
    asked[3] = "Xkcd."
    assert main([*asked, *few]) == 2
    assert "the recogniser's dictionary lacks 'Xkcd.'" in capsys.readouterr().err


class _Alike:
    """A listener who makes the same of all words of a trial, in the order of the trials."""

    def __init__(
        self, words: tuple[str, ...], *, choices: Sequence[str], pesq: bool = True
    ) -> None:
        assert pesq
        self.left_out: dict[str, str] = {}

    def hear(self, sounds: list[np.ndarray], *_: object) -> tuple[np.ndarray, np.ndarray]:
        trial = np.arange(len(sounds))
        return trial % 2 / 1, 2 + trial % 3 / 2


@pytest.mark.parametrize("count", [24, 7])
def test_what_is_heard_has_intervals_that_take_the_words_of_a_trial_together(
    count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("campaign_run", "worker"):
        monkeypatch.setattr(f"workbench.experiments.campaigns.{module}.Listener", _Alike)
    figures = tmp_path / "figures.json"
    faults = ("--fault", "ber=0", "--words", "3,7,1", "--trials", 24, "--listen", count)
    assert campaign(*faults, "--out", tmp_path / "out", "--json", figures) == 0
    heard = json.loads(figures.read_text())["campaigns"][0]["heard"]["masked"]
    table = read_results(tmp_path / "out").to_pandas().dropna(subset="pesq_nb")
    one = table[table["utterance"] == "3"]
    assert heard["trials"] == len(table) == 3 * len(one) > 3 and (count == 7 or len(one) == 24)
    # Three words that are all alike say no more than one of them.
    low, high = map(float, clustered(np.rint(5 * one["recognised"]), np.full(len(one), 5)))
    assert [heard["recognised_low"], heard["recognised_high"]] == pytest.approx([low, high])
    low, high = mean_interval(one["pesq_nb"].to_numpy())
    assert [heard["pesq_nb_low"], heard["pesq_nb_high"]] == pytest.approx([low, high])
    said = f"PESQ-NB {heard['pesq_nb']:.2f} ({low:.2f} to {high:.2f})"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(("count", "exact"), [(16, False), (32, True)])
def test_a_listener_who_hears_every_fault_leaves_nothing_to_chance(
    count: int, exact: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("campaign_run", "worker"):
        monkeypatch.setattr(f"workbench.experiments.campaigns.{module}.Listener", _Alike)
    figures = tmp_path / "figures.json"
    out = ("--out", tmp_path / "out", "--json", figures)
    assert campaign(*SMALL, "--listen", count, *out) == 0
    heard = json.loads(figures.read_text())["campaigns"][0]["heard"].values()
    assert {each["recognised_low"] is None for each in heard if each["trials"] > 3} == {exact}


def test_a_sweep_with_and_without_protection(tmp_path: Path) -> None:
    faults = ("--fault", "ber=1e-4", "--fault", "flips=2,seed=5", "--words", "3", "--trials", 30)
    assert campaign(*faults, "--out", tmp_path / "bare") == 0
    assert sorted(p.name for p in (tmp_path / "bare").iterdir()) == ["ber=0.0001", "flips=2"]
    image = open_voice().image()
    ProtectionMask.of(image, range(image.layout.working_bytes)).save(tmp_path / "all.mask")
    shield = ("--protect", tmp_path / "all.mask")
    assert campaign(*faults, *shield, "--out", tmp_path / "shielded") == 0
    for name in ("ber=0.0001", "flips=2"):
        assert set(read_results(tmp_path / "bare" / name)["events"].to_pylist()) - {0}
        assert set(read_results(tmp_path / "shielded" / name)["events"].to_pylist()) == {0}
    assert campaign(*faults, *shield, "--out", tmp_path / "bare") == 2


def test_a_seed_overrides_that_of_the_plan(tmp_path: Path) -> None:
    fault = ("--fault", "flips=2,seed=5", "--words", "3", "--trials", 3)
    for seed, words in ((5, ()), (0, ("--seed", 0)), (7, ("--seed", 7))):
        assert campaign(*fault, *words, "--out", tmp_path / str(seed)) == 0
        assert open_results(tmp_path / str(seed)).campaign.plan == f"flips=2,seed={seed}"


def test_parts_are_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for n in (1, 2):
        assert campaign(*SMALL, "--part", f"{n}/2", "--out", tmp_path / f"part{n}") == 0
        assert "missing: 32 trials" in capsys.readouterr().out
    assert campaign(*SMALL, "--out", tmp_path / "whole") == 0
    shard = sorted((tmp_path / "part2" / "shards").iterdir())[0]
    parts = ("--merge", tmp_path / "part1", tmp_path / "part2", "--out", tmp_path / "merged")
    whole = shard.read_bytes()
    shard.write_bytes(whole[:100])
    assert campaign(*parts) == 0
    said = capsys.readouterr()
    assert f"{shard.name} was cut short or altered; it is left out" in said.err
    assert "missing: 2 trials" in said.out
    shard.write_bytes(whole)
    assert campaign(*parts) == 0
    assert read_results(tmp_path / "merged").equals(read_results(tmp_path / "whole"))


def test_a_damaged_shard_is_named_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert campaign(*SMALL, "--out", tmp_path) == 0
    before = read_results(tmp_path)
    shard = sorted((tmp_path / "shards").iterdir())[5]
    shard.write_bytes(shard.read_bytes()[:-1])
    capsys.readouterr()
    assert campaign(*SMALL, "--out", tmp_path) == 0
    said = capsys.readouterr()
    assert said.err.startswith(f"workbench campaign: the shard {shard.name} was cut short")
    assert "2 trials in " in said.out
    assert read_results(tmp_path).equals(before)


def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    """As a terminal does it, to the workers as well."""
    command = [sys.executable, "-m", "workbench", "campaign", "--fault", "ber=1e-4", "--jobs", "2"]
    running = subprocess.Popen(
        [*command, "--trials", "10000000", "--words", "3", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where the tests run in a shell's background, children would ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_until(lambda: list(tmp_path.glob("shards/0*")), running)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=LIMIT_S)
    assert running.returncode == 130
    first_line, interrupted = said.splitlines()
    assert (
        "trials are kept in" in first_line and "the same command goes on from there" in first_line
    )
    assert interrupted == "workbench: interrupted"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "--exhaustive"),
        (
            ("--fault", "beer=1e-5"),
            "no fault model 'beer'; did you mean ber?",
        ),
        (("--fault", "catastrophe"), "choose one of each, flips"),
        (("--fault", "flips=x"), "flips=x; write a whole number"),
        (("--fault", "flips=0"), "nothing happens"),
        (("--fault", "ber=2"), "bit-error rate"),
        (("--fault", "flips=1", "--fault", "flips=1"), "the same one twice"),
        (("--fault", "flips=1", "--trials", 0), "at least one trial"),
        (("--fault", "flips=1", "--part", "4/3"), "no part 4/3"),
        (("--fault", "flips=1", "--part", "three"), "no part three"),
        (("--fault", "flips=1", "--words", "eleven"), "eleven"),
        (("--fault", "flips=1", "--jobs", 0), "--jobs is 0"),
        (("--fault", "flips=1", "--log-mel", -1), "log-mel"),
        (("--exhaustive", "--operator", "larynx"), "larynx"),
        (("--exhaustive", "--protect", "no.mask"), "no.mask"),
        (("--fault", "flips=1", "--dask", "nonsense://x"), "no Dask scheduler answers"),
        (("--fault", "flips=1", "--device", "tpu"), "cannot compute on 'tpu'"),
        (("--fault", "flips=1", "--device", "meta"), "cannot compute on 'meta'"),
        (("--fault", "flips=1", "--device", "cpu:7"), "the processor is one device"),
        (("--merge", "nowhere"), "holds no results"),
    ],
)
def test_nonsense_is_one_sentence(
    words: tuple[object, ...], named: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert campaign(*words, "--out", tmp_path / "out") == 2
    said = capfd.readouterr().err
    assert said.startswith("workbench campaign: ") and said.count("\n") == 1
    assert named in said
    if {"--device", "--jobs"} & set(words):
        assert not list(tmp_path.iterdir()), "nothing was begun"


def test_a_folder_of_another_plan_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert campaign(*SMALL, "--out", tmp_path) == 0
    before = read_results(tmp_path)
    assert campaign("--fault", "flips=1", "--trials", 5, "--out", tmp_path) == 2
    assert "choose another folder with --out" in capsys.readouterr().err
    assert read_results(tmp_path).equals(before)


def test_every_plan_of_a_sweep_has_a_folder_of_its_own_that_can_be_made(tmp_path: Path) -> None:
    many = [f"bits={'+'.join(map(str, range(count)))}" for count in (299, 300)]
    texts = ["flips=3", "flips=3,section=bias", "poisson=1Hz,frames=9,of=burst=8", *many]
    folders = folders_of(tmp_path, list(map(Plan.parse, texts)))
    for folder in folders:
        folder.mkdir()
    assert len(list(tmp_path.iterdir())) == len(texts)
    assert [each.name for each in folders_of(tmp_path, list(map(Plan.parse, ["flips=3", "flips=4"])))] == [
        "flips=3", "flips=4",
    ]  # fmt: skip
