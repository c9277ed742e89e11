"""Fleets and campaigns have the same faults: every model is run as a plan has it, or refused by name."""

import hashlib
import json
import pickle
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fault_plans import FRAMES, MAKERS, random_plan
from hypothesis import assume, given, settings
from programs import random_inputs, random_program, seeds

from workbench.cli import main
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.campaign_run import campaign_of
from workbench.experiments.campaigns.worker import Work, run_shard
from workbench.experiments.fleets.comparison import ENVIRONMENTS, Case, records_of, workload_of
from workbench.experiments.fleets.fleet_run import simulate_fleet
from workbench.experiments.fleets.workload import KINDS, Workload
from workbench.experiments.parallel.workers import Workers
from workbench.healing.devices.device_events import device_events
from workbench.healing.log import Remedy
from workbench.healing.strategies.named import abft, nothing, scrub
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.integer.biases import with_wide_biases
from workbench.memory.faults import fault_registry as registry
from workbench.memory.faults.events import FLIP
from workbench.memory.faults.fault_registry import fault_model, fault_names, register
from workbench.memory.faults.model import FaultModel
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.poisson import Poisson
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area

PROGRAM = next(
    p for p in map(with_wide_biases, map(random_program, range(99)))
    if Image.of(p).layout.working_bytes > 600 and len(Image.of(p).states()) > 1
)  # fmt: skip
WORDS = {name: random_inputs(PROGRAM, seed, 12) for seed, name in enumerate("abc")}
STRATEGIES = {
    "none": nothing(),
    "crc": scrub("crc32", 2, unit_bytes=64),
    "abft": abft(),
    "moving": Strategy(
        "moving", (Guard(Area("pq", unit_bytes=64, keep="ram"), 2, (Remedy.RELOCATE,)),), spare_pages=4
    ),
}  # fmt: skip
WORST = tuple(int(Image.of(PROGRAM).layout.positions()[n]) for n in (7, 70, 701, 1402, 2103))
# Recorded where faults of fleets had a vocabulary and draws of their own, and every bias 4 bytes.
FIGURES = json.loads((Path(__file__).parent / "fleet_figures.json").read_text())


def _workloads() -> dict[str, Workload]:
    """Of the environments, denser for small programs, and of `workbench lifetime`."""
    dense = (
        replace(e, upsets_per_s=40 * e.upsets_per_s, fault=e.fault.replace("1e-4", "2e-3"))
        for e in ENVIRONMENTS.values()
    )
    made = {e.name: workload_of(e, devices=3, utterances=8, seed=5, worst=WORST) for e in dense}
    for kind, model in KINDS.items():
        fault = f"poisson=1200FIT/Mbit,speed=1e11,of={model}"
        made[f"lifetime {kind}"] = Workload(3, 8, (fault,), seed=2)
    return made


WORKLOADS = _workloads()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", FIGURES)
def test_fleets_are_what_they_were_to_the_last_bit(name: str, strategy: str) -> None:
    expected, workload = FIGURES[name][strategy], WORKLOADS[name]
    sites = Sites(STRATEGIES[strategy].image(PROGRAM))
    schedule = [
        [(event.frame, event.position, event.stuck_at) for event in events]
        for events in workload.events(sites, range(3), frames=96).rows(3)
    ]
    assert hashlib.sha256(repr(schedule).encode()).hexdigest()[:12] == expected["schedule"]
    fleet = simulate_fleet(PROGRAM, WORDS, STRATEGIES[strategy], workload, jobs=1)
    made = {
        "upsets": fleet.upsets.sum(), "hit": fleet.hit, "detected": len(fleet.detected),
        "repaired": len(fleet.repaired), "verdicts": fleet.verdicts,
        "oscillations": fleet.oscillations, "false_positives": fleet.false_positives,
        "wrong_bits": fleet.bits_left.sum(), "wrong_samples": fleet.wrong_samples,
        "quality": fleet.quality.tolist(),
    }  # fmt: skip
    assert made == {key: expected[key] for key in made}
    np.testing.assert_allclose(fleet.harm, expected["harm"], rtol=0, atol=1e-9)
    for frames, what in ((fleet.detected, "detection_frames"), (fleet.repaired, "repair_frames")):
        assert (frames.mean() if len(frames) else None) == expected[what]


