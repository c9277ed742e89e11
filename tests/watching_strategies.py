"""Random strategies with monitors of behaviour, whose baselines are a little too narrow for a clean program."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from programs import random_inputs
from random_strategies import random_strategy

from workbench.errors import WorkbenchError
from workbench.healing.log import Remedy
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.integer.program import Program
from workbench.integer.reference import run
from workbench.integer.signals import code_range
from workbench.memory.watches.areas import Area
from workbench.memory.watches.behaviour import HASH_DIGITS
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.memory.watches.conditioned import ConditionedArea
from workbench.memory.watches.conditions import conditions_of
from workbench.memory.watches.fade import FadeArea
from workbench.memory.watches.frame_features import features_of
from workbench.memory.watches.input_check import InputCheck
from workbench.memory.watches.input_codes import rows_of
from workbench.memory.watches.input_gain import InputGain
from workbench.memory.watches.input_rhythm import InputRhythm
from workbench.memory.watches.input_voice import InputVoice

FRAMES = 6


def random_markers(rng: np.random.Generator, program: Program) -> BehaviourArea:
    """Ranges about as wide as those of a few clean frames, now and then narrower."""
    made = [operator.target for operator in program.operators]
    names = [str(n) for n in rng.permutation(made)[: rng.integers(1, len(made) + 1)]]
    codes = run(program, random_inputs(program, int(rng.integers(2**32)), FRAMES))
    baseline: list[int] = []
    for name in names:
        low, high = code_range(program.signal(name).bits)
        margin = int(rng.integers(-4, 3))
        seen = codes[name][0].astype(np.int64)
        baseline += np.clip(seen.min(axis=0) - margin, low, high).tolist()
        baseline += np.clip(seen.max(axis=0) + margin, low, high).tolist()
    return BehaviourArea(
        "hidden-markers",
        program=program.content_hash[:HASH_DIGITS],
        signals=tuple(names),
        baseline=(*baseline, *map(int, rng.integers(0, 5, len(names)))),
        **_limits(rng),
    )


def random_sanity(rng: np.random.Generator, program: Program) -> BehaviourArea:
    """Of any signal; the most of a few clean frames, or a little less."""
    made = [operator.target for operator in program.operators]
    name = str(made[rng.integers(len(made))])
    codes = run(program, random_inputs(program, int(rng.integers(2**32)), FRAMES))
    seen = features_of(codes[name][0], program.signal(name)).max(axis=0)
    high = seen * int(rng.integers(6, 10)) // 8
    return BehaviourArea(
        "sound-sanity",
        program=program.content_hash[:HASH_DIGITS],
        signals=(name,),
        baseline=(*high.tolist(), *map(int, rng.integers(0, 5, len(high)))),
        **_limits(rng),
    )


def random_kl(rng: np.random.Generator, program: Program) -> ConditionedArea:
    """Of any signal, by any input that chooses rows, with histograms that have little to do with its codes."""
    made = [operator.target for operator in program.operators]
    signal = program.signal(str(made[rng.integers(len(made))]))
    condition, classes, of_row = _condition(rng, program)
    low, high = code_range(signal.bits)
    centre = rng.integers(low // 8, high // 8 + 1, classes * signal.channels)
    shift = rng.integers(max(signal.bits - 7, 0), signal.bits - 2, signal.channels)
    usual = rng.integers(30, 250, classes * 16)
    numbers = [*of_row, *centre, *shift, *usual, rng.integers(0, 4), rng.integers(0, 5)]
    return ConditionedArea(
        "kl-watch",
        program=program.content_hash[:HASH_DIGITS],
        signals=(signal.name,),
        baseline=tuple(map(int, numbers)),
        condition=condition,
        classes=classes,
        drift=int(rng.integers(0, 400)),
        limit=int(rng.integers(1, 800)),
        again=int(rng.choice([0, 1, 4, 100])),
    )


def _condition(rng: np.random.Generator, program: Program) -> tuple[str, int, list[int]]:
    """An input, if there is one, how many classes it tells, and the class of each of its rows."""
    known = conditions_of(program)
    if not known or rng.random() < 0.2:
        return "", 1, []
    name = str(rng.choice(sorted(known)))
    classes = int(rng.integers(1, 4))
    return name, classes, rng.integers(0, classes, known[name]).tolist()


def random_watchdog(rng: np.random.Generator, program: Program) -> BehaviourArea:
    """Ranges as of `random_markers`, and a network of any weights whose scores go up and down."""
    markers = random_markers(rng, program)
    features, units = 2 * len(markers.signals), int(rng.integers(1, 5))
    network = [
        rng.integers(-40, 128, units * features),
        rng.integers(-200, 50, units),
        rng.integers(-30, 128, units),
        rng.integers(-2000, 500, 1),
        rng.integers(0, 6, 2),
    ]
    learned = (*markers.baseline, *(int(each) for part in network for each in part))
    return replace(markers, code="watchdog", baseline=learned)


def random_quant(rng: np.random.Generator, program: Program) -> ConditionedArea:
    """Trees of any tests, whose shares have little to do with what falls into them."""
    condition, classes, of_row = _condition(rng, program)
    feature = rng.integers(-6, 6, classes * 15)
    edge, share = rng.integers(0, 480, classes * 15), rng.integers(0, 2048, classes * 16)
    numbers = [*of_row, *feature, *edge, *share, rng.integers(0, 6)]
    return _of_features(rng, program, "qt-ewma", condition, classes, numbers)


def random_hinkley(rng: np.random.Generator, program: Program) -> ConditionedArea:
    """With a running mean."""
    return random_drift(rng, program, int(rng.integers(1, 9)))


def random_drift(rng: np.random.Generator, program: Program, rate: int = 0) -> ConditionedArea:
    """Means and spreads that have little to do with the features."""
    condition, classes, of_row = _condition(rng, program)
    usual, gain = rng.integers(0, 480, classes * 6), rng.integers(0, 60, classes * 6)
    numbers = [*of_row, *usual, *gain, rng.integers(0, 30), rate]
    name = "page-hinkley" if rate else "feature-cusum"
    return _of_features(rng, program, name, condition, classes, numbers)


def _of_features(
    rng: np.random.Generator,
    program: Program,
    code: str,
    condition: str,
    classes: int,
    numbers: list[Any],
) -> ConditionedArea:
    made = [operator.target for operator in program.operators]
    return ConditionedArea(
        code,
        program=program.content_hash[:HASH_DIGITS],
        signals=(str(made[rng.integers(len(made))]),),
        baseline=tuple(map(int, numbers)),
        condition=condition,
        classes=classes,
        drift=int(rng.integers(0, 400)),
        limit=int(rng.integers(1, 800)),
        again=int(rng.choice([0, 1, 4, 100])),
    )


def random_inputs_check(rng: np.random.Generator, program: Program) -> BehaviourArea:
    """Of some inputs; what a few frames have is known, and of all else about half, or all of it."""
    names = [str(n) for n in rng.permutation(program.inputs)[: rng.integers(1, 4)]]
    names = [name for name in program.inputs if name in names]
    inputs = random_inputs(program, int(rng.integers(2**32)), FRAMES)
    kind = InputCheck("input-check")
    learned = np.array(kind.learn(program, names, [{n: inputs[n][0] for n in names}]))
    learned[:-1] |= rng.integers(-128, 128, len(learned) - 1) & rng.integers(-128, 128)
    if rng.random() < 0.5:
        learned[:-1], learned[-1] = -1, 2**15 - 1
    return BehaviourArea(
        "input-check",
        program=program.content_hash[:HASH_DIGITS],
        signals=tuple(names),
        baseline=tuple(map(int, learned)),
        **_limits(rng),
    )


def random_gain(rng: np.random.Generator, program: Program) -> BehaviourArea:
    """Of an input that is a sound, which is a little louder or less loud than what is usual."""
    sounds = InputGain("input-gain").watchable(program)
    if not sounds:
        return random_markers(rng, program)
    return BehaviourArea(
        "input-gain",
        program=program.content_hash[:HASH_DIGITS],
        signals=(str(rng.choice(sounds)),),
        baseline=(int(rng.integers(0, 400)), int(rng.integers(0, 200))),
        **{**_limits(rng), "again": int(rng.choice([0, 4, 20, 100]))},
    )


def random_rhythm(rng: np.random.Generator, program: Program) -> BehaviourArea:
    """Of all inputs that choose rows, which last about as long as usual or do not."""
    names = InputRhythm("input-rhythm").watchable(program)
    if not names:
        return random_markers(rng, program)
    rows = sum(rows_of(program, name) for name in names)
    usual = [*rng.integers(0, 100, rows), *rng.integers(-40, 60, 2 * len(names))]
    return BehaviourArea(
        "input-rhythm",
        program=program.content_hash[:HASH_DIGITS],
        signals=names,
        baseline=tuple(map(int, usual)),
        **_limits(rng),
    )


def random_voice(rng: np.random.Generator, program: Program) -> BehaviourArea:
    """Of a front end, whose codes differ about as usual or do not."""
    made = InputVoice("input-voice").watchable(program)
    if not made:
        return random_markers(rng, program)
    signal = program.signal(str(rng.choice(made)))
    count = signal.rate * signal.channels - 1
    ranges = np.sort(rng.integers(-(2**13), 2**13, (count, 2)), axis=1)
    numbers = [*rng.integers(-9, 10, count), *ranges.reshape(-1), rng.integers(-200, 50)]
    return BehaviourArea(
        "input-voice",
        program=program.content_hash[:HASH_DIGITS],
        signals=(signal.name,),
        baseline=tuple(map(int, numbers)),
        **_limits(rng),
    )


MAKERS: list[Callable[[np.random.Generator, Program], BehaviourArea]] = [
    random_markers,
    random_sanity,
    random_kl,
    random_watchdog,
    random_quant,
    random_drift,
    random_hinkley,
    random_inputs_check,
    random_gain,
    random_rhythm,
    random_voice,
]  # an area of each kind of monitor


def watching_strategy(seed: int, program: Program) -> Strategy:
    """Monitors and up to three guards, some of which look only when asked."""
    rng = np.random.default_rng([seed, 7])
    while True:
        ladder = (Remedy.RESET,) if rng.random() < 0.8 else ()
        makers = [MAKERS[n] for n in rng.permutation(len(MAKERS))[: rng.integers(1, 4)]]
        if seed % 2 and InputVoice("input-voice").watchable(program):  # few programs have one
            makers = [random_voice, *(make for make in makers if make != random_voice)][:3]
        monitors = [_monitor(rng, make(rng, program), ladder) for make in makers]
        others = random_strategy(int(rng.integers(2**32)), program)
        guards = [_asked(rng, guard) for guard in others.guards]
        if rng.random() < 0.3:
            guards = [Guard(Area("golden", unit_bytes=64), 0)]
        if rng.random() < 0.4 and not others.spare_pages:
            fade = FadeArea("fade", frames=int(rng.integers(1, 5)))
            guards = [*(g for g in guards if not g.area.kind.fades), Guard(fade, ladder=())]
        if rng.random() < 0.4 and not others.spare_pages:
            guards.append(
                Guard(Area("self-test", moments=2), int(rng.integers(0, 2)), every_frames=5)
            )
        for monitor in monitors:
            guards.insert(int(rng.integers(len(guards) + 1)), monitor)
        stay = any(not guard.area.kind.stream for guard in guards)
        try:
            strategy = Strategy(
                f"watching {seed}", tuple(guards), others.policy if stay else Policy(),
                spare_pages=others.spare_pages,
            )  # fmt: skip
            strategy.image(program)
        except WorkbenchError:
            continue
        return strategy


def _monitor(rng: np.random.Generator, area: BehaviourArea, ladder: tuple[Remedy, ...]) -> Guard:
    if area.kind.corrects_inputs and ladder:
        ladder = (Remedy.RECALIBRATE,)
    return Guard(area, ladder=ladder)


def _asked(rng: np.random.Generator, guard: Guard) -> Guard:
    only = rng.random() < 0.5 and not guard.area.kind.stream
    return replace(guard, per_frame=0) if only else guard


def _limits(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "drift": int(rng.integers(0, 5)),
        "limit": int(rng.integers(1, 12)),
        "again": int(rng.choice([0, 1, 4, 100])),
    }
