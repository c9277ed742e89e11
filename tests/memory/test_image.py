"""The image: bytes at addresses, sites both ways, flips and what they do to the program."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_program, seeds

from workbench.errors import WorkbenchError
from workbench.integer.operators import Conv
from workbench.memory.image import Image
from workbench.memory.places import SECTIONS, WORKING_SECTIONS
from workbench.memory.tensors import pack_int4, unpack_int4


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_the_clean_image_holds_the_program(seed: int) -> None:
    program = random_program(seed)
    image = Image.of(program)
    assert image.to_program().content_hash == program.content_hash
    assert not any(history.any() for history in image.states().values())
    golden = image.layout.sections["golden"]
    np.testing.assert_array_equal(image.data[golden.start : golden.stop], image.working)
    checks = image.layout.place("crc32_0", "check")
    stored = image.data[checks.start :].tobytes()
    for page in range(image.layout.pages):
        crc = int.from_bytes(stored[4 * page : 4 * page + 4], "little")
        assert crc == zlib.crc32(image.data[image.layout.page(page)].tobytes())


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_sections_cover_every_address_once_and_tensors_are_aligned(seed: int) -> None:
    layout = Image.of(random_program(seed)).layout
    assert tuple(layout.sections) == SECTIONS
    address = 0
    for section in layout.sections.values():
        assert section.start == address
        address = section.stop
    assert address == layout.size_bytes
    taken = np.zeros(layout.size_bytes, int)
    for place in layout.places:
        assert place.start % 4 == 0
        taken[place.start : place.start + place.size_bytes] += 1
    assert taken.max(initial=0) <= 1


@settings(max_examples=50, deadline=None)
@given(seed=seeds, data=st.data())
def test_every_bit_has_a_name_and_the_name_leads_back(seed: int, data: st.DataObject) -> None:
    layout = Image.of(random_program(seed)).layout
    for position in data.draw(
        st.lists(st.integers(0, 8 * layout.size_bytes - 1), min_size=1, max_size=40)
    ):
        site = layout.site(position)
        assert site.address == position // 8
        assert site.section == layout.section_at(site.address).name
        named = position in layout.positions([site.section]) if site.operator else False
        assert named == bool(site.operator)
        if site.operator:
            golden = site.section == "golden"
            back = layout.position(site.operator, site.tensor, site.index, site.bit, golden=golden)
            assert back == position


@settings(max_examples=50, deadline=None)
@given(seed=seeds, data=st.data())
def test_flip_twice_is_identity_and_flips_are_found_again(seed: int, data: st.DataObject) -> None:
    image = Image.of(random_program(seed))
    positions = data.draw(
        st.lists(st.integers(0, 8 * image.layout.size_bytes - 1), unique=True, max_size=30)
    )
    flipped = image.flip(positions)
    assert flipped.flipped().tolist() == sorted(positions)
    assert flipped.flip(positions).content_hash == image.content_hash
    assert (flipped.content_hash == image.content_hash) == (not positions)
    assert not image.flipped().size  # the clean image was unchanged


@settings(max_examples=80, deadline=None)
@given(seed=seeds, data=st.data())
def test_a_flip_changes_exactly_the_named_bit_of_the_named_element(
    seed: int, data: st.DataObject
) -> None:
    program = random_program(seed)
    image = Image.of(program)
    sections = [s for s in WORKING_SECTIONS if image.layout.sections[s].size_bytes]
    if not sections:
        return
    section = data.draw(st.sampled_from(sections))
    position = int(data.draw(st.sampled_from(image.layout.positions([section]).tolist())))
    site = image.site(position)
    changed = image.flip([position]).to_program()
    for (operator, tensor, before), (_, _, after) in zip(
        program.parameters(), changed.parameters(), strict=True
    ):
        difference = np.argwhere(before != after)
        if (operator.name, tensor) != (site.operator, site.tensor):
            assert not len(difference)
            continue
        assert [tuple(index) for index in difference] == [site.index]
        packed = isinstance(operator, Conv) and tensor == "weight" and operator.weight_bits == 4
        width = 4 if packed else 8 * before.dtype.itemsize
        xor = (int(before[site.index]) ^ int(after[site.index])) % 2**width
        assert xor == 1 << site.bit


@given(st.integers(1, 9), st.integers(1, 17), seeds)
def test_int4_packing_is_a_bijection(rows: int, columns: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(-8, 8, (rows, columns)).astype(np.int8)
    packed = pack_int4(codes)
    assert packed.shape == (rows, -(-columns // 2))
    np.testing.assert_array_equal(unpack_int4(packed, columns), codes)


def test_what_is_not_in_the_image_is_refused_by_name() -> None:
    image = Image.of(random_program(1))
    with pytest.raises(WorkbenchError, match="outside of the image"):
        image.flip([8 * image.layout.size_bytes])
    with pytest.raises(WorkbenchError, match="outside of the image"):
        image.flip([-1])
    with pytest.raises(WorkbenchError, match=r"no tensor nobody\.weight"):
        image.layout.position("nobody", "weight", (0,), 0)
    with pytest.raises(WorkbenchError, match=r"healer\.cursors; did you mean cursor\?"):
        image.layout.place("healer", "cursors")
    with pytest.raises(WorkbenchError, match="is not in it"):
        image.layout.position("healer", "cursor", (0,), 32)
    assert not len(image.layout.positions(["golden"], operators=["nobody"]))
    with pytest.raises(WorkbenchError, match="multiple of 8"):
        Image.of(random_program(1), page_bytes=10)
