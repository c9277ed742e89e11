"""False alarms and their events: as a device tells repetitions, and how sure their number is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workbench.experiments.estimates.statistics import mean_gap_interval
from workbench.experiments.monitors.false_alarms import FalseAlarms


@given(frames=st.lists(st.integers(0, 300), unique=True, max_size=40), again=st.integers(0, 50))
def test_events_begin_where_a_device_is_not_wary(frames: list[int], again: int) -> None:
    """The counter of a device: less one in every frame, then asked, and set by what is no repetition."""
    sizes: list[int] = []
    wary = 0
    for frame in range(301):
        wary = max(wary - 1, 0)
        if frame in frames:
            if wary:
                sizes[-1] += 1
            else:
                sizes.append(1)
                wary = again
    made = FalseAlarms.of(np.array(sorted(frames), np.int64), 301, again=again)
    assert made.sizes == tuple(sizes)
    assert made.alarms == len(frames) and made.events == len(sizes)


def test_the_interval_holds_where_alarms_come_in_clusters() -> None:
    """Of clusters of ten alarms on average; as if alarms were independent it would be wrong most times."""
    rng = np.random.default_rng(3)
    holds = naive = 0
    rounds, frames, mean = 400, 1_000_000, 1_000_000 / (60 * 10)
    for _ in range(rounds):
        made = FalseAlarms(frames, tuple(rng.geometric(0.1, rng.poisson(60)).tolist()))
        low, high = made.apart()
        holds += low <= mean <= (high or np.inf)
        low, high = mean_gap_interval(made.alarms, frames)
        naive += low <= mean <= (high or np.inf)
    assert 0.9 * rounds < holds < 0.99 * rounds and naive < 0.6 * rounds


def test_single_alarms_have_the_usual_interval() -> None:
    assert FalseAlarms(900, (1,) * 10).apart() == mean_gap_interval(10, 900)
    assert FalseAlarms(900, ()).apart() == mean_gap_interval(0, 900)
    assert str(FalseAlarms(9000, (3, 1))) == "4 false alarms in 2 events in 9,000 frames"
    assert str(FalseAlarms(9000, (1, 1))) == "2 false alarms in 9,000 frames"
