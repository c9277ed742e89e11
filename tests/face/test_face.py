"""`import workbench as wb`: costs nothing, offers what it says, and what goes wrong is one sentence."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_example import run_example, same_trial
from voices import voice

import workbench as wb
from workbench import _MODULES
from workbench.audio.resources import data_folder

BOARD = "stm32f4discovery" if find_spec("unicorn") and find_spec("ziglang") else None


def test_the_example_runs(tmp_path: Path) -> None:
    run_example(wb.load("challenge"), tmp_path, utterance="seven", operator="up2", board=BOARD)


def test_a_trial_is_the_same_everywhere() -> None:
    same_trial(voice(), "seven")


def test_importing_it_costs_nothing() -> None:
    code = "import sys, workbench as wb, json; print(json.dumps(sorted(sys.modules)), len(dir(wb)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split('"')}
    assert not loaded & {"numpy", "torch", "pyarrow", "matplotlib", "IPython"}
    assert "workbench.errors" not in done.stdout


def test_no_torch_before_something_is_lowered(tmp_path: Path) -> None:
    code = f"""
import sys, workbench as wb
voice = wb.load()
bad = voice.image("pq-scrub").flip(count=3)
wb.listen(voice.speak("seven", bad)), wb.hear(voice, "7", "flips=3")
wb.export(voice, "crc-scrub", {str(tmp_path / "fw")!r})
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_is_there_and_type_checkers_see_the_same() -> None:
    for name in wb.__all__:
        assert getattr(wb, name) is not None and name in dir(wb)
    tree = ast.parse(Path(wb.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen.pop("layers") == "workbench"  # a module
    assert seen == {
        name: f"workbench.{module}" for name, module in _MODULES.items() if name != "layers"
    }
    assert list(_MODULES) == sorted(_MODULES)
    assert (Path(wb.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        wb.laod  # noqa: B018


def test_names_to_choose_from() -> None:
    assert "challenge" in wb.generator_names()
    assert {"none", "crc-scrub", "range"} <= set(wb.strategy_names())


def test_an_image_of_each_healer_is_its_own() -> None:
    plain = voice().image()
    assert plain is voice().image("none") is voice().image(healer="none")
    for name in ("pq-scrub", "in-place64", "range"):
        assert voice().image(name).content_hash != plain.content_hash
    mine = wb.Strategy("mine", [wb.guard("crc32", "weights")])
    assert voice().image(mine).layout.areas == mine.areas
    assert voice().image(wb.Strategy("x")).content_hash == plain.content_hash


def test_an_image_shows_its_sections() -> None:
    html = voice().image("pq-scrub").flip(tensor="bias", count=7)._repr_html_()
    assert "<tr><td>bias</td><td>sram</td>" in html and html.count("<td>7</td>") == 1
    assert "<td>golden</td><td>flash</td>" in html and "<td>table</td>" not in html


def test_a_sound_keeps_its_rate() -> None:
    sound = voice().speak("7")
    difference = sound[:100] - voice().speak("3")[:100]
    assert difference.sample_rate_hz == 16_000 and "<audio" in wb.listen(difference).html
    both = wb.listen({"clean": sound, "none": np.zeros(8, np.float32)}, sample_rate_hz=8000)
    assert (
        both.html.count("<audio") == 2 and repr(both) == "clean (12,288 samples), none (8 samples)"
    )


@pytest.mark.usefixtures("rough_pictures")
def test_maps_and_curves(tmp_path: Path) -> None:
    one = {"utterances": "3", "jobs": 1}
    wb.campaign(voice(), "flips=1", trials=400, out=tmp_path / "flips", **one)
    drawn = wb.map_bits(voice(), tmp_path / "flips", tmp_path / "map", share=0.01)
    assert drawn._repr_html_().count("<img") == 2 and 0 < drawn.figures["harm_carried"] <= 1
    for rate in ("1e-05", "0.0001"):
        wb.campaign(voice(), f"ber={rate}", trials=4, out=tmp_path / "sweep" / rate, **one)
    wb.campaign(
        voice(), "ber=1e-4", trials=4, mask=drawn.mask, out=tmp_path / "sweep" / "mask", **one
    )
    curve = wb.quality_curve(voice(), tmp_path / "sweep", tmp_path / "curve")
    assert [point["rate"] for point in curve.figures["points"]] == [1e-05, 1e-04, 1e-04]
    with pytest.raises(wb.WorkbenchError, match="holds no trials at a bit-error rate"):
        wb.quality_curve(voice(), tmp_path / "flips", tmp_path / "curve")


def test_without_pandas_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(wb.WorkbenchError, match=r"needs pandas; install the extra .*\[tables\]"):
        wb.campaign(voice(), "flips=1", trials=1)
    with pytest.raises(wb.WorkbenchError, match="needs pandas"):
        wb.Comparison([], {}).to_pandas()


def test_a_notebook_sees_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    @contextmanager
    def doing(what: str) -> Iterator[None]:
        shown.append(what)
        yield

    class Shell:
        kernel = True

    monkeypatch.setattr("IPython.get_ipython", Shell)
    monkeypatch.setattr("workbench.panels.progress.doing", doing)
    wb.load("challenge")
    wb.campaign(voice(), ["flips=1", "flips=2"], trials=2, utterances="3", jobs=1)
    assert shown == ["Opening the voice", "4 trials"]


def test_a_comparison_says_what_is_missing_and_what_was_renamed() -> None:
    mine = wb.Strategy("xor-scrub", [wb.guard("xor", "bias", repair="restore")])
    table = wb.compare(voice(), [mine], devices=1, utterances=1, jobs=1)
    (record,) = table.records
    assert record["strategy"] == "xor-scrub 2"
    for shown in (repr(table), table._repr_html_()):
        assert "vs crc-scrub: it is not among the strategies" in shown
        assert "instr., RAM, flash: unknown, compare with costs=True to measure it" in shown
        assert "xor-scrub 2 is the xor-scrub that was given: xor of 256 bytes over bias" in shown


def test_what_ships_beside_the_usual_voice_has_a_name() -> None:
    other = wb.load("challenge/int4")
    assert other.folder == data_folder() / "checkpoints" / "challenge" / "int4"


def test_a_sweep_is_one_table(tmp_path: Path) -> None:
    plans = ["ber=1e-05", "ber=1e-4,seed=2"]
    table = wb.campaign(voice(), plans, trials=2, utterances="3", out=tmp_path, jobs=1)
    assert list(table.plan) == 2 * ["ber=1e-05,seed=0"] + 2 * ["ber=0.0001,seed=2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ber=0.0001", "ber=1e-05"]


PLAIN = np.zeros(8, np.float32)
CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "load a typo": (lambda: wb.load("chalenge"), "no folder 'chalenge'; did you mean challenge?"),
    "load a number": (lambda: wb.load(3), "the voice to load is 3"),
    "load a folder": (lambda: wb.load("no/such"), "no/such"),
    "healer": (lambda: voice().image("pq-scrb"), "no strategy 'pq-scrb'; did you mean pq-scrub?"),
    "healer by number": (lambda: voice().image(3), r"a strategy is 3 \(int\)"),
    "flip both": (lambda: voice().image().flip([3], count=2), r"takes positions or count=\.\.\., not both"),
    "flip operator": (lambda: voice().image().flip(operator="up"), "no operator 'up'; did you mean up0"),
    "flip tensor": (lambda: voice().image().flip(operator="up0", tensor="bais"), "up0 has no tensor 'bais'; did you mean bias"),
    "flip section": (lambda: voice().image().flip(section="wights"), "no section 'wights'; did you mean weights"),
    "flip none": (lambda: voice().image().flip(section="table"), "has nothing in the section table"),
    "flip bit": (lambda: voice().image().flip(tensor="weight", bits=[8]), "no element there has a bit 8"),
    "flip text": (lambda: voice().image().flip(bits="7"), r"a bit is '7' \(str\)"),
    "flip many": (lambda: voice().image().flip(tensor="shift", count=10**6), "count is 1,000,000 and "),
    "flip half": (lambda: voice().image().flip(count=1.5), "count is 1.5"),
    "flip before": (lambda: voice().image().flip(count=1, trial=-1), "no trial or device number -1"),
    "trial": (lambda: voice().trial("7", voice().image().flip([3])), "are no trial; draw them"),
    "listen to text": (lambda: wb.listen("seven"), "what is to be heard is 'seven'"),
    "listen to nothing": (lambda: wb.listen(PLAIN[:0]), "what is to be heard is of the type ndarray"),
    "listen at no rate": (lambda: wb.listen(PLAIN), "does not know its sample rate"),
    "hear": (lambda: wb.hear(voice(), "7", "flps=3"), "no fault model 'flps'"),
    "trial of 3": (lambda: voice().trial("7", 3), r"the fault of a trial is 3 \(int\)"),
    "trial of a typo": (lambda: voice().trial("7", "flps=3"), "no fault model 'flps'"),
    "campaign twice": (lambda: wb.campaign(voice(), ["flips=1", "flips=1"], trials=1), "the same one twice"),
    "campaign of faults": (lambda: wb.campaign(voice(), [3], trials=1), r"a fault of a campaign is 3 \(int\)"),
    "replay": (lambda: wb.replay(voice(), "flips=3"), "is not the identifier of a trial"),
    "campaign": (lambda: wb.campaign("challenge", "flips=3"), r"the voice of a campaign is 'challenge' \(str\)"),
    "campaign of words": (lambda: wb.campaign(voice(), "flips=3", trials=1, utterances=["sevn"]), "cannot say 'sevn'"),
    "campaign of 3": (lambda: wb.campaign(voice(), "flips=3", trials=1, utterances=3), r"word that is said is 3 \(int\)"),
    "compare": (lambda: wb.compare(voice(), ["none"], "sinlge"), "no environment 'sinlge', .* did you mean single"),
    "compare with 3": (lambda: wb.compare(voice(), ["none"], 3), r"faults are 3 \(int\)"),
    "compare none": (lambda: wb.compare(voice(), ["nne"]), "no strategy 'nne'"),
    "simulate": (lambda: wb.simulate(voice(), "none", "ber=2"), "a bit-error rate of 2.0 is not possible"),
    "trial by half": (lambda: voice().trial("7", "flips=3", 1.5), "the number of a trial is 1.5"),
    "trial before the first": (lambda: voice().trial("7", "flips=3", -1), "no trial or device number -1"),
    "campaign of half a trial": (lambda: wb.campaign(voice(), "flips=3", trials=1.5), "the number of trials is 1.5"),
    "campaign by text": (lambda: wb.campaign(voice(), "flips=3", trials=1, jobs="2"), "the number of jobs is '2'"),
    "compare no faults": (lambda: wb.compare(voice(), ["none"], []), "no fault is given"),
    "compare half a device": (lambda: wb.compare(voice(), ["none"], devices=1.5), "a workload's devices is 1.5"),
    "compare by text": (lambda: wb.compare(voice(), ["none"], utterances="3"), "a workload's utterances is '3'"),
    "compare half a seed": (lambda: wb.compare(voice(), ["none"], seed=1.5), "a workload's seed is 1.5"),
    "compare without jobs": (lambda: wb.compare(voice(), ["none"], jobs=0), "0 jobs cannot run"),
    "map of a number": (lambda: wb.map_bits(voice(), [3], "never"), "a folder of results is 3"),
    "export nowhere": (lambda: wb.export(voice(), "none", None), "the folder of the firmware is None"),
    "budget by text": (lambda: wb.export(voice(), "none", "never", board="nucleo", budget="3"), "the budget is '3'"),
    "summary": (lambda: wb.summary("no/such"), "no/such"),
    "map": (lambda: wb.map_bits(voice(), [], "never"), "no results to draw"),
    "board": (lambda: wb.export(voice(), "none", "never", board="stm32f4"), "no board 'stm32f4'; did you mean STM32F4DISCOVERY"),
    "budget": (lambda: wb.export(voice(), "none", "never", budget=3), "name a board as well"),
    "weights": (lambda: wb.export(voice(), "none", "never", weights="rom"), "weights cannot be in 'rom'"),
}  # fmt: skip


@pytest.mark.parametrize("case", CALLS)
def test_a_wrong_call_gets_one_sentence(case: str) -> None:
    call, words = CALLS[case]
    with pytest.raises(wb.WorkbenchError, match=words) as refusal:
        call()
    assert "\n" not in str(refusal.value)
    assert not Path("never").exists()
