"""Protection masks: bound to their image, whole or refused, and what they hide has no effect."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import random_inputs, random_program, seeds

from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError
from workbench.memory.faults.events import FLIP, Events, sorted_events
from workbench.memory.faults.protection import KIND, ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.trials.laboratory import Laboratory


def some_image(seed: int = 0) -> Image:
    while not Image.of(random_program(seed, 8)).layout.working_bytes:
        seed += 1
    return Image.of(random_program(seed, 8))


def random_mask(image: Image, seed: int) -> ProtectionMask:
    rng = np.random.default_rng(seed)
    size = image.layout.working_bytes
    return ProtectionMask.of(image, rng.integers(0, size, rng.integers(0, size + 1)))


@given(seed=seeds)
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    image = some_image(seed)
    mask = random_mask(image, seed)
    path = tmp_path_factory.mktemp("mask") / "a.mask"
    mask.save(path)
    back = ProtectionMask.load(path)
    assert (back.image, back.page_bytes, back.digest) == (mask.image, mask.page_bytes, mask.digest)
    np.testing.assert_array_equal(back.protected, mask.protected)
    back.check(image)
    assert back.share == len(back.addresses) / image.layout.working_bytes
    assert sum(back.names(image).values()) == len(back.addresses)


def test_the_digest_tells_masks_apart() -> None:
    image = some_image()
    digests = {ProtectionMask.of(image, [address]).digest for address in range(8)}
    digests |= {ProtectionMask.of(image.flip([5]), [0]).digest, ProtectionMask.of(image, []).digest}
    assert len(digests) == 10


def test_names_are_the_tensors() -> None:
    image = some_image()
    parameters = [p for p in image.layout.places if p.start < image.layout.working_bytes]
    place = next(p for p in parameters if p.size_bytes >= 2)
    mask = ProtectionMask.of(image, [place.start + 1, place.start, place.start])
    assert mask.names(image) == {f"{place.operator}.{place.tensor}": 2}


@given(seed=seeds)
def test_what_is_protected_has_no_effect(seed: int) -> None:
    image = some_image(seed)
    rng = np.random.default_rng(seed)
    mask = random_mask(image, seed)
    if not len(mask.addresses):
        return
    lab = Laboratory(image, random_inputs(image.program, seed, 3), engine="torch")
    position = 8 * rng.choice(mask.addresses, 20) + rng.integers(0, 8, 20)
    trial, frame = rng.integers(0, 3, 20), rng.integers(0, 3, 20)
    hidden = sorted_events(trial, frame, position, rng.integers(0, 3, 20))
    assert (lab.outcomes(mask.drop(hidden), 3)["first"] == -1).all()


@given(seed=seeds)
def test_only_protected_stored_bits_are_dropped(seed: int) -> None:
    image = some_image(seed)
    rng = np.random.default_rng(seed)
    mask = random_mask(image, seed)
    position = rng.integers(0, Sites(image).size, 50)
    zero = np.zeros(50, np.int64)
    events = sorted_events(rng.integers(0, 9, 50), zero, position, zero + FLIP)
    protected = set(mask.addresses.tolist())
    unprotected = [event for event in zip(*events, strict=True) if event[2] >> 3 not in protected]
    assert list(zip(*mask.drop(events), strict=True)) == unprotected


def test_nothing_happens_without_events() -> None:
    none = np.zeros(0, np.int64)
    dropped = ProtectionMask.of(some_image(), [0]).drop(Events(none, none, none, none))
    assert not len(dropped.trial)


@pytest.mark.parametrize("address", [-1, 10**9])
def test_addresses_outside_are_refused(address: int) -> None:
    with pytest.raises(WorkbenchError, match="cannot protect address"):
        ProtectionMask.of(some_image(), [address])


def test_another_image_is_refused() -> None:
    image = some_image()
    mask = ProtectionMask.of(image, [0])
    with pytest.raises(WorkbenchError, match="is for image"):
        mask.check(image.flip([3]))
    with pytest.raises(WorkbenchError, match="pages of 256 bytes and this image has pages of 64"):
        mask.names(Image.of(image.program, page_bytes=64))


@given(where=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_damage_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, where: float, mask: int
) -> None:
    path = tmp_path_factory.mktemp("mask") / "a.mask"
    ProtectionMask.of(some_image(), [0]).save(path)
    data = bytearray(path.read_bytes())
    data[int(where * len(data))] ^= mask
    path.write_bytes(data)
    with pytest.raises(WorkbenchError):
        ProtectionMask.load(path)


@pytest.mark.parametrize(
    ("change", "payload"),
    [
        ({"image": 7}, None),
        ({"image": "short"}, None),
        ({"page_bytes": 256.0}, None),
        ({"working_bytes": -1}, None),
        ({"working_bytes": True}, None),
        ({"more": 1}, None),
        ({}, b""),
        ({"working_bytes": 3}, b"\xff"),
    ],
)
def test_contents_that_make_no_sense_are_refused(
    tmp_path: Path, change: dict[str, object], payload: bytes | None
) -> None:
    path = tmp_path / "a.mask"
    ProtectionMask.of(some_image(), [0]).save(path)
    header, kept = read_container(path, kind=KIND)
    write_container(
        path, kind=KIND, header=header | change, payload=kept if payload is None else payload
    )
    with pytest.raises(WorkbenchError, match="make it again"):
        ProtectionMask.load(path)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="cannot read"):
        ProtectionMask.load(tmp_path / "nowhere.mask")
