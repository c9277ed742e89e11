"""The panel of notebook 03: every environment, the results of the simulation, handles with names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import ipywidgets as widgets
import numpy as np
import pytest
from played import as_codes, codes
from snippets import ran
from voices import voice

from workbench.errors import WorkbenchError
from workbench.experiments.fleets.comparison import ENVIRONMENTS, workload_of
from workbench.experiments.fleets.healed_speech import healed_speech
from workbench.experiments.maps import worst_bits as adversarial
from workbench.experiments.maps.worst_bits import Step
from workbench.healing.strategies.variants import strategy_variant
from workbench.panels import compare_healing
from workbench.panels.compare_healing import HealingPanel
from workbench.panels.panel import PANEL
from workbench.panels.status import STALE

WORDS = 2


@pytest.fixture(scope="module")
def shared() -> Iterator[HealingPanel]:
    """A panel whose devices say less than a listener would want."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare_healing, "_WORDS", WORDS)
        yield HealingPanel(voice())


@pytest.fixture
def panel(shared: HealingPanel, monkeypatch: pytest.MonkeyPatch) -> HealingPanel:
    """The panel with a search for the worst bits that is over at once."""

    def found(
        image: Any, inputs: Any, candidates: np.ndarray, *, bits: int, progress: Any, **_: Any
    ) -> Any:
        steps = [Step(int(candidates[8 * n + 7]), "", 0.5) for n in range(bits)]
        for step in steps:
            progress(step)
        return steps

    monkeypatch.setattr(adversarial, "worst_bits", found)
    return shared


def test_every_environment_is_offered(panel: HealingPanel) -> None:
    offered = {name for _, name in panel.controls["kind"].options}
    assert offered == set(ENVIRONMENTS)
    assert panel.controls["rate"].description == "upsets a second"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_it_shows_the_results_of_that_environment(panel: HealingPanel, name: str) -> None:
    panel.controls["kind"].value = name
    environment = ENVIRONMENTS[name]
    assert panel.controls["rate"].disabled == (not environment.upsets_per_s)
    if environment.upsets_per_s:
        environment = replace(environment, upsets_per_s=panel.controls["rate"].value)
    workload = workload_of(environment, devices=1, utterances=WORDS, seed=0, worst=panel.worst)
    strategy, program = strategy_variant("pq-scrub", voice().program, panel.inputs)
    speech = healed_speech(voice(), workload, strategy, program)
    nothing = environment.drift or environment.name == "monitors"  # which neither of both has
    assert (len(speech.result.upsets) > 0) != bool(nothing)
    heard = codes(panel.player)
    assert list(heard) == ["clean", "A: none", "B: pq-scrub"]
    np.testing.assert_array_equal(heard["B: pq-scrub"], as_codes(speech.samples))
    clean = np.concatenate([voice().speak(word) for word in speech.script.utterances])
    np.testing.assert_array_equal(heard["clean"], as_codes(clean))
    assert speech.metrics.limit.replace("<", "&lt;").replace(">", "&gt;") in panel.sides[1].value
    assert "alert" not in panel.status.value
    assert [len(row["upsets"]) for row in panel.timeline.rows] == 2 * [len(speech.result.upsets)]
    assert STALE not in panel.life._dom_classes


def test_the_worst_bits_are_looked_for_once(
    panel: HealingPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.controls["kind"].value = "adversarial"
    assert len(panel.worst) == ENVIRONMENTS["adversarial"].adversarial

    def again(*_: Any, **__: Any) -> Any:
        raise AssertionError("looked for the worst bits again")

    monkeypatch.setattr(adversarial, "worst_bits", again)
    panel.controls["kind"].value = "single"
    panel.controls["kind"].value = "adversarial"
    assert "alert" not in panel.status.value


def test_what_goes_wrong_is_told_and_its_results_are_dimmed(
    panel: HealingPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(compare_healing, "healed_speech", _refused)
        panel.controls["seed"].value = 1
        assert "it does not fit" in panel.status.value
        assert all(STALE in each._dom_classes for each in (*panel.sides, panel.sound, panel.life))
    panel.controls["seed"].value = 2
    assert "it does not fit" not in panel.status.value
    assert all(STALE not in each._dom_classes for each in (*panel.sides, panel.sound, panel.life))


def _refused(*_: Any) -> Any:
    raise WorkbenchError("it does not fit")


def test_handles_can_be_named(panel: HealingPanel) -> None:
    assert PANEL in panel._dom_classes
    (names,) = [part for part in panel.children if isinstance(part, widgets.Output)]
    (output,) = names.outputs
    assert "aria-label" in output["data"]["application/javascript"]
    assert all(control.description for control in panel.controls.values())


def test_its_code_gives_what_it_shows(panel: HealingPanel) -> None:
    panel.controls["kind"].value = "ber"
    made, shown = ran(panel.snippet)
    device, *_ = shown[2:]
    heard = codes(panel.player)["B: pq-scrub"]
    np.testing.assert_array_equal(as_codes(device.samples), heard)
    assert made["healer"] == "pq-scrub"


def test_one_healer_can_be_heard_twice(panel: HealingPanel) -> None:
    panel.controls["one"].value = "pq-scrub"
    assert list(codes(panel.player)) == ["clean", "A: pq-scrub", "B: pq-scrub"]
    panel.controls["one"].value = "none"
