"""The panel of notebook 04: what the emulated device did, and a ZIP that is the exported folder."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import ipywidgets as widgets
import numpy as np
import pytest
from emulators import needs_emulator
from played import as_codes, codes
from snippets import ran
from voices import voice

import workbench as wb
from workbench.errors import WorkbenchError
from workbench.firmware.boards import BOARDS
from workbench.panels import firmware
from workbench.panels.firmware import FirmwarePanel
from workbench.panels.panel import PANEL
from workbench.panels.status import STALE

pytestmark = needs_emulator


@pytest.fixture(scope="module")
def panel() -> Iterator[FirmwarePanel]:
    yield FirmwarePanel(voice())


def test_it_shows_what_the_device_did(panel: FirmwarePanel) -> None:
    panel.controls["utterance"].value = "3"
    panel.controls["upsets"].value = 5
    made = wb.emulate(voice(), "pq-scrub", "STM32F4DISCOVERY", utterance="3", upsets=5)
    heard = codes(panel.player)
    assert list(heard) == ["clean", "under upsets"]
    np.testing.assert_array_equal(heard["under upsets"], as_codes(made.samples))
    np.testing.assert_array_equal(heard["clean"], as_codes(voice().speak("3")))
    assert panel.entries.value.count("<li>") == len(made.log) > 0
    (row,) = panel.timeline.rows
    assert [len(row["upsets"]), len(row["found"])] == [5, len(made.log)]
    assert panel.timeline.words == [[0.0, "three"]] and "5 upsets" in panel.bars.value
    assert "alert" not in panel.status.value


def test_every_board_is_offered_and_measured(panel: FirmwarePanel) -> None:
    assert list(panel.controls["board"].options) == [board.name for board in BOARDS]
    before = panel.bars.value
    panel.controls["board"].value = "nRF52840 DK"
    assert "64 MHz" in panel.bars.value and panel.bars.value != before
    panel.controls["board"].value = "STM32F4DISCOVERY"
    assert panel.bars.value == before


def test_its_code_gives_what_it_shows(panel: FirmwarePanel, tmp_path: Path) -> None:
    code = panel.snippet.code.replace("'out/firmware'", repr(str(tmp_path / "out")))
    panel.snippet.code = code
    made, shown = ran(panel.snippet)
    (device,) = shown
    np.testing.assert_array_equal(as_codes(device.samples), codes(panel.player)["under upsets"])
    assert (tmp_path / "out" / "model.c").exists() and made["device"] is device
    panel.update()


def test_the_zip_is_the_folder(panel: FirmwarePanel, tmp_path: Path) -> None:
    panel.button.click()
    link = re.search(
        r'download="(.*?)" href="data:application/zip;base64,(.*?)"', panel.download.value
    )
    assert link and link[1] == "challenge-pq-scrub.zip"
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(link[2])))
    wb.export(voice(), "pq-scrub", tmp_path / "out")
    there = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert {
        name.removeprefix("challenge-pq-scrub/"): archive.read(name) for name in archive.namelist()
    } == there
    panel.controls["seed"].value += 1
    assert not panel.download.value  # it was of other settings


def test_what_goes_wrong_is_told_and_dims_the_results(
    panel: FirmwarePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = (panel.bars, panel.sound, panel.entries, panel.life)
    with monkeypatch.context() as patch:
        patch.setattr(firmware, "run_on_board", _refused)
        panel.controls["seed"].value += 1
        assert "there is no compiler" in panel.status.value
        assert all(STALE in each._dom_classes for each in results)
        patch.setattr(firmware, "write_firmware", _refused)
        panel.button.click()
        assert "there is no compiler" in panel.status.value
        assert not panel.download.value
    panel.controls["seed"].value += 1
    assert not any(STALE in each._dom_classes for each in results)


def _refused(*_: object, **__: object) -> None:
    raise WorkbenchError("there is no compiler")


def test_a_strategy_of_ones_own_is_offered_first(panel: FirmwarePanel) -> None:
    mine = wb.Strategy("mine", [wb.guard("crc32", per_frame=2)])
    own = FirmwarePanel(voice(), strategies=[mine])
    assert own.controls["healer"].value == "mine" and "mine" in own.snippet.code
    assert "alert" not in own.status.value
    assert PANEL in own._dom_classes
    assert any(isinstance(part, widgets.Output) for part in own.children)


def test_a_face_has_no_sound() -> None:
    face = FirmwarePanel(wb.load("viseme"))
    assert face.sound not in face.children and "alert" not in face.status.value
