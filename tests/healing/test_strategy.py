"""What cannot work is refused when it is composed, with the reason and what fits."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from programs import random_program, random_pruned_program, seeds
from random_strategies import random_strategy

from workbench.errors import WorkbenchError
from workbench.healing.devices.device import Device
from workbench.healing.log import Remedy
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.named import NAMED, crc_scrub, named
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area

ZERO, CORRECT, REPEAT, RESTORE = Remedy.ZERO, Remedy.CORRECT, Remedy.REPEAT, Remedy.RESTORE
RELOCATE = Remedy.RELOCATE
BIG = next(p for p in map(random_program, range(99)) if Image.of(p).layout.working_bytes > 1000)
ZEROES = Guard(Area("parity", keep="ram"), ladder=(ZERO,))
PRUNED = random_pruned_program(3)
BARE = next(
    p for p in map(random_program, range(99)) if not Image.of(p).layout.sections["table"].size_bytes
)
EVEN = next(
    p
    for p in map(random_program, range(99))
    if (size := Image.of(p).layout.working_bytes) > 8 and -(-size // 8) % 2 == 0
)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Area("md5"), "no code 'md5'; choose one of xor"),
        (lambda: Area("crc32", second="triple"), "no signature that could be a second check"),
        (lambda: Area("crc32", keep="tape"), "cannot lie in 'tape'; choose flash or ram"),
        (lambda: Area("crc32", ("weights", "shift")), "do not follow each other"),
        (lambda: Area("crc32", unit_bytes=100), "unit of 100 bytes .* like 96"),
        (lambda: Area("in-place256", ("weights",), 8), "cut the words of in-place256"),
        (lambda: Area("in-place64"), "which only weights bear"),
        (lambda: Area("radar", ("weights",), second="xor"), "choose crc16 or crc32"),
        (lambda: Guard(Area("crc32"), ladder=(ZERO,)), 'write keep="ram"'),
        (lambda: Guard(Area("crc32", keep="ram"), ladder=(CORRECT,)), "code that does: pq, secded64"),
        (lambda: Guard(Area("crc32"), ladder=(REPEAT,)), "only abft can REPEAT"),
        (lambda: Guard(Area("crc32"), ladder=(RESTORE, RESTORE)), "a rung twice"),
        (lambda: Guard(Area("crc32"), ladder=(Remedy.RESIGN,)), "RESIGN, which is no rung; choose from Remedy's CORRECT"),
        (lambda: Guard(Area("crc32"), ladder=("restore",)), "'restore', which is no rung"),
        (lambda: Guard(Area("crc32"), ladder=RESTORE), r"single remedy; write \(Remedy.RESTORE,\)"),
        (lambda: Guard(Area("crc32"), per_frame=1.5), "per_frame is 1.5; write a whole number"),
        (lambda: Policy(heals=2.0), "heals is 2.0; write a whole number"),
        (lambda: Area("crc32", unit_bytes="256"), "unit_bytes is '256'; write a whole number"),
        (lambda: Area("crc32", "weights"), r"is the text 'weights'; write \('weights',\)"),
        (lambda: Area("crc32", ("wieghts",)), "no section 'wieghts'; did you mean weights\\?"),
        (lambda: Strategy("one", Guard(Area("crc32"))), "guards is a single guard; write a tuple"),
        (
            lambda: Strategy("bare", (Guard(Area("crc32", ("table",))),)).image(BARE),
            "this program has nothing in table; leave that guard out",
        ),
        (lambda: Guard(Area("abft"), ladder=(Remedy.REBOOT,)), "abft can RESTORE"),
        (lambda: Guard(Area("triple", addresses=(3,))), "by majority, and nothing else"),
        (lambda: Guard(Area("golden"), ladder=(CORRECT,)), "golden cannot CORRECT"),
        (
            lambda: Guard(Area("radar", ("weights",), keep="ram"), ladder=(Remedy.CLIP,)),
            "have no neighbours",
        ),
        (lambda: Area("crc32", moments=2), "nothing else has any"),
        (lambda: Area("self-test", ("weights",)), "leave out its sections"),
        (lambda: Guard(Area("self-test"), 2), "more moments"),
        (lambda: Area("self-test", keep="ram"), "self-test has no use for keep='ram'"),
        (lambda: Area("golden", second="crc16"), "golden has no use for second='crc16'"),
        (lambda: Area("crc32", columns=9), "crc32 has no use for columns=9"),
        (lambda: Area("crc32", addresses=(1,)), "no use for addresses"),
        (lambda: Area("abft", columns=0), "with 0 columns; choose at least 1"),
        (lambda: Guard(Area("self-test"), ladder=(CORRECT,)), "self-test cannot CORRECT"),
        (lambda: Guard(Area("abft"), every_frames=2), "abft sees all frames"),
        (lambda: Guard(Area("crc32"), every_frames=0), "check every 0 frames"),
        (lambda: Policy(persistence=0), "persistence cannot be 0; choose 1 to 255"),
        (lambda: Policy(heals=-1), "heals cannot be -1"),
        (
            lambda: Strategy(
                "twice",
                (
                    Guard(Area("parity", keep="ram"), ladder=(ZERO,)),
                    Guard(Area("crc16", keep="ram"), ladder=(ZERO,)),
                ),
            ),
            "that crc16 then reports as corrupted; give each its own sections",
        ),
        *(
            (lambda other=other: Strategy("one", (ZEROES, other)), "then reports as corrupted")
            for other in (
                Guard(Area("crc32"), ladder=()),
                Guard(Area("pq", keep="ram"), ladder=(CORRECT,)),
                Guard(Area("golden")),
                Guard(Area("abft")),
                Guard(Area("triple", addresses=(3,)), ladder=(CORRECT,)),
                Guard(Area("self-test")),
            )
        ),
        (
            lambda: Strategy("many", (Guard(Area("golden", ("bias",))),) * 256),
            "256 guards are more than a log can tell apart",
        ),
        (
            lambda: Strategy("eager", (Guard(Area("abft")),), Policy(heals=1)),
            "monitors act within the frame and know no policy",
        ),
        (
            lambda: Strategy("two", (Guard(Area("abft")), Guard(Area("abft")))),
            "one guard of abft",
        ),
        (
            lambda: Strategy("hope", (Guard(Area("crc32")),), Policy(validate=True)),
            'add a guard of Area."self-test"',
        ),
        (
            lambda: Strategy("odd", (Guard(Area("crc32", unit_bytes=8), stride=2),)).image(EVEN),
            "would never check some of its .* a stride of 1 reaches all",
        ),
        (lambda: Strategy("none", spare_pages=2), "do not go with these ladders"),
        (
            lambda: Strategy("stuck", (Guard(Area("crc32"), 1, (RELOCATE,)),)),
            "0 spare pages do not go",
        ),
        (
            lambda: Strategy("two sizes", (Guard(Area("crc32", ("weights",)), 1, (RELOCATE,)),
                Guard(Area("crc32", ("bias",), 64)),), spare_pages=1),
            "guards need pages of one size",
        ),
        (lambda: Guard(Area("abft"), 1, (RELOCATE,)), "abft can RESTORE"),
        (
            lambda: Strategy("big", (Guard(Area("crc32", unit_bytes=8192)),)).image(BIG),
            "larger than weights .* use at most",
        ),
        (
            lambda: Strategy("big", (Guard(Area("golden", unit_bytes=2**40)),)).image(BIG),
            "larger than weights .* use at most",
        ),
        (
            lambda: Strategy("thin", (Guard(Area("abft", columns=999)),)).image(BIG),
            "abft would watch nothing",
        ),
        (
            lambda: Strategy("mean", (Guard(Area("parity", ("bias",), keep="ram"), ladder=(Remedy.CLIP,)),)).image(BIG),
            "has 16-bit values, which have no neighbours byte by byte",
        ),
        (
            lambda: Strategy("far", (Guard(Area("triple", addresses=(10**6,)), 1, (CORRECT,)),)).image(BIG),
            "byte 1000000 cannot be kept in triple",
        ),
        (
            lambda: Strategy("no", (Guard(Area("triple"), 1, (CORRECT,)),)).image(BIG),
            "triple copies of no bytes",
        ),
        (lambda: Strategy("two", (Guard(Area("crc32")),), versions=2), "2 versions in flash do not go"),
        (
            lambda: Strategy("two", (Guard(Area("crc32", keep="ram"), 1, (Remedy.FALL_BACK,)),), versions=2).image(BIG),
            "crc32 cannot prove a version",
        ),
        (
            lambda: Strategy("two", (Guard(Area("in-place64", ("weights",), second="crc32"), 1, (Remedy.FALL_BACK,)),),
                versions=2).image(BIG),
            "in-place64 cannot prove a version",
        ),
        (
            lambda: Strategy("two", (Guard(Area("crc32", ("weights",), 64), 1, (Remedy.FALL_BACK,)),), versions=2).image(BIG),
            "bytes of a version have no check",
        ),
        (
            lambda: Strategy("two", (Guard(Area("crc32", unit_bytes=64), 1, (Remedy.FALL_BACK,)), Guard(Area("flash"), 1, ())),
                versions=2).image(BIG),
            "pages of flash are not looked through",
        ),
        (
            lambda: fitted(named("versions"), PRUNED).image(PRUNED),
            "weights in reserve, of layers .* choose a strategy of one version",
        ),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        make()


def test_a_device_of_another_strategy_is_refused() -> None:
    image = Image.of(BIG)
    with pytest.raises(WorkbenchError, match="no checks for the strategy xor-scrub; make it with"):
        Device(image, named("xor-scrub"), image.data)
    Device(image, crc_scrub(), image.data)


@pytest.mark.parametrize("name", NAMED)
def test_every_named_strategy_makes_a_clean_image(name: str) -> None:
    strategy = named(name)
    assert strategy.name == name
    try:
        image = strategy.image(BIG)
    except WorkbenchError as error:  # small sections, packed weights
        small = "which have" in str(error) and name not in ("interpolate", "clip")
        assert small or "4-bit values, which have no neighbours" in str(error)
        return
    device = Device(image, strategy, image.data)
    assert not any(device.suspect) and not len(device.wrong)
    assert device.heal() is False and device.log == []


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_waiting_at_once_is_waiting_frame_by_frame(seed: int) -> None:
    """Whatever the healer's variables are: flips leave them anywhere."""
    program = random_program(seed)
    if not Image.of(program, areas=()).layout.working_bytes:
        return
    strategy = random_strategy(seed, program)
    image = strategy.image(program)
    one, many = (Device(image, strategy, image.data) for _ in range(2))
    healer = image.layout.sections["healer"]
    rng = np.random.default_rng(seed)
    flips = rng.integers(8 * healer.start, 8 * healer.stop, 40).tolist()
    for device in (one, many):
        device.flip(flips)
    quiet = one.quiet_frames()  # flips of the map move pages, and then there is something to find
    frames = int(rng.integers(1, 300)) if quiet is None else quiet
    one.skip(frames)
    for _ in range(frames):
        many.heal()
    np.testing.assert_array_equal(one.data, many.data)
    assert one.log == many.log == []
