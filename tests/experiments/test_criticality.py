"""Harm, ranks and estimates on tables small enough to reckon by hand, and on random ones."""

import numpy as np
import pyarrow as pa
import pytest
from fault_tables import table_of
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_program, seeds

from workbench.errors import WorkbenchError
from workbench.experiments.maps.criticality import Bits, Criticality, harm
from workbench.experiments.maps.ranking import Ranking
from workbench.experiments.voices.voice import open_voice
from workbench.memory.image import Image
from workbench.memory.places import WORKING_SECTIONS

IMAGE = open_voice().image()
UP2 = IMAGE.layout.position("up2", "weight", (3, 0, 1, 5), 0)


def test_harm_is_error_over_signal_energy() -> None:
    snr = [np.inf, 30.0, 10.0, 0.0, -20.0, -np.inf]
    np.testing.assert_allclose(harm(np.array(snr)), [0, 0.001, 0.1, 1, 1, 1])


@given(st.lists(st.floats(-50, 120), min_size=2))
def test_harm_falls_with_snr(snr: list[float]) -> None:
    assert (np.diff(harm(np.sort(snr))) <= 0).all()


def test_a_bit_is_the_mean_of_its_trials() -> None:
    table = table_of([UP2, UP2, UP2 + 7, UP2], [10.0, np.inf, 0.0, 20.0])
    criticality = Criticality(IMAGE, table)
    assert (criticality.rows, criticality.left_out, criticality.tried[UP2]) == (4, 0, 3)
    np.testing.assert_allclose(criticality.harm[[UP2, UP2 + 7]], [0.11 / 3, 1.0], rtol=1e-6)
    np.testing.assert_allclose(criticality.broken[[UP2, UP2 + 7]], [0, 1])
    np.testing.assert_allclose(criticality.degraded[[UP2, UP2 + 7]], [1 / 3, 0])


def test_untried_bits_take_the_mean_of_their_tensor_and_bit() -> None:
    criticality = Criticality(IMAGE, table_of([UP2, UP2 + 8, UP2 + 9], [10.0, 20.0, 0.0]))
    assert criticality.harm[UP2 + 16] == pytest.approx(0.055)
    assert criticality.harm[UP2 + 17] == pytest.approx(1.0)
    assert np.isnan(criticality.harm[UP2 + 18])  # bit 2 was never tried in this tensor
    assert np.isnan(criticality.harm[0])  # nor was anything in another
    assert criticality.coverage == pytest.approx(3 / 721_384)