@pytest.mark.parametrize("name", fault_names())
@settings(max_examples=12, deadline=None)
@given(seed=seeds)
def test_every_model_is_run_as_a_campaign_has_it_or_refused_by_name(name: str, seed: int) -> None:
    """A device is the trial of its number; where a plan has an end, trials begin again."""
    sites = Sites(Image.of(random_program(seed)))
    assume(sites.layout.size_bytes)
    plan = random_plan(np.random.default_rng(seed), sites, name)
    size = plan.size(sites) or 2**40
    drawn = plan.events(sites, np.arange(3, 6) % size)
    state = range(8 * sites.layout.sections["state"].start, 8 * sites.layout.sections["state"].stop)
    passing = [p for p in plan.reach(sites) if p >= sites.transients.first]
    sums = any(not sites.transients.is_code(position) for position in passing)
    held = np.isin(drawn.position, state) & (drawn.action != FLIP)
    may_hold = plan.model.sticks_histories and np.isin(plan.reach(sites), [*state, *passing]).any()
    try:
        made = device_events(plan, sites, range(3, 6), frames=FRAMES)
    except WorkbenchError as refused:
        assert str(plan) in str(refused) and "workbench campaign" in str(refused)
        assert sums or may_hold
        return
    for column, expected in zip(made, drawn, strict=True):
        np.testing.assert_array_equal(column, expected)
    assert not may_hold and not held.any() and not sums


@pytest.mark.parametrize(
    "of", ["ber=0.001", "mbu=3", "flips=2", "retention=0.01", "burst=3", "weak=0.54"]
)
def test_what_arrives_is_a_trial_of_the_plan_without_arrivals(of: str) -> None:
    """Arrival with the word w is trial w, at its own time; of bursts, one at the bit that is hit."""
    sites = Sites(Image.of(PROGRAM))
    model = Plan.parse(of).model
    arrivals = Plan(Poisson("80Hz", 50, model), seed=4, sections=("weights",))
    single = Plan(Poisson("80Hz", 50), seed=4, sections=("weights",))
    made, hits = (plan.events(sites, np.array([2])) for plan in (arrivals, single))
    assert len(hits.frame) > 10 and np.isin(made.frame, hits.frame).all()
    if of == "burst=3":
        assert np.isin(hits.position, made.position).all()
        return
    inner = Plan(model, seed=4, sections=("weights",))
    candidates = inner.candidates(sites)
    words = np.arange(40, dtype=np.uint64) * np.uint64(2**58)
    expected = inner.events(sites, words)
    label = model.label(str(inner), inner.seed)
    for a, b in zip(model.arrived(sites, candidates, label, words), expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("transient=1", "no accumulators, which the fault transient=1,frames=96,seed=0 may hit; name"),
        ("flips=1,section=accumulators", "no accumulators"),
        ("stuck=40,section=state", "no stuck cells in histories, which the fault stuck=40"),
        ("stuck=1,section=shift+state", "no stuck cells in histories, which the fault stuck=1"),
        ("each=flip,frame=96", "has an event at frame 96 and a device lives 96 frames"),
        ("transient=9,frames=500,section=weights", "a device lives 96 frames"),
        ("flips=1,section=spare", "nothing in the section spare"),
    ],
)  # fmt: skip
def test_what_a_device_cannot_have_is_one_sentence(fault: str, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words) as refused:
        simulate_fleet(PROGRAM, WORDS, nothing(), Workload(3, 8, (fault,)), jobs=1)
    assert "\n" not in str(refused.value)


