"""The notebooks in a real JupyterLab in a real browser, used by keyboard as a person would."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from browsers import browser, needs_browser
from lab import all_have_run, command, lab_server

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
# All cells of these are run here, so that test_notebooks_run need not do it again.
RUN_HERE = (PANEL, MAP, HEALERS, DEVICE, MONITORS) = (
    "01_hear_a_bit_flip.ipynb",
    "02_map_the_critical_bits.ipynb",
    "03_compare_healing_strategies.ipynb",
    "04_from_notebook_to_firmware.ipynb",
    "05_watch_behaviour.ipynb",
)
# Counts in them that cost time and change nothing about what is shown.
QUICKER = {
    MAP: {"trials=40_000": "trials=4_000"},
    HEALERS: {"devices=20, utterances=10": "devices=4, utterances=4", ', \\"abft-crc\\"]': "]"},
}
Opened = Callable[[str], AbstractContextManager[Any]]
# Writes down what a panel says while it is busy, and how many of its parts are dimmed then.
WATCH_BUSY = """() => {
    window.busy = [];
    new MutationObserver(() => {
        const busy = document.querySelector(".workbench-panel .workbench-busy");
        const dim = document.querySelectorAll(".workbench-panel .workbench-stale").length;
        if (busy) window.busy.push([busy.textContent, dim]);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


@pytest.fixture(scope="module")
def all_cells_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """`all_cells_run(notebook)`: the page with a copy whose cells were just asked to run.

    In the end all of them have run without a mistake and have written nothing outside of `results`,
    nothing has gone wrong in the page, and nothing been asked of other hosts. All notebooks are shown
    by one server and on one page, one after the other.
    """
    folder = tmp_path_factory.mktemp("lab")
    own, copies = folder / "own", folder / "notebooks"
    copies.mkdir()
    mistakes: list[str] = []
    strangers: list[str] = []
    with (
        lab_server(own, copies) as (address, token),
        browser(folder / "profile", width=1280, height=1500) as context,
    ):
        page = context.new_page()
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.on(
            "request",
            lambda request: strangers.append(request.url) if _is_outside(request.url) else None,
        )

        @contextmanager
        def opened(notebook: str) -> Iterator[Any]:
            place = copies / notebook.removesuffix(".ipynb")
            place.mkdir()
            _copy(NOTEBOOKS / notebook, place / notebook)
            if page.url == "about:blank":
                page.goto(f"{address}/lab?token={token}&reset")
                page.wait_for_function("window.jupyterapp?.restored")
            command(page, "docmanager:open", path=f"{place.name}/{notebook}")
            try:
                page.locator(".jp-Notebook").wait_for()
                page.get_by_text("| Idle").wait_for()  # earlier, Run All is lost
                page.locator(".jp-Notebook .jp-Cell").first.click()
                page.get_by_role("menuitem", name="Run", exact=True).click()
                page.locator('[data-command="runmenu:run-all"]').click()
                yield page
                all_have_run(page, NOTEBOOKS / notebook)
                made = {path.name for path in place.iterdir()} - {".ipynb_checkpoints"}
                assert made <= {notebook, "results"}
                assert not mistakes
                assert not strangers
            finally:
                command(page, "docmanager:save")
                command(page, "application:close-all")
                page.locator(".jp-Notebook").wait_for(state="detached")
                mistakes.clear()
                strangers.clear()

        yield opened


def _copy(notebook: Path, copy: Path) -> None:
    """The notebook, asking for less work than by hand unless tests are thorough."""
    text = notebook.read_text(encoding="utf-8")
    for usual, quick in QUICKER.get(notebook.name, {}).items():
        assert text.count(usual) == 1, usual
        if os.environ.get("WORKBENCH_TEST_PROFILE") != "nightly":
            text = text.replace(usual, quick)
    copy.write_text(text, encoding="utf-8")


@needs_browser
def test_the_panel_follows_the_keyboard(tmp_path: Path, all_cells_run: Opened) -> None:
    from playwright.sync_api import expect

    with all_cells_run(PANEL) as page:
        readout = page.locator(".workbench-panel:not(:has(.cells)) .readout")
        expect(readout).to_contain_text("SNR")
        ten_flips = readout.inner_text()
        _press(page, "Flips", "ArrowRight", "20")
        expect(readout).to_contain_text("wrong bits left 20")
        assert _snr(readout.inner_text()) != _snr(ten_flips)

        panel = page.locator(".jp-OutputArea-output", has=readout)
        expect(panel.get_by_role("radio")).to_have_text(["1  before", "2  after"])
        expect(panel.locator(".time")).to_have_text(re.compile(r"0\.00 of (0\.[5-9]|1\.)\d+ s"))
        assert all(panel.locator("img").evaluate_all("all => all.map(i => i.naturalWidth > 100)"))
        pictures = panel.locator("img").evaluate_all("all => all.map(i => i.src)")
        panel.get_by_role("radio", name="after").click()
        panel.get_by_role("button", name="Play").click()
        panel.get_by_role("button", name="Play").wait_for()  # it has come to its end
        expect(panel.locator(".time")).not_to_have_text(re.compile(r"^0\.00"))

        page.get_by_role("slider", name="Flips", exact=True).focus()
        for _ in range(6):  # from 20 flips to 2000, then let the healer work at 64 pages a frame
            page.keyboard.press("ArrowRight")
        _press(page, "Flips", "ArrowRight", "5000")
        expect(readout).to_contain_text("wrong bits left 5000")
        broken = readout.inner_text()
        assert "broken" in broken
        changed = panel.locator("img").evaluate_all("all => all.map(i => i.src)")
        assert [a == b for a, b in zip(pictures, changed, strict=True)] == [True, False]
        _dropdown(page, "Healer").select_option(label="64 pages a frame")
        expect(readout).to_contain_text("wrong bits left 0")
        assert _snr(readout.inner_text()) > _snr(broken)

        _dropdown(page, "Section").select_option(label="shift")
        _press(page, "Bit", "End", "31")
        expect(page.locator(".mistake")).to_contain_text("no element there has a bit")
        expect(page.locator(".workbench-stale")).to_have_count(3)
        _press(page, "Bit", "Home", "any")
        expect(page.locator(".mistake, .workbench-stale")).to_have_count(0)
        expect(page.get_by_role("slider", name="Bit", exact=True)).to_have_attribute(
            "aria-valuetext", "any"
        )
        page.screenshot(path=tmp_path / "panel.png")
        _a_bit_is_flipped(page.locator(".workbench-panel", has=page.locator(".cells")))
        page.screenshot(path=tmp_path / "lab.png")


def _a_bit_is_flipped(lab: Any) -> None:
    """By a click in the grid of bits: it is named, heard, coloured and taken back."""
    from playwright.sync_api import expect

    sounds = lab.locator(".tracks img")
    before = sounds.evaluate_all("all => all.map(i => i.src)")
    assert before[0] == before[1], "nothing is flipped"
    lab.locator(".cells").click(position={"x": 300, "y": 40})
    expect(lab.locator(".told")).to_have_text(
        re.compile(r"^conv_in\.weight\[.*\] bit \d; address \d+; value .*now .*; flipped; harm not")
    )
    expect(lab.locator(".readout")).to_contain_text("wrong bits left 1")
    expect(lab.locator(".understood")).to_contain_text("a recogniser understood")
    expect(sounds.nth(1)).not_to_have_attribute("src", before[1])
    expect(sounds.nth(0)).to_have_attribute("src", before[0])
    lab.get_by_role("button", name="Colour by harm").click()
    expect(lab.locator(".scale")).to_be_visible()
    expect(lab.locator(".workbench-busy")).to_have_count(0)
    lab.locator(".cells").focus()
    lab.page.keyboard.press("ArrowRight")
    expect(lab.locator(".told")).to_have_text(re.compile(r"harm(less)? alone"))
    lab.get_by_role("button", name="Undo").click()
    expect(lab.locator(".readout")).to_contain_text("every sample equal")


@needs_browser
def test_the_map_is_seen_and_heard(tmp_path: Path, all_cells_run: Opened) -> None:
    from playwright.sync_api import expect

    with all_cells_run(MAP) as page:
        outputs = page.locator(".jp-OutputArea-output:not(:has(.workbench-panel))")
        pictures = outputs.locator("img")  # map, protection, curve
        players = outputs.locator("audio")  # of two trials before and after, of many flips twice
        expect(players).to_have_count(6)
        expect(pictures).to_have_count(3 + 6)  # each player has a spectrogram
        widths = pictures.evaluate_all("all => all.map(i => i.naturalWidth)")
        assert sum(width > 500 for width in widths) == 3 and min(widths) > 100
        expect(outputs.filter(has_text="% of the bytes carry")).to_be_visible()
        pictures.first.scroll_into_view_if_needed()
        page.screenshot(path=tmp_path / "map.png")
        cell = page.locator(".workbench-heat [role=gridcell]:not(.nothing)").first
        cell.click()
        expect(cell).to_have_attribute("aria-selected", "true")
        lab = page.locator(".workbench-panel")
        expect(lab.locator(".readout")).to_contain_text("wrong bits left 1")
        expect(lab.locator(".told")).to_have_text(re.compile("; flipped; harm"))


@needs_browser
def test_two_healers_are_heard_and_seen(tmp_path: Path, all_cells_run: Opened) -> None:
    from playwright.sync_api import expect

    with all_cells_run(HEALERS) as page:
        outputs = page.locator(".jp-OutputArea-output")
        readouts = page.locator(".readout")
        expect(readouts).to_have_count(2)
        panel = page.locator(".workbench-panel", has=readouts.first)
        expect(panel.get_by_role("radio")).to_have_text(["1  clean", "2  A: none", "3  B: mine"])
        expect(panel.locator("img")).to_have_count(3)
        expect(panel.locator(".workbench-timeline .wrong").last).to_be_visible()
        assert all(panel.locator("img").evaluate_all("all => all.map(i => i.naturalWidth > 100)"))
        expect(readouts.nth(0)).to_contain_text("0 log entries")
        expect(readouts.nth(1)).not_to_contain_text("0 log entries")
        page.evaluate(WATCH_BUSY)
        _dropdown(panel, "Healer A").select_option(label="parity-zero")
        expect(readouts.nth(0)).not_to_contain_text("0 log entries")
        _dropdown(panel, "Faults").select_option(label="stuck cells")
        _press(panel, "upsets a second", "Home", "0.2")
        _dropdown(panel, "Faults").select_option(label="bit-error rate 1e-4 at the start")
        rate = panel.get_by_role("slider", name="upsets a second", disabled=True)
        expect(rate).to_have_count(1)
        expect(page.locator(".mistake, .workbench-stale")).to_have_count(0)
        busy = page.evaluate("window.busy")
        assert any(text.startswith("Simulating parity-zero") and dim == 4 for text, dim in busy)
        _dropdown(panel, "Faults").select_option(label="the 5 worst bits at the start")
        expect(page.locator(".workbench-busy")).to_contain_text("1 of 5, about")
        page.locator(".workbench-stop").click()
        expect(page.locator(".mistake")).to_contain_text("interrupted before the result was there")
        _dropdown(panel, "Healer B").select_option(label="none")  # goes on with the search
        expect(page.locator(".mistake, .workbench-stale")).to_have_count(0)
        outputs.filter(has=readouts).scroll_into_view_if_needed()
        page.screenshot(path=tmp_path / "healers.png")
        _a_strategy_is_composed(
            page.locator(".workbench-panel", has=page.get_by_role("button", name="Run", exact=True))
        )
        page.screenshot(path=tmp_path / "bench.png")


def _a_strategy_is_composed(bench: Any) -> None:
    """From parts, refused with the reason, run, listened to from the timeline, and saved."""
    from playwright.sync_api import expect

    expect(bench.locator(".outcome")).to_have_count(2)
    _dropdown(bench, "Start from").select_option(label="crc-scrub")
    repair = bench.get_by_label("Remedies")
    expect(repair).to_have_count(1)
    repair.fill("correct")
    repair.press("Enter")
    expect(bench.locator(".mistake")).to_contain_text("crc32 cannot CORRECT anything")
    run = bench.get_by_role("button", name="Run", exact=True)
    expect(run).to_be_disabled()
    repair.fill("restore")
    repair.press("Enter")
    expect(bench.locator(".mistake")).to_have_count(0)
    run.click()
    expect(bench.get_by_role("cell", name="my crc-scrub")).to_be_visible()
    expect(bench.get_by_role("radio")).to_have_text(["1  clean", "2  no healer", "3  my crc-scrub"])
    expect(bench.locator(".healed").first).to_be_visible()
    bench.locator(".workbench-timeline svg").click(position={"x": 300, "y": 40})
    expect(bench.locator("button.play")).to_have_text("Pause")
    bench.get_by_role("button", name="Save").click()
    expect(bench.get_by_text("results/mine.toml is written")).to_be_visible()


def _press(page, slider: str, key: str, value: str) -> None:  # type: ignore[no-untyped-def]
    """Press a key on a slider of a page or panel and wait until its readout shows `value`."""
    from playwright.sync_api import expect

    widget = page.locator(".widget-hslider", has_text=re.compile(rf"^{slider}"))
    page.get_by_role("slider", name=slider, exact=True).focus()
    getattr(page, "page", page).keyboard.press(key)
    expect(widget.locator(".widget-readout")).to_have_text(value)


@needs_browser
def test_firmware_is_measured_heard_and_saved(tmp_path: Path, all_cells_run: Opened) -> None:
    from playwright.sync_api import expect

    with all_cells_run(DEVICE) as page:
        panel = page.locator(".workbench-panel")
        readout = panel.locator(".readout")
        expect(readout).to_contain_text("20 upsets")
        expect(panel.get_by_role("meter")).to_have_count(3)
        expect(panel.get_by_role("radio")).to_have_text(["1  clean", "2  under upsets"])
        shares = panel.get_by_role("meter").evaluate_all("all => all.map(m => m.ariaValueText)")
        _dropdown(page, "Board").select_option(label="nRF52840 DK")
        expect(panel.locator(".budgets")).to_contain_text("64 MHz")
        expect(page.locator(".workbench-stale")).to_have_count(0)
        smaller = panel.get_by_role("meter").evaluate_all("all => all.map(m => m.ariaValueText)")
        assert all(a != b for a, b in zip(shares[1:], smaller[1:], strict=True))
        _press(page, "Upsets", "ArrowRight", "50")
        expect(readout).to_contain_text("50 upsets")
        assert panel.locator(".log li").count() > 5
        panel.get_by_role("button", name="Generate firmware").click()
        with page.expect_download() as saved:
            panel.locator(".workbench-download").click()
        names = zipfile.ZipFile(saved.value.path()).namelist()
        assert saved.value.suggested_filename == "challenge-pq-scrub.zip"
        assert {"model.c", "CMakeLists.txt"} <= {name.partition("/")[2] for name in names}
        panel.scroll_into_view_if_needed()
        page.screenshot(path=tmp_path / "firmware.png")


@needs_browser
def test_a_fault_a_transient_and_other_data_are_told_apart(
    tmp_path: Path, all_cells_run: Opened
) -> None:
    from playwright.sync_api import expect

    with all_cells_run(MONITORS) as page:
        panel = page.locator(".workbench-panel")
        told = panel.locator("table")  # what the healer wrote down
        expect(told).to_contain_text("momentary disturbance")
        expect(panel.get_by_role("radio")).to_have_text(["1  clean", "2  watched"])
        what = _dropdown(panel, "What happens")
        what.select_option(label="other data")
        expect(told).to_contain_text("unknown inputs")
        expect(panel.get_by_role("img", name=re.compile("with its limit"))).to_be_visible()
        panel.locator(".workbench-timeline svg").click(position={"x": 300, "y": 40})
        expect(panel.locator("button.play")).to_have_text("Pause")

        _dropdown(panel, "Monitor").select_option(label="sound-sanity")
        what.select_option(label="the worst bit of a weight flips")
        expect(told).to_contain_text(re.compile("memory upset.*restored.*healed"))
        expect(page.locator(".mistake, .workbench-stale")).to_have_count(0)
        page.screenshot(path=tmp_path / "fault.png")

        what.select_option(label="nothing")
        expect(told).to_have_count(0)
        expect(page.locator(".mistake, .workbench-stale")).to_have_count(0)


def _dropdown(page, label: str):  # type: ignore[no-untyped-def]
    return page.locator(".widget-dropdown", has_text=re.compile(rf"^{label}")).locator("select")


def _snr(readout: str) -> float:
    match = re.search(r"SNR\s*([−-]?[0-9.]+) dB", readout)
    return float(match[1].replace("−", "-")) if match else float("inf")


def _is_outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
