"""Two guards of the same bytes: refused exactly where a damaged golden copy lets them undo each other's repairs."""

from collections import Counter
from itertools import combinations

import pytest
from programs import random_program

from workbench.errors import WorkbenchError
from workbench.healing.devices.boot import booted
from workbench.healing.devices.device import Device
from workbench.healing.log import Remedy
from workbench.healing.strategies import strategy as composed
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area

PROGRAM = next(
    p
    for p in map(random_program, range(99))
    if Image.of(p).layout.sections["weights"].size_bytes > 200
)
HIT = 8 * 70 + 6  # a bit of the second unit of 64 bytes
FRAMES = 400
CORRECT, RESTORE = Remedy.CORRECT, Remedy.RESTORE


def _pages(code: str, *ladder: Remedy, keep: str = "flash") -> Guard:
    return Guard(Area(code, ("weights",), 64, keep=keep), 8, ladder)


GUARDS = {
    "golden": _pages("golden", RESTORE),
    "golden that reboots": _pages("golden", Remedy.REBOOT),
    "golden that only tells": _pages("golden"),
    "pq": _pages("pq", CORRECT, RESTORE),
    "pq in RAM": _pages("pq", CORRECT, RESTORE, keep="ram"),
    "pq that only tells": _pages("pq"),
    "words in RAM": _pages("secded64", CORRECT, keep="ram"),
    "words in place": _pages("in-place64", CORRECT),
    "crc": _pages("crc32", RESTORE),
    "crc in RAM": _pages("crc32", RESTORE, keep="ram"),
    "crc in RAM that reboots": _pages("crc32", Remedy.REBOOT, keep="ram"),
    "triple": Guard(Area("triple", addresses=(70, 75, 99)), 1, (CORRECT,)),
    "self-test": Guard(Area("self-test")),
}


@pytest.mark.parametrize("pair", list(combinations(GUARDS, 2)), ids=" and ".join)
def test_a_pair_is_refused_where_it_would_fill_the_log(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = Strategy("pair", tuple(GUARDS[name] for name in pair))
    try:
        strategy.layout(PROGRAM)
        refused = ""
    except WorkbenchError as error:
        refused = str(error)
    monkeypatch.setattr(composed, "refuse_conflicts", lambda guards, watches: None)
    image = strategy.image(PROGRAM)
    most = max(_most_entries(strategy, image, before=before) for before in (True, False))
    assert most > 10 if refused else most <= 2
    assert not refused or "each undoes the other's repairs" in refused


def _most_entries(strategy: Strategy, image: Image, *, before: bool) -> int:
    """Of one unit, after a bit of the golden copy was damaged, which start-up reads or not."""
    bit = HIT + 8 * image.layout.sections["golden"].start
    start = booted(image.flip([bit])) if before else image
    device = Device(start, strategy, image.data)
    device.flip([] if before else [bit])
    device.wait(FRAMES)
    return max(Counter((entry.area, entry.unit) for entry in device.log).values(), default=0)


def test_guards_of_other_bytes_do_not_conflict() -> None:
    rest = Guard(Area("golden", ("bias",), 8), 1)
    triple = Guard(Area("triple", addresses=(70,)), 1, (CORRECT,))
    biases = Guard(Area("pq", ("bias",), 8), 1, (CORRECT,))
    Strategy("apart", (GUARDS["pq"], rest)).layout(PROGRAM)
    Strategy("apart", (triple, biases)).layout(PROGRAM)
    message = r"guards conflict: triple repairs .*weight from what start-up found and golden"
    with pytest.raises(WorkbenchError, match=message):
        Strategy("same", (rest, triple, GUARDS["golden"])).layout(PROGRAM)
