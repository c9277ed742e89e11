"""What a newcomer does with the README alone, done in Chromium and timed; no test, since it sets everything up.

`python tests/newcomer.py SOURCE FOLDER`, where playwright is installed: clones SOURCE into FOLDER, runs `make install` and
`make app`, and on the page flips a bit, composes a healer of its own, hears it, saves it, and downloads its firmware.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

from browsers import browser

_OWN = "my crc-scrub"
_started = time.monotonic()


def told(what: str) -> None:
    """Print it with the seconds since the start."""
    print(f"{time.monotonic() - _started:6.0f} s  {what}", flush=True)


def used(page: Any) -> None:
    """Go through the page; raises where something is not as it should be."""
    from playwright.sync_api import expect

    lab = page.locator(".workbench-panel").first
    lab.locator(".readout").wait_for()
    told("the page is there")
    lab.locator(".cells").click()
    expect(lab.locator(".readout")).to_contain_text("wrong bits left 1")
    told("a bit is flipped, and heard")
    page.get_by_role("tab", name="Healer").click()
    run = page.get_by_role("button", name="Run", exact=True)
    bench = page.locator(".workbench-panel", has=run)
    expect(bench.locator(".outcome")).to_have_count(2)
    _field(bench, "Start from", "select").select_option(label="crc-scrub")
    amount = _field(bench, "per frame", "input")
    amount.fill("2")
    amount.press("Enter")
    run.click()
    expect(bench.get_by_role("cell", name=_OWN)).to_be_visible()
    bench.locator(".workbench-timeline svg").click(position={"x": 300, "y": 40})
    expect(bench.locator("button.play")).to_have_text("Pause")
    told("a healer is composed, has run, and is heard")
    bench.get_by_role("button", name="Save").click()
    bench.get_by_text("results/mine.toml is written").wait_for()
    page.get_by_role("tab", name="Firmware").click()
    generate = page.get_by_role("button", name="Generate firmware")
    board = page.locator(".workbench-panel", has=generate)
    expect(board.locator(".readout")).to_contain_text("20 upsets")
    assert _field(board, "Healer", "select").input_value() == _OWN
    generate.click()
    with page.expect_download() as saved:
        board.locator(".workbench-download").click()
    names = zipfile.ZipFile(saved.value.path()).namelist()
    assert any(name.endswith("/model.c") for name in names)
    told(f"{saved.value.suggested_filename} is downloaded, {len(names)} files")


def _field(panel: Any, title: str, kind: str) -> Any:
    return panel.locator(".jupyter-widgets", has_text=re.compile(f"^{title}")).locator(kind).first


def main(source: str, folder: Path) -> None:
    """See above."""
    tree = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", source, tree], check=True)
    told("cloned")
    subprocess.run(["make", "install"], cwd=tree, check=True, capture_output=True)
    told("make install")
    command = subprocess.Popen(
        ["make", "app"], cwd=tree, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert command.stdout is not None
        address = next(
            found[0] for each in command.stdout if (found := re.search(r"http:\S+", each))
        )
        with browser(folder / "profile", width=1300, height=1500) as context:
            page = context.new_page()
            page.goto(address)
            used(page)
    finally:
        os.killpg(command.pid, signal.SIGINT)
        command.wait()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(
            "newcomer: name what is cloned and a new folder, as `python tests/newcomer.py . /tmp/new`"
        )
    main(sys.argv[1], Path(sys.argv[2]))
