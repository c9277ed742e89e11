"""Images on disk: what was saved is what is loaded, and anything off is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_program, seeds

from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError
from workbench.memory.image import KIND, Image


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


@settings(max_examples=40, deadline=None)
@given(seed=seeds, page_bytes=st.sampled_from([8, 64, 256]), flips=st.integers(0, 20))
def test_a_faulty_image_survives_the_disk(
    folder: Path, seed: int, page_bytes: int, flips: int
) -> None:
    image = Image.of(random_program(seed), page_bytes=page_bytes)
    rng = np.random.default_rng(seed)
    image = image.flip(rng.integers(0, 8 * image.layout.size_bytes, flips))
    image.save(folder / "saved.image")
    loaded = Image.load(folder / "saved.image")
    assert loaded.content_hash == image.content_hash
    np.testing.assert_array_equal(loaded.flipped(), image.flipped())
    assert loaded.flip([0]).flip([0]).content_hash == image.content_hash


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damaged_files_are_refused_and_never_crash(folder: Path, data: st.DataObject) -> None:
    good = folder / "good.image"
    if not good.exists():
        Image.of(random_program(7)).save(good)
    contents = bytearray(good.read_bytes())
    if data.draw(st.booleans()):
        del contents[data.draw(st.integers(0, len(contents) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            contents[data.draw(st.integers(0, len(contents) - 1))] ^= data.draw(st.integers(1, 255))
    bad = folder / "bad.image"
    bad.write_bytes(contents)
    if bytes(contents) != good.read_bytes():
        with pytest.raises(WorkbenchError, match=r"bad\.image"):
            Image.load(bad)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layout": "packed"}, "layout 'packed'"),
        ({"page_bytes": "256"}, "not whole numbers"),
        ({"areas": [{"code": "crc32", "unit_bytes": 10}]}, "unit of 10 bytes"),
        ({"areas": 3}, "cannot be read"),
        ({"areas": [{"colour": 3}]}, "cannot be read"),
        ({"program_bytes": -1}, "not whole numbers"),
        ({"program_bytes": 0}, "payload"),
        ({"program": []}, "not a JSON object"),
        ({"more": 1}, "has a header with"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(folder: Path, change: dict, words: str) -> None:
    good, bad = folder / "fit.image", folder / "bad.image"
    Image.of(random_program(7)).save(good)
    header, payload = read_container(good, kind=KIND)
    write_container(bad, kind=KIND, header=header | change, payload=payload)
    with pytest.raises(WorkbenchError, match=words) as refused:
        Image.load(bad)
    assert "bad.image" in str(refused.value)


def test_memory_of_another_size_is_refused(folder: Path) -> None:
    good, bad = folder / "fit.image", folder / "bad.image"
    Image.of(random_program(7)).save(good)
    header, payload = read_container(good, kind=KIND)
    write_container(bad, kind=KIND, header=header, payload=payload + b"\0")
    with pytest.raises(WorkbenchError, match="bytes of memory and its program needs"):
        Image.load(bad)
    with pytest.raises(WorkbenchError, match="cannot read"):
        Image.load(folder / "missing.image")
