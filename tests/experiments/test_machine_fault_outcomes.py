"""Outcomes of faults of the whole machine: what comes first, and which sites are surely the worst."""

import numpy as np
import pytest

from workbench.experiments.machine_faults.outcomes import (
    CRASH,
    DEGRADED,
    HANG,
    HEALED,
    MASKED,
    WRONG,
    outcome_of,
    recoveries,
    shares,
    vulnerable_sites,
)
from workbench.firmware.machine_faults.campaign import Struck
from workbench.firmware.machine_faults.fault import SKIP, MachineFault
from workbench.firmware.machine_faults.machine import Ending


@pytest.mark.parametrize(
    ("stopped", "quality", "repairs", "damaged", "outcome"),
    [
        (Ending.CRASHED, "broken", 1, False, CRASH),
        (Ending.HUNG, "", 0, False, HANG),
        (None, "broken", 1, False, WRONG),
        (None, "degraded", 1, False, HEALED),
        (None, "", 1, False, HEALED),
        (None, "acceptable", 1, True, DEGRADED),
        (None, "transparent", 0, False, DEGRADED),
        (None, "", 1, True, MASKED),
        (None, "", 0, False, MASKED),
    ],
)
def test_the_worst_that_is_true_counts(
    stopped: Ending | None, quality: str, repairs: int, damaged: bool, outcome: str
) -> None:
    struck = Struck(
        fault=MachineFault(SKIP, 0, 0), site="s", function="s", stopped=stopped, restarts=0,
        recovered=True, repairs=repairs, damaged=damaged, codes=np.zeros(1), expected=np.zeros(1),
    )  # fmt: skip
    assert outcome_of(struck, quality) == outcome


def _record(site: str, outcome: str, *, recovered: bool = True) -> dict[str, object]:
    return {"kind": SKIP, "site": site, "outcome": outcome, "recovered": recovered}


def test_sites_that_were_hit_often_come_before_those_hit_once() -> None:
    records = [
        *[_record("often", CRASH)] * 8,
        *[_record("often", MASKED)] * 2,
        _record("once", HANG, recovered=False),
        *[_record("never", DEGRADED)] * 5,
    ]
    sites = vulnerable_sites(records)
    assert [(each.site, each.harmful.hits, each.harmful.faults) for each in sites] == [
        ("often", 8, 10), ("once", 1, 1),
    ]  # fmt: skip
    assert sites[0].harmful.low == pytest.approx(0.4902, abs=1e-3)  # Wilson's of 8 in 10
    back = recoveries(records)
    assert (back.hits, back.faults) == (8, 9)
    counted = shares(records)
    assert {name: share.hits for name, share in counted.items()} == {
        MASKED: 2, HEALED: 0, DEGRADED: 5, WRONG: 0, HANG: 1, CRASH: 8,
    }  # fmt: skip
    assert shares([])[CRASH] == (0, 0, 0.0, 1.0)
