"""Classes by the spectrum: campaigns, maps, estimates and fleets of `speech`, each trial against its own sound."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.audio.scales import QUALITIES, BySpectrum, harm
from workbench.audio.sound_metrics import measure
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.campaign_run import campaign_of, run_campaign
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.store import Results, Store, open_results
from workbench.experiments.campaigns.summary import summary
from workbench.experiments.estimates.share_of_harm import worst_fidelity_db
from workbench.experiments.fleets.fleet_run import simulate_fleet
from workbench.experiments.fleets.workload import Workload
from workbench.experiments.maps.criticality import COLUMNS, Criticality
from workbench.experiments.maps.map_pictures import map_figure
from workbench.experiments.voices.voice import open_voice
from workbench.face.hearing import replay
from workbench.healing.strategies.named import nothing
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory

WORD, TRIALS = "two", 24
VOICE = open_voice(generator="speech")
SCALE = VOICE.generator.scale
INPUTS = {WORD: VOICE.inputs(WORD)}
PLAN = Plan.parse("flips=1,section=bias,seed=3")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    out = tmp_path_factory.mktemp("speech") / "campaign"
    campaign = campaign_of(VOICE.image(), INPUTS, PLAN, trials=TRIALS, scale=SCALE)
    with Store(out, campaign) as store:
        run_campaign(store, VOICE.image(), INPUTS, jobs=1)
    return open_results(out)


def test_every_trial_has_the_class_of_its_sound(results: Results) -> None:
    assert isinstance(SCALE, BySpectrum)
    clean, classes = np.asarray(VOICE.speak(WORD)), set()
    rows = results.table().to_pylist()
    assert len(rows) == TRIALS
    for row in rows:
        trial = TrialId.of(VOICE.image(), WORD, PLAN, row["trial"])
        positions = trial.events(Sites(VOICE.image())).position
        sound = np.asarray(VOICE.speak(WORD, VOICE.image().flip(positions)))
        metrics = measure(sound, clean, perceptual=False, scale=SCALE)
        masked = np.array_equal(sound, clean)
        assert row["quality"] == ("masked" if masked else metrics.quality)
        assert row["log_mel_db"] == pytest.approx(metrics.log_mel_db, abs=2e-3)
        assert row["mfcc_dtw"] == pytest.approx(metrics.mfcc_dtw, abs=2e-3)
        assert np.isinf(row["fidelity_db"]) == (row["log_mel_db"] == row["mfcc_dtw"] == 0)
        classes.add(row["quality"])
    assert len(classes) > 2  # single flips of biases do everything


def test_replay_says_what_the_campaign_said(results: Results) -> None:
    rows = [row for row in results.table().to_pylist() if row["quality"] not in ("masked",)]
    for row in rows[:3]:
        heard = replay(VOICE, TrialId.of(VOICE.image(), WORD, PLAN, row["trial"]))
        assert heard.metrics.quality == row["quality"]


def test_the_manifest_and_the_summary_know_the_scale(results: Results) -> None:
    campaign = Campaign.load(results.folder)
    assert results.scale == SCALE and campaign.format == 4
    (figures,) = summary([results])
    table = results.table()
    worst = table["fidelity_db"].to_numpy().min()
    assert figures["worst"]["fidelity_db"] == pytest.approx(float(worst))
    assert figures["limits"]["transparent"] == "log-mel ≤ 3.2 dB, MFCC-DTW ≤ 12"
    assert figures["log_mel"] == {"measured": 0, "changed": 0}
    other = campaign_of(VOICE.image(), INPUTS, PLAN, trials=TRIALS)
    with pytest.raises(WorkbenchError, match="another campaign"):
        Store(results.folder, other)


def test_a_map_takes_harm_from_the_fidelity(results: Results) -> None:
    table = results.table((*COLUMNS, results.fidelity))
    criticality = Criticality(VOICE.image(), table)
    position = table["position"].to_numpy()
    expected = np.bincount(position, weights=harm(table["fidelity_db"].to_numpy()))
    count = np.bincount(position)
    tried = np.flatnonzero(count)
    np.testing.assert_allclose(criticality.harm[tried], expected[tried] / count[tried])
    titles = [axes.get_title() for axes in map_figure(criticality).axes]
    assert {"weights", "biases", "sine", "envelope bin"} <= set(titles)


def test_an_estimate_and_a_fleet_are_on_the_same_scale(results: Results) -> None:
    table = results.table()
    positions = table["position"].to_numpy()[:6]
    laboratories = {WORD: Laboratory(VOICE.image(), INPUTS[WORD])}
    fidelity = worst_fidelity_db(laboratories, positions, scale=SCALE)
    np.testing.assert_allclose(fidelity, table["fidelity_db"].to_numpy()[:6], rtol=1e-5)
    workload = Workload(2, 2, (f"bits={positions[0]}",), 0)  # at the start, for both words
    fleet = simulate_fleet(VOICE.program, INPUTS, nothing(), workload, scale=SCALE, jobs=1)
    code = QUALITIES.index(table["quality"][0].as_py())
    assert fleet.quality[code] == 4
    assert fleet.harm == pytest.approx(harm(fidelity[:1])[0])
