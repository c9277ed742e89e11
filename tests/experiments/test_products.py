"""The files that a campaign is made into, from real trials: they agree with each other and are whole."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from programs import random_program

from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.trial_table import trial_table
from workbench.experiments.maps.products import (
    CURVE_FILES,
    MAP_FILES,
    byte_name,
    curve_products,
    map_products,
)
from workbench.experiments.voices.voice import open_voice
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory

IMAGE = open_voice().image()
SITES = Sites(IMAGE)
LAB = Laboratory(IMAGE, open_voice().inputs("8"))
PNG = b"\x89PNG\r\n"


def trials(plan: str, count: int, mask: ProtectionMask | None = None) -> pa.Table:
    return trial_table(
        LAB, SITES, utterance="8", plan=Plan.parse(plan), indexes=np.arange(count), mask=mask
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    out = tmp_path_factory.mktemp("map")
    products = map_products(out, IMAGE, trials("flips=1", 20_000), share=0.01)
    products.draw(out)
    return out, products.figures


def test_map_files_and_figures(made: tuple[Path, dict[str, object]]) -> None:
    out, figures = made
    assert sorted(path.name for path in out.iterdir()) == sorted(MAP_FILES)
    assert all((out / name).read_bytes().startswith(PNG) for name in MAP_FILES if ".png" in name)
    mask = ProtectionMask.load(out / "protection.mask")
    mask.check(IMAGE)
    assert mask.digest == figures["mask"] and len(mask.addresses) == figures["bytes"] == 902
    assert figures["share"] == pytest.approx(0.01, rel=1e-3)
    assert 0.5 < figures["harm_carried"] < 1 and 0.5 < figures["broken_carried"] <= 1
    assert figures["trials"] == 20_000 and 0.02 < figures["coverage"] < 0.03
    assert 0.0005 < figures["mean_harm"] < 0.002
    json.dumps(figures, allow_nan=False)


def test_the_mask_helps_where_many_bits_are_wrong(
    made: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    """Found by single flips of one word, it is tried on many flips at once."""
    mask = ProtectionMask.load(made[0] / "protection.mask")
    sweep = [
        (rate, label, trials(f"ber={rate}", 60, shield))
        for rate in (1e-5, 5e-4)
        for label, shield in (("", None), ("the worst 1 %", mask))
    ]
    products = curve_products(sweep)
    products.draw(tmp_path)
    points = products.figures["points"]
    assert [path.name for path in tmp_path.iterdir()] == list(CURVE_FILES)
    median = {(p["rate"], p["protection"]): p["snr_db"]["0.5"] for p in points}
    assert median[5e-4, "the worst 1 %"] > median[5e-4, ""] + 5
    sound = {(p["rate"], p["protection"]): p["at_least"]["degraded"] for p in points}
    assert sound[5e-4, "the worst 1 %"]["low"] > sound[5e-4, ""]["high"]
    json.dumps(points, allow_nan=False)


def test_nothing_is_written_for_a_share_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="cannot protect 200 % of the bytes"):
        map_products(tmp_path, IMAGE, trials("flips=1", 500), share=2.0)
    assert not list(tmp_path.iterdir())


def test_bytes_have_names() -> None:
    for operator, bit in (("up0", 9), ("last.0.conv", 17)):
        position = IMAGE.layout.position(operator, "bias", (3,), bit)
        assert byte_name(IMAGE, position // 8) == f"{operator}.bias[3] bits {bit - 1} to {bit + 6}"
    seed = 0
    while not any(place.bits == 4 for place in Image.of(random_program(seed, 8)).layout.places):
        seed += 1
    packed = Image.of(random_program(seed, 8))
    place = next(place for place in packed.layout.places if place.bits == 4)
    assert byte_name(packed, place.start) == f"{place.operator}.weight[0, 0, 0, 0]"
