"""What syndromes say of many faults is what reading memory again says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_program

from workbench.errors import WorkbenchError
from workbench.memory.image import Image, flip_bits
from workbench.memory.watches.areas import CODES, Area
from workbench.memory.watches.pages import PageWatch
from workbench.memory.watches.syndromes import detected, faults_in_a_unit

PROGRAM = next(
    p
    for p in map(random_program, range(99))
    if Image.of(p).layout.sections["weights"].size_bytes > 300
)


@pytest.mark.parametrize("code", [c for c in CODES if not c.startswith("in-place")])
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), flips=st.integers(1, 6), together=st.booleans())
def test_syndromes_equal_reading_again(code: str, seed: int, flips: int, together: bool) -> None:
    image = Image.of(PROGRAM, areas=(Area(code, ("weights",), 64),))
    (watch,) = image.layout.watches
    assert isinstance(watch, PageWatch)
    rng = np.random.default_rng(seed)
    if together:
        faults = faults_in_a_unit(watch, flips, 8, rng)
    else:
        bits = 8 * (watch.stop - watch.start)
        faults = np.array([rng.choice(bits, flips, replace=False) for _ in range(8)])
    seen = detected(watch, image.data, faults)
    for fault, answer in zip(faults, seen, strict=True):
        data = image.data.copy()
        flip_bits(data, fault)
        assert answer == any(watch.wrong(data, unit) for unit in range(watch.units))


def test_flips_elsewhere_are_refused() -> None:
    image = Image.of(PROGRAM, areas=(Area("xor", ("weights",), 64),))
    with pytest.raises(WorkbenchError, match="outside of what xor_0 watches"):
        detected(image.layout.watches[0], image.data, np.array([[8 * image.layout.working_bytes]]))
