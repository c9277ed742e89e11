"""Campaigns: every row is the laboratory's, and a campaign that is killed anywhere loses none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from small_campaign import HELD, IMAGE, INPUTS, run_small, small_campaign
from waiting import LIMIT_S, wait_until

from workbench.audio.metrics import log_mel_db
from workbench.audio.scales import BY_SNR
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns import worker as campaign_worker
from workbench.experiments.campaigns.campaign_run import campaign_of
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.store import read_results
from workbench.experiments.campaigns.trial_table import trial_table
from workbench.experiments.parallel.workers import Workers
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory

SCRIPT = Path(__file__).parent / "small_campaign.py"
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, SCRIPT.parents[1:3]))}
MASK = ProtectionMask.of(IMAGE, range(40))


def script(*words: object) -> list[str]:
    return [sys.executable, str(SCRIPT), *map(str, words)]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    folder = tmp_path_factory.mktemp("whole")
    run_small(folder)
    return read_results(folder)


@pytest.mark.parametrize("mask", [None, MASK], ids=["bare", "protected"])
@pytest.mark.parametrize("plan", ["each=flip", "ber=0.001,seed=3", "transient=2,frames=20"])
def test_rows_are_those_of_the_laboratory(
    plan: str, mask: ProtectionMask | None, tmp_path: Path
) -> None:
    run_small(tmp_path, small_campaign(plan, trials=100, cut=30, mask=mask), mask=mask)
    parsed, indexes = Plan.parse(plan), np.arange(100)
    truth = [
        trial_table(
            Laboratory(IMAGE, each),
            Sites(IMAGE),
            utterance=word,
            plan=parsed,
            indexes=indexes,
            mask=mask,
        )
        for word, each in INPUTS.items()
    ]
    results = read_results(tmp_path)
    assert results.to_pylist() == pa.concat_tables(truth).to_pylist()


def test_log_mel_of_a_sample_decides_with_the_snr(tmp_path: Path) -> None:
    run_small(tmp_path, small_campaign(trials=900, log_mel=150))
    run_small(tmp_path / "cut", small_campaign(trials=900, log_mel=150, cut=333))
    table = read_results(tmp_path)
    assert table.to_pylist() == read_results(tmp_path / "cut").to_pylist()
    measured = [row for row in table.to_pylist() if row["log_mel_db"] is not None]
    assert 200 < len(measured) < 400  # 300 on average
    sites, plan = Sites(IMAGE), Plan.parse("each=flip")
    laboratories = {word: Laboratory(IMAGE, each) for word, each in INPUTS.items()}
    classes = set()
    for row in measured:
        laboratory = laboratories[row["utterance"]]
        codes = laboratory.sounds(plan.events(sites, np.array([row["trial"]])), 1)[0]
        sound = IMAGE.program.sound
        rate = round(IMAGE.program.sample_rate_hz)
        distance = log_mel_db(sound(codes), sound(laboratory.clean), sample_rate_hz=rate)
        assert row["log_mel_db"] == pytest.approx(distance, abs=1e-5)
        by_both, _ = BY_SNR.verdict(snr_db=row["snr_db"], log_mel_db=distance)
        expected = by_both if row["first_sample"] >= 0 else "masked"
        assert row["quality"] == expected
        classes.add(expected)
    assert len(classes) > 2


def test_a_killed_campaign_resumes_and_repeats_no_row(tmp_path: Path, rows: pa.Table) -> None:
    done = subprocess.run(
        script(tmp_path, "kill", 1), env=ENVIRONMENT, stdout=subprocess.PIPE, timeout=LIMIT_S
    )
    assert done.returncode == 0
    assert read_results(tmp_path).equals(rows)
    assert not list(tmp_path.glob("damaged/*"))
    assert int(done.stdout) >= 7


def test_a_campaign_on_two_cores_is_killed_with_its_workers(tmp_path: Path, rows: pa.Table) -> None:
    running = subprocess.Popen(script(tmp_path, "hold"), env=ENVIRONMENT)

    def finished() -> set[str]:
        return {path.name for path in tmp_path.glob("shards/0*")}

    wait_until(lambda: len(finished()) == HELD, running)
    workers = {pid for pid, parent in processes().items() if parent == running.pid}
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert len(workers) >= 2
    wait_until(lambda: not workers & set(processes()))
    before = finished()
    assert len(before) == HELD < 60
    run_small(tmp_path)
    assert before <= {path.name for path in tmp_path.glob("shards/0*")}
    assert read_results(tmp_path).equals(rows)


def processes() -> dict[int, int]:
    """Parents of all processes that have not ended."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def test_what_is_finished_is_not_done_again(
    tmp_path: Path, rows: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_small(tmp_path, part=(2, 3))
    calls = []
    run_shard = campaign_worker.run_shard

    def counting(work: campaign_worker.Work, number: int) -> bytes:
        calls.append(number)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return run_shard(work, number)

    monkeypatch.setattr("workbench.experiments.campaigns.campaign_run.run_shard", counting)
    with pytest.raises(KeyboardInterrupt):
        run_small(tmp_path)
    run_small(tmp_path)
    assert sorted(set(calls)) == [n for n in range(60) if n % 3 != 1]
    assert len(calls) == 40 + 1
    assert read_results(tmp_path).equals(rows)


