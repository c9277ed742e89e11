"""Headless Chromium for tests that look at a page as a person would."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from waiting import LIMIT_S

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# As root and in containers Chromium starts only without its sandbox; the pages are our own.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


def browser_path() -> str | None:
    """Path of Chromium or Chrome, None when there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@contextmanager
def browser(profile: Path, *, width: int, height: int) -> Iterator[BrowserContext]:
    """A headless browser with a fresh profile, whose pages are waited for as long as they take."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * LIMIT_S)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=browser_path(),
            headless=True,
            args=list(FLAGS),
            viewport={"width": width, "height": height},
            timeout=1000 * LIMIT_S,
        )
        context.set_default_timeout(1000 * LIMIT_S)
        try:
            yield context
        finally:
            context.close()


@contextmanager
def faultless_page(profile: Path, *, width: int, height: int) -> Iterator[Page]:
    """An empty page of such a browser, whose scripts raise nothing until the block has ended."""
    with browser(profile, width=width, height=height) as context:
        page = context.new_page()
        mistakes: list[str] = []
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        yield page
        assert not mistakes


def can_browse() -> bool:
    """Whether `browser` works here."""
    return browser_path() is not None and find_spec("playwright") is not None


needs_browser = pytest.mark.skipif(
    not can_browse(),
    reason="there is no chromium or google-chrome, or playwright, which drives it, is not installed",
)