def test_seed_and_frames_of_the_text_come_first() -> None:
    texts = ("poisson=1Hz", "poisson=1Hz,frames=7,seed=3", "flips=2")
    plans = Workload(2, 2, texts, seed=9).plans(frames=50)
    assert [(plan.seed, getattr(plan.model, "frames", None)) for plan in plans] == [
        (9, 50), (3, 7), (9, None),
    ]  # fmt: skip
    assert Workload(2, 2, Plan(MAKERS["flips"](np.random.default_rng(0)), 5)).plans(9)[0].seed == 5


OWN = '''
from dataclasses import dataclass

import numpy as np

from workbench.memory.faults.events import FLIP, Events
from workbench.memory.faults.model import FaultModel, at_once, need
from workbench.memory.sampling import counter_words


@dataclass(frozen=True)
class Column(FaultModel):
    """The same bit flips in `bytes` bytes, each 16 after the other: a broken column of an array."""

    bytes: int

    NAME = "column"
    ADDRESSES = True

    def _check(self) -> None:
        need(self.bytes > 0, "a column without bytes is none; give 1 or more")

    def _events(self, sites, candidates, label, indexes) -> Events:
        word = counter_words(label, indexes, 1)[:, 0]
        first = candidates[(word % np.uint64(len(candidates))).astype(np.int64)]
        cells = first[:, None] + 8 * 16 * np.arange(self.bytes)
        trial, number = np.nonzero(np.isin(cells, candidates))
        return at_once(trial, cells[trial, number], FLIP)
'''


@pytest.fixture
def own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[FaultModel]:
    """A fault model of an installed package that the workbench has never heard of."""
    package = tmp_path / "site"
    (package / "columns-1.0.dist-info").mkdir(parents=True)
    (package / "broken_columns.py").write_text(OWN)
    (package / "columns-1.0.dist-info" / "METADATA").write_text("Name: columns\nVersion: 1.0\n")
    (package / "columns-1.0.dist-info" / "entry_points.txt").write_text(
        "[workbench.fault_models]\ncolumn = broken_columns:Column\n"
    )
    monkeypatch.setattr(registry, "_known", dict(registry._known))
    monkeypatch.syspath_prepend(str(package))
    return fault_model("column")


