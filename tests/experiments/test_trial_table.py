"""A row a trial: names, events and outcomes as layout, plan and oracle say, for any kind of plan."""

import numpy as np
import pyarrow as pa
import pytest

from workbench.audio.scales import BY_SNR
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.trial_table import SCHEMA, trial_table
from workbench.experiments.voices.voice import open_voice
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.truth import play

VOICE = open_voice()
SITES = Sites(VOICE.image())
LAB = Laboratory(VOICE.image(), VOICE.inputs("4"))


def table_of(plan: str, indexes: list[int], mask: ProtectionMask | None = None) -> pa.Table:
    return trial_table(
        LAB, SITES, utterance="4", plan=Plan.parse(plan), indexes=np.array(indexes), mask=mask
    )


@pytest.mark.parametrize(
    "plan",
    [
        "each=flip",
        "flips=7",
        "flips=0",
        "ber=2e-6",
        "transient=2,frames=90",
        "mbu=4,section=golden",
    ],
)
def test_rows_are_the_oracles(plan: str) -> None:
    indexes = [5, 3, 700_000, 44]
    table = table_of(plan, indexes)
    assert table.schema == SCHEMA
    for row, index in zip(table.to_pylist(), indexes, strict=True):
        events = Plan.parse(plan).events(SITES, np.array([index]))
        assert (row["utterance"], row["trial"], row["events"]) == ("4", index, len(events.trial))
        if len(events.trial):
            assert (row["frame"], row["position"]) == (events.frame[0], events.position[0])
            name = f"{row['operator']}.{row['tensor']}["
            site = SITES.site(row["position"])
            assert name in site or f"{row['operator']} {row['tensor']}[" in site
            assert site.endswith(f" bit {row['bit']}")
            number, element, _ = SITES.locate(events.position[:1])
            assert row["element"] == element[0]
            assert SITES.places[number[0]].tensor == row["tensor"]
        else:
            assert (row["frame"], row["position"]) == (-1, -1)
            assert row["operator"] is row["tensor"] is row["element"] is row["bit"] is None
        error = play(VOICE.image(), VOICE.inputs("4"), events).astype(np.int64) - LAB.clean
        differs = np.flatnonzero(error.any(axis=1))
        assert row["first_sample"] == (differs[0] if len(differs) else -1)
        assert row["differing_samples"] == len(differs)
        assert row["max_error"] == np.abs(error).max()
        assert row["error_energy"] == (error**2).sum()
        assert row["rms_error"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)
        outcome = LAB.outcomes(events, 1)[0]
        reached = VOICE.program.operators[outcome["reached"]].name
        assert row["reached"] == (reached if outcome["reached"] >= 0 else None)
        assert row["log_mel_db"] is row["recognised"] is row["pesq_nb"] is None
        if len(differs):
            assert row["snr_db"] == pytest.approx(
                10 * np.log10(LAB.signal_energy / (error**2).sum()), rel=1e-6
            )
        by_snr, _ = BY_SNR.verdict(snr_db=row["snr_db"], log_mel_db=0.0)
        assert row["quality"] == (by_snr if len(differs) else "masked")


def test_what_is_protected_does_not_happen() -> None:
    whole = table_of("flips=3", list(range(20)))
    addresses = np.array(whole["position"]) >> 3
    mask = ProtectionMask.of(VOICE.image(), addresses)
    shielded = table_of("flips=3", list(range(20)), mask)
    assert (np.array(shielded["events"]) <= 2).all()
    everything = ProtectionMask.of(VOICE.image(), range(VOICE.image().layout.working_bytes))
    spared = table_of("flips=3", list(range(20)), everything)
    assert set(spared["quality"].to_pylist()) == {"masked"}
    assert set(spared["events"].to_pylist()) == {0}


def test_a_mask_of_another_image_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="is for image"):
        table_of("flips=1", [0], ProtectionMask.of(VOICE.image().flip([3]), [0]))


def test_no_trials_are_no_rows() -> None:
    assert table_of("flips=1", []).num_rows == 0


def test_no_time_to_speak_in() -> None:
    silence = {name: x[:, :0] for name, x in VOICE.inputs("4").items()}
    table = trial_table(
        Laboratory(VOICE.image(), silence),
        SITES,
        utterance="4",
        plan=Plan.parse("flips=2"),
        indexes=np.arange(2),
    )
    assert table["rms_error"].to_pylist() == [0, 0]