def test_under_a_mask_nothing_is_estimated() -> None:
    """An untried byte may be one that the mask protects."""
    criticality = Criticality(IMAGE, table_of([UP2, UP2 + 8], [10.0, 20.0]), protection="abc")
    assert np.isnan(criticality.harm[UP2 + 16]) and criticality.known.sum() == 2
    assert Ranking.of(criticality).addresses.tolist() == [UP2 // 8, UP2 // 8 + 1]
    assert criticality.about.endswith(
        "all shares are of these alone, under the protection mask abc"
    )


def test_what_is_said_of_the_bits_not_tried() -> None:
    everything = IMAGE.layout.positions()
    notes = [
        Criticality(IMAGE, table_of(some, np.zeros(len(some)))).about
        for some in (everything, everything[:64], everything[4000:])
    ]
    assert notes[0] == "every bit tried"
    assert notes[1].endswith(
        "estimated from those of the same tensor and bit, all shares are of these alone"
    )
    assert notes[2].endswith(
        "% of the bits tried, the others estimated from those of the same tensor and bit"
    )


@given(seed=seeds)
def test_stratified_totals_do_not_depend_on_how_often_a_stratum_was_drawn(seed: int) -> None:
    """All bits of a stratum do the same harm, strata are sampled unequally: the total is exact."""
    rng = np.random.default_rng(seed)
    image = Image.of(random_program(seed, 8))
    bits = Bits.of(image)
    named = np.flatnonzero(bits.place >= 0)
    if not len(named):
        return
    stratum = bits.place * 32 + bits.bit
    snr = rng.uniform(0, 60, stratum.max() + 1)
    _, first = np.unique(stratum[named], return_index=True)
    drawn = np.concatenate([named[first], rng.choice(named, 50)])
    criticality = Criticality(image, table_of(drawn, snr[stratum[drawn]]))
    np.testing.assert_allclose(criticality.harm[named], harm(snr[stratum[named]]), rtol=1e-5)
    assert not criticality.harm[bits.place < 0].any()


@given(seed=seeds)
def test_bits_are_the_layouts_sites(seed: int) -> None:
    image = Image.of(random_program(seed, 8))
    bits = Bits.of(image)
    rng = np.random.default_rng(seed)
    for position in rng.integers(0, max(1, len(bits.place)), 20 if len(bits.place) else 0):
        site = image.site(int(position))
        if not site.operator:
            assert bits.place[position] == -1
            continue
        place = image.layout.places[bits.place[position]]
        assert (place.operator, place.tensor) == (site.operator, site.tensor)
        assert bits.bit[position] == site.bit
        axis = image.layout.channel_axis(place)
        assert bits.channel[position] == (0 if axis is None else site.index[axis])


def test_maps_are_means_over_their_bits() -> None:
    rng = np.random.default_rng(5)
    positions = IMAGE.layout.positions(WORKING_SECTIONS)
    criticality = Criticality(IMAGE, table_of(positions, rng.uniform(0, 50, len(positions))))
    operators, means = criticality.by_operator(criticality.harm, "weight")
    place = IMAGE.layout.place("trunk.1.mix", "weight")
    first = IMAGE.layout.element_positions(place)
    expected = criticality.harm[first[..., None] + np.arange(8)]
    row = means[operators.index("trunk.1.mix")]
    np.testing.assert_allclose(row, expected.mean(axis=(0, 1, 2, 3)))
    detail = criticality.by_channel(criticality.harm, "trunk.1.mix", "weight")
    np.testing.assert_allclose(detail, expected.mean(axis=(0, 2, 3)))
    operators, channels = criticality.channels(criticality.harm)
    assert operators[:3] == ["word", "position", "conv_in"]
    assert np.isnan(channels[operators.index("up2"), 1:]).all()
    sums, counts = np.zeros(64), 0
    for tensor in ("weight", "bias", "shift"):
        of_tensor = IMAGE.layout.place("trunk.1.mix", tensor)
        values = criticality.by_channel(criticality.harm, "trunk.1.mix", tensor)
        bits = of_tensor.bits * int(np.prod(of_tensor.shape)) // 64
        sums, counts = sums + values.mean(axis=1) * bits, counts + bits
    np.testing.assert_allclose(channels[operators.index("trunk.1.mix")], sums / counts)
    assert criticality.tensors() == ["weight", "bias", "shift", "rows"]


def test_ranks_and_what_protection_buys() -> None:
    positions = IMAGE.layout.positions(("weights",), operators=("up2",))
    snr = np.full(len(positions), np.inf)
    for position, value in ((UP2, 0.0), (UP2 + 1, 10.0), (UP2 + 9, 3.0103)):
        snr[positions == position] = value
    ranking = Ranking.of(Criticality(IMAGE, table_of(positions, snr)))
    size, byte, known = IMAGE.layout.working_bytes, UP2 // 8, len(positions) // 8
    assert ranking.addresses[:2].tolist() == [byte, byte + 1]
    np.testing.assert_allclose(ranking.harm[:3], [1.1, 0.5, 0], rtol=1e-6)
    np.testing.assert_allclose(ranking.harm_left[:3], [1, 0.5 / 1.6, 0], atol=1e-6)
    np.testing.assert_allclose(ranking.broken[:3], [1, 1, 0])
    assert ranking.harm_left[-1] == 0 and len(ranking.harm_left) == known + 1
    assert ranking.carried(1e-9) == pytest.approx(1.1 / 1.6)
    assert ranking.broken_carried(1 / size) == 0.5
    assert ranking.protect(2 / size).addresses.tolist() == [byte, byte + 1]
    # However much is asked for, no byte is protected that nothing is known of.
    np.testing.assert_array_equal(ranking.protect(1.0).addresses, np.unique(positions // 8))


@settings(max_examples=10)
@given(seed=seeds)
def test_the_worst_come_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positions = rng.choice(8 * IMAGE.layout.working_bytes, 300)
    criticality = Criticality(IMAGE, table_of(positions, rng.choice([0, 5, 30], 300)))
    ranking = Ranking.of(criticality)
    assert (np.diff(ranking.harm) <= 0).all()
    assert set(positions[criticality.bits.place[positions] >= 0] // 8) <= set(ranking.addresses)
    padding = np.flatnonzero((criticality.bits.place < 0).reshape(-1, 8).all(axis=1))
    assert len(padding) and not set(padding) & set(ranking.addresses)
    assert (np.diff(ranking.harm_left) <= 1e-12).all() and (ranking.broken_left >= 0).all()
    share = rng.uniform(0.001, 1)
    mask = ranking.protect(share)
    assert len(mask.addresses) == ranking.count(share)
    assert mask.protected[ranking.addresses[0]]


def test_chunks_with_their_own_dictionaries_are_one_table() -> None:
    parts = [table_of([UP2], [0.0]), table_of([UP2], [50.0])]
    for number, names in enumerate((["broken"], ["acceptable", "transparent"])):
        column = pa.DictionaryArray.from_arrays(pa.array([number], pa.int32()), names)
        parts[number] = parts[number].set_column(3, "quality", column)
    assert Criticality(IMAGE, pa.concat_tables(parts)).broken[UP2] == 0.5


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (table_of([UP2], [3.0]).drop_columns(["snr_db"]), "no column snr_db"),
        (table_of([UP2, UP2], [3.0, 3.0], [1, 12]), "up to 12 events"),
        (table_of([-1, 8 * 10**6], [3.0, 3.0], [0, 1]), "none of the 2 trials"),
        (table_of([], []), "none of the 0 trials"),
        (
            pa.table(
                table_of([UP2], [3.0]).to_pydict() | {"snr_db": pa.array([None], pa.float32())}
            ),
            "gaps",
        ),
    ],
)
def test_other_tables_are_refused(table: pa.Table, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        Criticality(IMAGE, table)


def test_trials_that_say_nothing_of_a_bit_are_left_out() -> None:
    criticality = Criticality(IMAGE, table_of([UP2, -1, 10**8], [9.0, np.inf, 9.0], [1, 0, 1]))
    assert (criticality.rows, criticality.left_out) == (1, 2)


def test_plain_text_qualities_are_read_too() -> None:
    table = table_of([UP2, UP2], [0.0, 50.0])
    plain = table.set_column(3, "quality", table["quality"].cast(pa.string()))
    assert Criticality(IMAGE, plain).broken[UP2] == 0.5


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5, float("nan")])
def test_shares_that_cannot_be(share: float) -> None:
    ranking = Ranking.of(Criticality(IMAGE, table_of([UP2], [3.0])))
    with pytest.raises(WorkbenchError, match="cannot protect"):
        ranking.protect(share)


def test_nothing_harmful_is_nothing_to_rank() -> None:
    with pytest.raises(WorkbenchError, match="none of the 1 flips did any harm"):
        Ranking.of(Criticality(IMAGE, table_of([UP2], [np.inf])))