def test_a_worker_that_dies_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.experiments.campaigns.campaign_run.run_shard", _die)
    with pytest.raises(WorkbenchError, match="a worker process was killed"):
        run_small(tmp_path, jobs=2)


def _die(work: object, number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_workers_need_no_generator() -> None:
    code = (
        "import sys, workbench.experiments.campaigns.worker\n"
        "slow = {'brevitas', 'jupyterlab', 'matplotlib', 'distributed'} & set(sys.modules)\n"
        "assert not slow, slow"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_shards_are_cut_by_the_work_in_them() -> None:
    each = campaign_of(IMAGE, INPUTS, Plan.parse("flips=1"), trials=10_000_000)
    assert each.trials_a_shard == 65_536
    many = campaign_of(IMAGE, INPUTS, Plan.parse("flips=30"), trials=10_000_000)
    assert many.trials_a_shard == 65_536 // 30
    few = campaign_of(IMAGE, INPUTS, Plan.parse("flips=1"), trials=50)
    assert few.shards >= 16
    assert campaign_of(IMAGE, INPUTS, Plan.parse("each=flip")).trials == 3576


@pytest.mark.parametrize(
    ("plan", "options", "named"),
    [
        ("flips=1", {"trials": 0}, "at least one trial"),
        ("flips=0", {"trials": 10}, "nothing happens; ask for at least 1 bit"),
        ("transient=0,frames=3", {"trials": 10}, "nothing happens"),
        ("flips=1", {}, "has no end"),
        ("each=flip", {"trials": 4000}, "there are no 4,000 trials"),
        ("flips=1", {"trials": 10, "log_mel": 11}, "log-mel"),
        ("flips=1", {"trials": 10, "log_mel": -1}, "log-mel"),
        ("flips=1", {"trials": 10, "listen": 11}, "what is heard cannot be measured in 11"),
        ("flips=1,operator=larynx", {"trials": 10}, "no operator 'larynx'"),
        ("flips=90000", {"trials": 10}, "90,000 bits do not fit"),
    ],
)
def test_campaigns_that_cannot_be_are_refused(
    plan: str, options: dict[str, int], named: str
) -> None:
    with pytest.raises(WorkbenchError, match=named):
        campaign_of(IMAGE, INPUTS, Plan.parse(plan), **options)  # type: ignore[arg-type]


def test_counts_may_be_of_numpy(tmp_path: Path) -> None:
    of_numpy = campaign_of(
        IMAGE, INPUTS, Plan.parse("flips=1"), trials=np.int64(9), log_mel=np.int32(2)
    )
    of_numpy.save(tmp_path)
    assert of_numpy == campaign_of(IMAGE, INPUTS, Plan.parse("flips=1"), trials=9, log_mel=2)
    assert Campaign.load(tmp_path) == of_numpy


def test_jobs_parts_and_masks_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="0 jobs"):
        run_small(tmp_path, jobs=0)
    with pytest.raises(WorkbenchError, match="no part 4 of 3"):
        run_small(tmp_path, part=(4, 3))
    with pytest.raises(WorkbenchError, match="is for image"):
        small_campaign(mask=ProtectionMask.of(IMAGE.flip([3]), [1]))


def test_an_end_before_the_last_task_is_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = Workers(2).each(abs, ((number,) for number in range(200)), count=200)
        assert next(results).result() >= 0
        results.close()
