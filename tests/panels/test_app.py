"""All panels in tabs, and their page in a browser: served to this machine, used, stopped, and ended."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import ipywidgets as widgets
import pytest
from browsers import browser, needs_browser
from played import codes
from snippets import ran
from voices import voice
from waiting import LIMIT_S, wait_until

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.experiments.updates.timeline import update_operations
from workbench.panels import app, app_server, measured_map, versions_panel
from workbench.panels.app import App
from workbench.panels.criticality_map import CriticalityMap
from workbench.panels.strategy_bench import StrategyBench
from workbench.panels.training_monitor import TrainingMonitor
from workbench.panels.versions_panel import VersionsPanel
from workbench.training.kept_blocks import PRUNED_SHARE

needs_voila = pytest.mark.skipif(find_spec("voila") is None, reason="voila is not installed")


class _Firmware(widgets.HTML):
    """Stands for the firmware's panel, which emulates a board."""

    def __init__(self, voice: wb.Voice, strategies: list[wb.Strategy]) -> None:
        super().__init__()
        self.strategies = strategies


@pytest.fixture
def tabs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "FirmwarePanel", _Firmware)
    monkeypatch.setattr(measured_map, "_TRIALS", 64)
    return App(voice())


def _choose(tabs: App, title: str) -> Any:
    """The panel of a tab."""
    tabs.selected_index = tabs.titles.index(title)
    assert tabs.title == title
    (shown,) = tabs.children[tabs.selected_index].children
    return shown


def test_a_panel_is_made_when_its_tab_is_chosen(tabs: App) -> None:
    assert list(tabs.panels) == ["Flip bits"]
    made = _choose(tabs, "Critical bits")
    assert isinstance(made, CriticalityMap) and made.cells.tried.sum() == 64
    assert isinstance(_choose(tabs, "Train"), TrainingMonitor)
    assert "workbench-busy" not in tabs.panels["Train"].status.value.split("</style>")[1]
    assert list(tabs.panels) == ["Flip bits", "Critical bits", "Train"]
    assert _choose(tabs, "Critical bits") is made