def test_a_model_of_another_package_reaches_every_command(
    own_model: type[FaultModel], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "campaign")
    words = ["--words", "3", "--trials", "40", "--jobs", "1", "--out", out]
    assert main(["campaign", "challenge", "--fault", "column=3", *words]) == 0
    output = capsys.readouterr().out
    assert "column=3,seed=0: 40 trials" in output
    replay = re.findall(r"replay: (\S+)", output)
    if replay:
        assert main(["replay", replay[0], "--out", str(tmp_path / "r.wav")]) == 0
    words = ["--devices", "1", "--words", "2", "--jobs", "1"]
    made = tmp_path / "l.json"
    fault = ["--fault", "column=3", "--fault", "poisson=4Hz,of=column=2"]
    assert main(["lifetime", "challenge", *words, *fault, "--json", str(made)]) == 0
    record = json.loads(made.read_text())
    assert record["faults"] == fault[1::2] and record["upsets"] > 3
    strategies = ["--strategy", "none", "--strategy", "crc-scrub"]
    words += [*strategies, "--out", str(tmp_path / "cmp"), "--json", str(made)]
    assert main(["compare", "challenge", *words, "--fault", "column=3"]) == 0
    records = json.loads(made.read_text())
    assert [r["environment"] for r in records] == ["column=3"] * 2
    figures = [
        json.loads(path.read_text()) for path in (tmp_path / "cmp" / "records").glob("none*")
    ]
    assert [each["faults"] for each in figures] == [["column=3"]]
    words = ["--words", "3,1", "--fault", "column=3", "--fault", "stuck=1,at=0"]
    assert main(["heal", "challenge", *words, "--out", str(tmp_path / "heal")]) == 0
    hits = json.loads((tmp_path / "heal" / "heal.json").read_text())["upsets"]
    assert [hit["action"] for hit in hits].count("stuck at 0") == 1 and len(hits) > 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["compare", "--strategy", "none", "--fault", "flips=1,section=accumulators"], "has no accumulators"),
        (["compare", "--strategy", "none", "--fault", "stuck=1,section=activations"], "no stuck cells in activations"),
        (["compare", "--strategy", "none", "--fault", "flips=1,section=check"], "nothing in the section check"),
        (["compare", "--fault", "flops=1"], "did you mean flips"),
        (["lifetime", "--fault", "poisson=1Hz,of=flips=0"], "nothing happens; ask for at least 1 bit"),
        (["lifetime", "--fault", "transient=2"], "has no accumulators"),
        (["lifetime", "--fault", "flips=1", "--kind", "burst"], "--kind and --fault say both what happens"),
        (["heal", "--fault", "flips=1", "--section", "bias"], "write --fault flips=1,section=bias"),
        (["heal", "--fault", "stuck=99,section=state"], "no stuck cells in histories"),
    ],
)  # fmt: skip
def test_commands_refuse_before_any_work(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = [] if words[0] == "lifetime" else ["--out", str(tmp_path)]
    assert main([words[0], "challenge", *words[1:], *out]) == 2
    message = capsys.readouterr().err
    assert sentence in message and message.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_process_of_a_campaign_need_not_know_the_model(own_model: type[FaultModel]) -> None:
    image = Image.of(PROGRAM)
    plan = Plan.parse("poisson=90Hz,frames=12,of=column=2")
    campaign = campaign_of(image, WORDS, plan, trials=5)
    packed = pickle.dumps(Work.of(campaign, image, dict(WORDS), None))
    del registry._known["column"]
    assert run_shard(pickle.loads(packed), 0)


def test_a_process_of_a_campaign_takes_the_newest_model(own_model: type[FaultModel]) -> None:
    """Registered again, as a cell of a notebook, with the same text; the process stays the same."""
    image, plan = Image.of(PROGRAM), "column=2"
    campaign = campaign_of(image, WORDS, Plan.parse(plan), trials=5)
    shards = []
    for count in (1, 2, 1):

        def events(self: Any, sites: Any, candidates: Any, *more: Any, count: int = count) -> Any:
            return own_model._events(self, sites, candidates[::count], *more)

        register(dataclass(frozen=True)(type("Column", (own_model,), {"_events": events})))
        shards.append(run_shard(Work.of(campaign, image, dict(WORDS), None), 0))
    assert shards[0] == shards[2] != shards[1]


def test_names_of_others_are_not_taken(own_model: type[FaultModel]) -> None:
    assert register(own_model) is own_model  # again, as from a notebook
    for wrong, words in (
        (type("Flips", (own_model,), {"NAME": "flips"}), "a fault model 'flips' already"),
        (type("Other", (own_model,), {"NAME": "column"}), "a fault model 'column' already"),
        (type("Other", (own_model,), {"NAME": "seed"}), "cannot be called 'seed'"),
        (type("Other", (own_model,), {"NAME": "a=b"}), "cannot be called 'a=b'"),
        (3, "give a class derived from FaultModel"),
    ):
        with pytest.raises(WorkbenchError, match=words):
            register(wrong)  # type: ignore[arg-type]


def test_a_package_that_cannot_be_loaded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "broken-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: broken\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("[workbench.fault_models]\nlost = no_module_x:Lost\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(WorkbenchError, match="model 'lost' of no_module_x:Lost cannot be loaded"):
        Plan.parse("lost=1")


def test_records_depend_on_the_fault(tmp_path: Path) -> None:
    environment = ENVIRONMENTS["single"]
    for fault in ("flips=1", "flips=2", "flips=1"):
        case = Case(PROGRAM, nothing(), environment, Workload(1, 1, (fault,)))
        list(records_of(tmp_path, WORDS, [case], Workers(1)))
    assert len(list((tmp_path / "records").iterdir())) == 2


def test_a_place_for_a_sound_needs_a_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lifetime", "--out", str(tmp_path / "a.wav")]) == 2
    assert "--out is where --hear writes" in capsys.readouterr().err
    assert main(["lifetime", "--hear", "0:1", "--json", str(tmp_path / "a.json")]) == 2
    assert "--json the figures of all" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
