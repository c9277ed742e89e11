"""Outcomes of faults of the whole machine: what comes first, and which sites are surely the worst."""

import numpy as np
import pytest

from workbench.experiments.machine_faults.outcomes import (
    CRASH,
    DEGRADED,
    HANG,
    HEALED,
    MASKED,
    RESET,
    WRONG,
    outcome_of,
    shares,
    vulnerable_sites,
)
from workbench.firmware.machine_faults.campaign import Struck
from workbench.firmware.machine_faults.fault import SKIP, MachineFault
from workbench.firmware.machine_faults.machine import Ending


@pytest.mark.parametrize(
    ("stopped", "recovered", "quality", "repairs", "damaged", "outcome"),
    [
        (Ending.CRASHED, False, "broken", 1, False, CRASH),
        (Ending.HUNG, False, "", 0, False, HANG),
        (Ending.CRASHED, True, "broken", 1, False, RESET),
        (Ending.HUNG, True, "acceptable", 0, True, RESET),
        (None, False, "broken", 1, False, WRONG),
        (None, False, "degraded", 1, False, HEALED),
        (None, False, "", 1, False, HEALED),
        (None, False, "acceptable", 1, True, DEGRADED),
        (None, False, "transparent", 0, False, DEGRADED),
        (None, False, "", 1, True, MASKED),
        (None, False, "", 0, False, MASKED),
    ],
)
def test_the_worst_that_is_true_counts(
    stopped: Ending | None, recovered: bool, quality: str, repairs: int, damaged: bool, outcome: str
) -> None:
    struck = Struck(
        faults=(MachineFault(SKIP, 0, 0),), site="s", function="s", stopped=stopped, restarts=0,
        recovered=recovered, repairs=repairs, damaged=damaged, codes=np.zeros(1), expected=np.zeros(1),
    )  # fmt: skip
    assert outcome_of(struck, quality) == outcome


def _record(site: str, outcome: str) -> dict[str, object]:
    return {"kind": SKIP, "site": site, "outcome": outcome}


def test_sites_that_were_hit_often_come_before_those_hit_once() -> None:
    records = [
        *[_record("often", CRASH)] * 3,
        *[_record("often", RESET)] * 5,
        *[_record("often", MASKED)] * 2,
        _record("once", HANG),
        *[_record("never", DEGRADED)] * 5,
    ]
    sites = vulnerable_sites(records)
    assert [(each.site, each.harmful.hits, each.harmful.faults, each.lasting) for each in sites] == [
        ("often", 8, 10, 3), ("once", 1, 1, 1),
    ]  # fmt: skip
    assert sites[0].harmful.low == pytest.approx(0.4902, abs=1e-3)  # Wilson's of 8 in 10
    counted = shares(records)
    assert {name: share.hits for name, share in counted.items()} == {
        MASKED: 2, HEALED: 0, DEGRADED: 5, RESET: 5, WRONG: 0, HANG: 1, CRASH: 3,
    }  # fmt: skip
    assert shares([])[CRASH] == (0, 0, 0.0, 1.0)
