"""Layers that are un-pruned for a while: when, for how long, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import random_inputs, random_program, random_pruned_program, seeds
from random_strategies import random_strategy, unpruning

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.firmware.twins.equivalence import random_schedule
from workbench.healing.devices.device import Device
from workbench.healing.log import Diagnosis, Remedy, Verdict
from workbench.healing.memory_simulation import memory_changes, memory_tells_all
from workbench.healing.simulation import SimulationResult, simulate
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.variants import strategy_variant
from workbench.integer.operators import PrunedConv
from workbench.integer.pruning import with_dense
from workbench.integer.reference import run
from workbench.memory.faults.events import Event
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area
from workbench.memory.watches.modes import ModesArea

HOLD, FRAMES = 7, 60
BARE = random_program(1)
PROGRAM = with_dense(random_pruned_program(3), ())
INPUTS = random_inputs(PROGRAM, 3, FRAMES)
STRATEGY = Strategy(
    "un-prunes",
    (
        Guard(Area("crc32", unit_bytes=32), 99, (Remedy.RESTORE, Remedy.UNPRUNE)),
        Guard(ModesArea("modes", hold=HOLD), 9, (Remedy.CORRECT,)),
        Guard(Area("self-test"), 1),
        Guard(Area("flash", unit_bytes=64), 99, ()),
    ),
)
IMAGE = STRATEGY.image(PROGRAM)
CONV = next(o for o in PROGRAM.operators if isinstance(o, PrunedConv))


def _bit(tensor: str, *, golden: bool = False) -> int:
    return 8 * IMAGE.layout.place(CONV.name, tensor, golden=golden).start


def _simulated(*upsets: tuple[int, int]) -> SimulationResult:
    return simulate(IMAGE, INPUTS, [Event(*upset) for upset in upsets], STRATEGY)


def _codes(layers: tuple[str, ...], positions: list[int]) -> np.ndarray:
    """By the reference: with these layers un-pruned and these bits wrong."""
    image = Image.of(with_dense(PROGRAM, layers)).flip(positions)
    return run(image.to_program(), INPUTS)[PROGRAM.output][0]


def test_a_lost_page_un_prunes_its_layer_and_the_last_frame_prunes_it_again() -> None:
    """It is looked for in every scan, then in every 2nd, 4th, ...; each time counts anew, and after HOLD frames it ends."""
    weight, rate = _bit("kept"), PROGRAM.signal(PROGRAM.output).rate
    result = _simulated((4, weight), (4, _bit("kept", golden=True)))
    entry = result.log[0]
    assert (entry.frame, entry.remedy, entry.verdict) == (4, Remedy.UNPRUNE, Verdict.UNHEALED)
    assert [
        e for e in result.log if e.area in (1, 2)
    ] == []  # neither modes nor golden inputs alarm
    frames = result.codes.reshape(FRAMES, rate, -1)
    dense, pruned = (
        _codes(layers, [weight]).reshape(frames.shape) for layers in ((CONV.name,), ())
    )
    memory = sum(o.history for o in PROGRAM.operators if isinstance(o, PrunedConv))
    unpruned = {at + 1 + n for at in (4, 6, 8, 16, 32) for n in range(HOLD)}
    past = {frame: [frame - n in unpruned for n in range(memory + 1)] for frame in range(FRAMES)}
    settled = [frame for frame in past if all(past[frame])]
    later = [frame for frame in past if frame > 4 + memory and not any(past[frame])]
    assert settled and min(later) < 32 < max(later)
    np.testing.assert_array_equal(frames[settled], dense[settled])
    np.testing.assert_array_equal(frames[later], pruned[later])


def test_a_mode_that_is_hit_is_put_right_and_never_takes_a_remedy_for_damage() -> None:
    """Pruned it is put back, un-pruned it stays so; neither is taken for damage of anything else."""
    result = _simulated(
        (3, _bit("mode")), (20, _bit("kept")), (20, _bit("kept", golden=True)), (21, _bit("mode"))
    )
    modes = [entry for entry in result.log if entry.area == 1]
    assert [(e.frame, e.diagnosis, e.verdict) for e in modes] == [
        (3, Diagnosis.MEMORY, Verdict.HEALED), (21, Diagnosis.MEMORY, Verdict.HEALED)
    ]  # fmt: skip
    assert {entry.area for entry in result.log} == {
        0,
        1,
        3,
    }  # the guard of flash sees the golden copy


def test_a_damaged_reserve_is_known_and_not_used() -> None:
    result = _simulated((2, _bit("reserve")), (9, _bit("kept")), (9, _bit("kept", golden=True)))
    latent = next(entry for entry in result.log if entry.area == 3)
    assert (latent.frame, latent.diagnosis) == (2, Diagnosis.LATENT)
    lost = next(entry for entry in result.log if entry.area == 0)
    assert (lost.remedy, lost.verdict) == (
        Remedy.RESTORE,
        Verdict.UNHEALED,
    ) or lost.remedy == Remedy.NONE
    assert Remedy.UNPRUNE not in {entry.remedy for entry in result.log}


def test_a_damaged_sum_of_a_reserve_is_told_from_a_damaged_reserve() -> None:
    place = IMAGE.layout.place("flash_3", "sum")
    last = 8 * (place.start + place.size_bytes) - 32
    assert [entry.diagnosis for entry in _simulated((2, last)).log] == [Diagnosis.CHECK]


@settings(max_examples=25, deadline=None)
@given(seed=seeds, count=st.integers(0, 25))
def test_events_tell_what_frames_tell(seed: int, count: int) -> None:
    """Where nothing depends on what is said: memory and log by events are those frame by frame, stuck cells too."""
    program = random_pruned_program(seed)
    strategy = unpruning(seed, random_strategy(seed, program), program)
    image = strategy.image(program)
    device = Device(image, strategy, image.data)
    if not memory_tells_all(device):
        return
    upsets = random_schedule(image, seed, frames=40, count=count, stuck=seed % 2 == 1)
    upsets = tuple(each for each in upsets if not _of_state(image, each))
    result = simulate(image, random_inputs(program, seed, 40), upsets, strategy)
    memory_changes(device, upsets, 40)
    assert device.log == list(result.log)
    state = image.layout.sections["state"]
    made, expected = device.physical(), result.image.data.copy()
    made[state.start : state.stop] = expected[state.start : state.stop] = 0
    np.testing.assert_array_equal(made, expected)


def _of_state(image: Image, event: Event) -> bool:
    return bool(image.layout.sections["state"].has(np.array([event.position]))[0])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: strategy_variant("un-prune", BARE, {})[0].image(BARE), "nothing can be un-pruned, since the program is"),
        (lambda: wb.guard("modes", repair="correct", hold=0), "cannot stay un-pruned for 0 frames; choose 1 to 32,768"),
        (lambda: wb.guard("modes", "weights", repair="correct"), "modes are of all pruned layers; leave the sections out"),
        (lambda: wb.guard("modes", repair="restore"), "modes are CORRECTed, by what un-pruned them"),
        (lambda: wb.guard("abft", repair=["restore", "unprune"]), "abft cannot UNPRUNE; only guards of pages"),
        (lambda: Strategy("half", (wb.guard("crc32", repair="unprune"),)), "UNPRUNE and a guard of modes need each other"),
        (lambda: Strategy("half", (wb.guard("modes", repair="correct"),)), "UNPRUNE and a guard of modes need each other"),
        (lambda: Area("modes"), 'write ModesArea'),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(make, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        make()
