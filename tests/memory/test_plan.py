"""Plans and identifiers as text: read back, held to their hash, refused in one sentence."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from fault_plans import MAKERS
from hypothesis import given
from hypothesis import strategies as st
from programs import random_inputs, random_program

from workbench.errors import WorkbenchError
from workbench.integer.biases import with_wide_biases
from workbench.memory.faults.bits import Bits, Each, Flips, Stuck
from workbench.memory.faults.events import CLEAR, Events
from workbench.memory.faults.fault_registry import register
from workbench.memory.faults.model import FaultModel
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.rates import Ber, Retention, Weak
from workbench.memory.faults.space import Burst, Mbu
from workbench.memory.faults.time import Arrive, Transient
from workbench.memory.faults.transients import ALL_SECTIONS, Sites
from workbench.memory.image import Image
from workbench.memory.trials.truth import play

# Made by these functions at version 0.1.0 for random_program(4), with 4 bytes a bias: identifiers are kept for years.
GOLDEN = {
    "each=set,frame=2": [[2], [3], [2]],
    "flips=6,seed=7": [[0, 0, 0, 0, 0, 0], [28, 579, 3728, 4173, 5860, 6510], [0, 0, 0, 0, 0, 0]],
    "stuck=4,at=either,seed=7": [[0, 0, 0, 0], [389, 1040, 4293, 4527], [1, 2, 1, 2]],
    "ber=0.001,seed=7": [[0, 0, 0, 0, 0], [19, 811, 900, 1858, 5821], [0, 0, 0, 0, 0]],
    "retention=0.002,zeros=0.0005,seed=7": [
        [0, 0, 0, 0, 0],
        [314, 1839, 2689, 3941, 4394],
        [0, 0, 0, 0, 0],
    ],
    "weak=0.542,chip=vc707,at=either,seed=11": [[0, 0], [2521, 6036], [1, 1]],
    "burst=5,seed=7": [[0, 0, 0, 0, 0], [4187, 4188, 4189, 4190, 4191], [0, 0, 0, 0, 0]],
    "mbu=5,word=8,interleave=2,seed=7": [
        [0, 0, 0, 0, 0],
        [4021, 4037, 4044, 4060, 4076],
        [0, 0, 0, 0, 0],
    ],
    "square=4,seed=7": [
        [0] * 16,
        [row + bit for row in (3608, 3616, 3624, 3632) for bit in range(4)],
        [0] * 16,
    ],
    "fluence=0.001,seed=7": [[0] * 5, [754, 1015, 3315, 4670, 4814], [0] * 5],
    "poisson=60.0Hz,frames=9,of=stuck=1:at=either,flash=0.01,speed=1.0,seed=7": [
        [2, 3, 5, 5, 7, 7, 8],
        [7869, 7003, 3874, 5471, 1523, 7885, 1762],
        [2, 0, 2, 2, 1, 2, 2],
    ],
    "poisson=40.0Hz,frames=9,of=mbu=2:word=8:interleave=2,flash=0.01,speed=1.0,seed=7": [
        [3, 3, 4, 4, 8, 8, 8, 8],
        [7735, 7742, 6528, 6544, 1766, 1782, 6371, 6379],
        [0] * 8,
    ],
    "transient=4,frames=9,seed=7": [[0, 4, 6, 6], [18514, 15789, 15337, 17083], [0, 0, 0, 0]],
    "arrive=1e-05,frames=9,speed=200000000.0,seed=7": [
        [0, 0, 0, 0, 1, 1, 2, 4, 4, 4, 4, 4, 5, 6, 6, 6, 7, 7, 8, 8, 8, 8],
        [
            726,
            2476,
            3471,
            4552,
            802,
            2469,
            6016,
            339,
            709,
            2123,
            2516,
            6019,
            7292,
            1888,
            2592,
            6560,
            5685,
            6424,
            1605,
            5725,
            5833,
            6671,
        ],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
}

labels = st.text(min_size=1, max_size=8)
models = st.builds(
    lambda name, seed: MAKERS[name](np.random.default_rng(seed)),
    st.sampled_from(sorted(MAKERS)),
    st.integers(0, 2**32),
)
plans = st.builds(
    Plan,
    model=models,
    seed=st.integers(0, 2**32),
    sections=st.lists(st.sampled_from(ALL_SECTIONS), unique=True, max_size=3).map(tuple),
    operators=st.lists(labels, max_size=3).map(tuple),
    bits=st.lists(st.integers(0, 31), max_size=3).map(tuple),
)


@given(plan=plans, word=labels, index=st.integers(0, 2**40), digest=st.integers(0, 16**12 - 1))
def test_an_identifier_reads_back(plan: Plan, word: str, index: int, digest: int) -> None:
    trial = TrialId(f"{digest:012x}", word, plan, index)
    text = str(trial)
    assert TrialId.parse(text) == trial and Plan.parse(str(plan)) == plan
    assert text.isascii() and not set(text) & set(" \n'\"$&;/\\")


def other_number(value: Any, rng: np.random.Generator) -> Any:
    """The same in another type."""
    if isinstance(value, tuple):
        return np.array(value) if rng.random() < 0.5 else [other_number(v, rng) for v in value]
    if isinstance(value, str):
        return np.str_(value)
    if isinstance(value, FaultModel):
        return value
    kinds: list[Any] = [np.float64, Fraction] if isinstance(value, float) else [np.int64, np.uint32]
    if value == int(value):
        kinds += [int] if isinstance(value, float) else [np.int16]
    return kinds[rng.integers(len(kinds))](value)


@given(model=models, seed=st.integers(0, 2**32))
def test_a_model_is_the_same_whatever_its_numbers_are(model: FaultModel, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fields = {name: other_number(value, rng) for name, value in vars(model).items()}
    made = type(model)(**fields)
    assert (made, hash(made), str(made)) == (model, hash(model), str(model))


def test_models_of_whole_numbers_and_short_floats_read_back() -> None:
    short: Any = np.float32(1e-5)
    for model in (Ber(1), Ber(-0.0), Ber(short), Arrive(2000000, 4, 1), Retention(0, 1)):
        again = Plan.parse(str(Plan(model))).model
        assert (again, str(again), hash(again)) == (model, str(model), hash(model))


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (Flips, (1.5,), r"cannot have flips=1\.5"),
        (Flips, ("many",), "cannot have flips='many'"),
        (Ber, ("high",), "cannot have ber='high'"),
        (Ber, (10**400,), "cannot have ber=1000"),
        (Bits, (4,), "cannot have bits=4"),
        (Transient, (1, None), "cannot have frames=None"),
    ],
)
def test_fields_that_are_no_numbers_are_refused(kind: Any, fields: Any, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        kind(*fields)


@pytest.mark.parametrize(
    "text",
    ["", "0123456789ab", "0123456789ab,word=3,flips=1,seed=1", "0123456789ab,word=3,flips=1,trial=x",
     "0123,word=3,flips=1,seed=1,plan=0,trial=0", "0123456789ab,word=3,flips=1,plan=0,trial=-1"],
)  # fmt: skip
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(WorkbenchError, match="not the identifier of a trial"):
        TrialId.parse(text)


def test_an_altered_plan_is_refused() -> None:
    text = str(TrialId("0123456789ab", "3", Plan(Flips(5), 1), 0))
    TrialId.parse(text)
    for altered in (text.replace("flips=5", "flips=6"), text.replace("plan=", "plan=0")):
        with pytest.raises(WorkbenchError, match=r"has the hash .* and the identifier says"):
            TrialId.parse(altered)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a plan"),
        ("flips", "is not a plan"),
        ("flips=1,flips=2", "is not a plan"),
        ("seed=1,flips=1", "no fault model 'seed'"),
        ("gremlins=3", "no fault model 'gremlins'"),
        ("flips=many", "cannot have flips=many; write a whole number"),
        ("ber=x", "cannot have ber=x; write a number, as 1e-5"),
        ("bits=1+x", r"cannot have bits=1\+x; write whole numbers with \+ between them"),
        ("flips=1,seed=x", "are whole numbers"),
        ("flips=1,more=1", "has no use for more"),
        ("transient=3", r"transient needs frames="),
        ("flips=-1", "cannot flip -1 bits"),
        ("each=melt", "each=melt is unknown"),
        ("each=flip,frame=-1", "no frame -1"),
        ("stuck=2,at=2", "cannot be stuck at 2"),
        ("stuck=-2", "cannot have -2 stuck cells"),
        ("bits=4+4", "named twice"),
        ("ber=1.5", "a bit-error rate of 1.5 is not possible"),
        ("ber=nan", "a bit-error rate of nan is not possible"),
        ("retention=0.1,zeros=-1", "the loss of zeros of -1.0 is not possible"),
        ("weak=0.3", "did not work at 0.3 V; its cells are known from 0.54 V"),
        ("weak=0.55,chip=z80", "no measured weak cells of 'z80'"),
        ("weak=0.55,at=2", "cannot prefer 2"),
        ("burst=0", "a burst of 0 bits"),
        ("mbu=0", "an upset of 0 cells"),
        ("mbu=2,word=0", "a word of 0 is not possible"),
        ("mbu=2,interleave=0", "an interleaving of 0 is not possible"),
        ("transient=-1,frames=3", "cannot flip -1 bits"),
        ("transient=1,frames=0", "no time in 0 frames"),
        ("arrive=fast,frames=3", "'fast' is no rate of upsets"),
        ("arrive=-1,frames=3", "'-1' is no rate of upsets"),
        ("arrive=1e-6,frames=0", "no time in 0 frames"),
        ("transient=1,frames=100000000000000000000", "no time in 100000000000000000000 frames"),
        ("each=flip,frame=100000000000000000000", "no frame 100000000000000000000"),
        ("mbu=2,word=100000000000000000000", "a word of 100000000000000000000"),
        ("arrive=1e-6,frames=3,speed=inf", "a speed of inf is not possible"),
        ("square=3", "a square of 3 cells is not possible; use 1, 2, 4, 8"),
        ("fluence=2", r"a fluence of 2\.0 hits a bit is none"),
        ("poisson=1Hz", r"poisson needs frames="),
        ("poisson=xHz,frames=3", "'xHz' is no rate; write 0.25Hz"),
        ("poisson=often,frames=3", "'often' is no rate of upsets"),
        ("poisson=1Hz,frames=0", "no time in 0 frames"),
        ("poisson=1Hz,frames=3,speed=-1", r"a speed of -1\.0 is not possible"),
        ("poisson=1Hz,frames=3,of=poisson=1Hz:frames=3", "arrivals of arrivals"),
        ("poisson=1Hz,frames=3,of=gremlins=3", "no fault model 'gremlins'"),
        ("poisson=1Hz,frames=3,of=stuck=1:more=2", "'stuck=1:more=2' has no use for more"),
        ("poisson=1Hz,frames=3,of=flips", "'flips' is not a plan"),
    ],
)
def test_impossible_plans_are_one_sentence(text: str, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words) as refused:
        Plan.parse(text)
    assert "\n" not in str(refused.value)


def test_plans_that_do_not_fit_are_one_sentence() -> None:
    sites = Sites(Image.of(random_program(4)))
    no_burst = Plan(Burst(3), sections=("weights",), bits=(1,))
    far = sites.layout.size_bytes * 8
    cases: tuple[tuple[Plan, int, str], ...] = (
        (Plan(Flips(1), sections=("heap",)), 0, "no section 'heap'"),
        (Plan(Flips(1), operators=("nobody",)), 0, "no operator 'nobody'"),
        (Plan(Flips(1), sections=("shift",), bits=(9,)), 0, "has a bit 9; .* choose 0 to 7"),
        (Plan(Flips(1), sections=("weights",), operators=("healer",)), 0, "healer has nothing in"),
        (Plan(Flips(10**7)), 0, r"10,000,000 bits do not fit in the \d+,\d+ "),
        (Plan(Stuck(10**7)), 0, "do not fit in the"),
        (Plan(Transient(10**7, 3)), 0, "do not fit in the"),
        (Plan(Mbu(256), sections=("shift",)), 0, "do not fit in the"),
        (Plan(Flips(1)), -1, "no trial or device number -1"),
        (Plan(Each()), 10**9, "there is no trial 1000000000"),
        (Plan(Flips(1)), 2**64, "no trial or device number 18446744073709551616"),
        (Plan(Bits((10**30,))), 0, "bit position 1000000000000000000000000000000 is not among"),
        (Plan(Bits((3,))), 1, "has one trial, number 0"),
        (Plan(Bits((far,)), sections=("weights",)), 0, "is not among the"),
        (no_burst, 0, "lie side by side"),
        (Plan(Weak(0.54), sections=("golden",)), 0, "low voltage harms SRAM"),
        (Plan(Retention(0.1), sections=("activations",)), 0, "activations are not stored"),
        (Plan(Arrive(1.0, 9, 1e12)), 0, "would arrive in one trial"),
    )
    for plan, index, words in cases:
        with pytest.raises(WorkbenchError, match=words) as refused:
            plan.events(sites, np.array([index]))
        assert "\n" not in str(refused.value)


def test_sizes() -> None:
    sites = Sites(Image.of(random_program(4)))
    weights = Plan(Each("set"), sections=("weights",))
    assert weights.size(sites) == len(weights.candidates(sites))
    assert Plan(Bits((3,))).size(sites) == 1
    assert Plan(Flips(1)).size(sites) is None


def test_known_trials_stay_what_they_are() -> None:
    sites = Sites(Image.of(with_wide_biases(random_program(4))))
    for text, expected in GOLDEN.items():
        events = Plan.parse(text).events(sites, np.array([3]))
        assert [events.frame.tolist(), events.position.tolist(), events.action.tolist()] == expected


def test_a_trial_replays_against_its_image_and_no_other() -> None:
    image, other = Image.of(random_program(4)), Image.of(random_program(5))
    inputs = random_inputs(image.program, 4, 3)
    trial = TrialId.of(image, "3", Plan(Flips(9), 7), 2)
    made = play(image, inputs, trial.plan.events(Sites(image), np.array([2])))
    again = TrialId.parse(str(trial))
    replayed = play(image, inputs, again.events(Sites(Image.of(random_program(4)))))
    np.testing.assert_array_equal(made, replayed)
    for wrong in (other, image.flip([0]), Image.of(random_program(4), page_bytes=64)):
        with pytest.raises(WorkbenchError, match="the trial belongs to image"):
            again.events(Sites(wrong))


def test_models_say_their_parameters() -> None:
    texts: dict[FaultModel, str] = {
        Flips(3): "flips=3",
        Each(): "each=flip,frame=0",
        Bits((9, 4)): "bits=4+9",
        Ber(1e-5): "ber=1e-05",
        Mbu(3): "mbu=3,word=32,interleave=4",
        Weak(0.55): "weak=0.55,chip=vc707,at=either",
    }
    assert {str(model): text for model, text in texts.items()} == {t: t for t in texts.values()}
    arrive = Plan.parse("arrive=1000FIT/Mbit,frames=96")
    assert arrive == Plan.parse("arrive=2.4e-11,frames=96,speed=1")


def test_what_a_model_of_ones_own_gives_is_checked() -> None:
    sites = Sites(Image.of(random_program(4)))
    n, far = np.zeros(1, np.int64), np.array([sites.size])
    for made, words in (
        (None, "gave None .* for its events; return Events from _events"),
        (Events(n, n, n, np.zeros(2, np.uint8)), "columns of events that do not fit"),
        (Events(n, n, n + 0.5, n), "columns of events that do not fit"),
        (Events(n, n, far, n), f"hits bit {sites.size} and there are {sites.size:,}"),
        (Events(n, n, n, n + CLEAR), "has stuck cells and does not say so"),
    ):
        body = {"NAME": "own", "_events": lambda *_, made=made: made}
        own = dataclass(frozen=True)(type("Own", (Flips,), body))
        with pytest.raises(WorkbenchError, match=f"the fault model own .*{words}"):
            Plan(own(1)).events(sites, np.arange(1))


@pytest.mark.parametrize("kind", ["bytes", "int | None", "list[int]"])
def test_a_field_of_a_type_that_no_text_gives_is_refused(kind: str) -> None:
    body = {"NAME": "own-one", "__annotations__": {"count": kind}}
    own = dataclass(frozen=True)(type("Own", (FaultModel,), body))
    with pytest.raises(
        WorkbenchError,
        match=f"'count' of the fault model 'own-one' is of the type {re.escape(kind)}",
    ):
        register(own)