def test_what_goes_wrong_is_a_sentence_and_tried_again(
    tabs: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> widgets.Widget:
        raise WorkbenchError("the disk is full; make room")

    with monkeypatch.context() as patched:
        patched.setattr(app, "measured_map", refuse)
        assert "the disk is full" in _choose(tabs, "Critical bits").value
    _choose(tabs, "Flip bits")
    assert isinstance(_choose(tabs, "Critical bits"), CriticalityMap)


def test_the_firmware_has_the_healer_that_was_composed(
    tabs: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StrategyBench, "run", lambda _: None)
    first = _choose(tabs, "Firmware")
    assert first.strategies == []
    form = _choose(tabs, "Healer").form
    form.start.value, form.title.value = "crc-scrub", "mine"
    second = _choose(tabs, "Firmware")
    assert second is not first and second.strategies == [form.made()[0]]
    assert second.strategies[0].name == "mine"
    _choose(tabs, "Healer")
    assert _choose(tabs, "Firmware") is second
    _choose(tabs, "Healer")
    form.guards.children[0].controls["repair"].value = "no such thing"
    assert form.problem and _choose(tabs, "Firmware").strategies == []


def test_versions_are_those_of_the_cuts_and_modes_of_the_layers() -> None:
    panel = VersionsPanel(voice())
    last = len(update_operations()) - 1
    for operation in (0, last - 1):
        panel.controls["operation"].value = operation
        made, (shown, *_) = ran(panel.snippet)
        boots = {each.version for each in shown.rows}
        assert all(f"version {number}" in panel.cuts.value for number in boots)
        assert ("version 2</b>" in panel.cuts.value) == (2 in boots)
    assert len(panel.booted) == (last + 1) * 6
    before = codes(panel.player)
    assert (before["pruned"] == before["ticked layers back"]).all()
    assert (before["safety voice"] != before["pruned"]).any()
    panel.layers["up1"].value = True
    after = codes(panel.player)
    made, _ = ran(panel.snippet)
    assert (after["ticked layers back"] != before["pruned"]).any()
    assert made["mode"].program.macs_per_frame() > made["pruned"].program.macs_per_frame()
    assert f"{made['mode'].program.macs_per_frame():,}" in panel.figures.value


def test_pruned_voices_are_chosen_by_what_they_leave_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = voice().generator
    monkeypatch.setattr(generator, "checkpoints", ("seed0", "pruned75", "pruned", "nowhere", "p"))
    shares = {"pruned75": 0.75, "pruned": 0.5, "p": 0.5, "seed0": 0.0}

    def metadata(folder: Path) -> dict[str, float]:
        if folder.name not in shares:
            raise WorkbenchError("there is none")
        return {PRUNED_SHARE: shares[folder.name]}

    with monkeypatch.context() as patched:
        patched.setattr(versions_panel, "read_metadata", metadata)
        patched.setattr(generator, "checkpoint", lambda name: tmp_path / name)
        found = versions_panel.pruned_beside(voice())
    assert {label: folder.name for label, folder in found.items()} == {
        "half of the blocks": "pruned", "half of the blocks (p)": "p", "three quarters of the blocks": "pruned75",
    }  # fmt: skip
    shipped = generator.checkpoint("pruned")
    folders = {"a quarter": shutil.copytree(shipped, tmp_path / "quarter"), "half": shipped}
    monkeypatch.setattr(versions_panel, "pruned_beside", lambda _: folders)
    panel = VersionsPanel(voice())
    assert panel.controls["pruned"].value == "half" and panel.pruned.folder == shipped
    panel.layers["up1"].value = True
    panel.controls["pruned"].value = "a quarter"
    assert panel.pruned.folder == folders["a quarter"] and panel.layers["up1"].value
    made, _ = ran(panel.snippet)
    assert made["pruned"].folder == folders["a quarter"]
    assert f"{made['mode'].program.macs_per_frame():,}" in panel.figures.value


def test_a_folder_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert app_server.main([]) == 2
    assert "one folder is needed" in capsys.readouterr().err


@contextmanager
def _served(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address that the page's server prints, and the server."""
    command = [sys.executable, "-m", "workbench.panels.app_server", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[-1], server
    finally:
        server.kill()
        server.wait()


@needs_browser
@needs_voila
def test_the_page_is_used_as_a_person_would(tmp_path: Path) -> None:
    from playwright.sync_api import expect

    mistakes: list[str] = []
    with (
        _served(tmp_path / "notebooks") as (address, server),
        browser(tmp_path / "profile", width=700, height=1200) as context,
    ):
        assert address.startswith("http://127.0.0.1:")
        page = context.new_page()
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.on(
            "console",
            lambda each: mistakes.append(each.text) if each.type == "error" else None,
        )
        here = (address.split("?")[0], "data:", "blob:")
        page.on(
            "request",
            lambda each: None if each.url.startswith(here) else mistakes.append(each.url),
        )
        page.goto(f"{address}&theme=dark")
        lab = page.locator(".workbench-panel")
        expect(lab.locator(".readout")).to_contain_text("every sample equal")
        after = lab.locator(".tracks img").nth(1)
        before = after.get_attribute("src")
        lab.locator(".cells").click(position={"x": 300, "y": 40})
        expect(lab.locator(".readout")).to_contain_text("wrong bits left 1")
        expect(after).not_to_have_attribute("src", before)
        expect(page.locator(".jp-CodeCell .jp-InputArea")).to_have_count(0)  # no code
        assert _serious(page) == []
        page.get_by_role("tab", name="Versions").click()
        expect(page.locator(".outcome")).to_contain_text("boots, whole")
        assert _serious(page) == []
        page.get_by_role("tab", name="Train").click()
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_text("Training int8: step").wait_for()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".mistake")).to_contain_text("interrupted")
        assert not mistakes
        page.close()
        server.send_signal(signal.SIGINT)
        wait_until(lambda: server.poll() is not None)
        assert server.returncode == 0


@needs_voila
def test_nobody_else_gets_in(tmp_path: Path) -> None:
    """Neither without the token, nor by another host's name, which a page elsewhere might let lead here."""
    with _served(tmp_path) as (address, _):
        bare = address.split("?")[0]
        assert b"jupyter-config-data" not in urlopen(bare, timeout=LIMIT_S).read()
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(address, headers={"Host": "elsewhere.example"}), timeout=LIMIT_S)
        assert refused.value.code == 403


def _serious(page: Any) -> list[Any]:
    """What axe-core finds in the panel that is shown."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run('#rendered_cells')")
    assert found["passes"], "it has looked"
    return [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
