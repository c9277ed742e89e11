"""What the site adds to Sphinx: the command line from its parsers, and no page that needs a network."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pages import ROOT

from workbench.cli import COMMANDS

sys.path.insert(0, str(ROOT / "docs"))

from command_line import commands_in_markdown
from docstrings import escape_markup
from without_network import loaded_from_elsewhere


def test_every_command_has_its_section_and_options() -> None:
    sections = {
        name: rest
        for text in f"\n{commands_in_markdown()}".split("\n## workbench ")[1:]
        for name, _, rest in [text.partition("\n")]
    }
    assert list(sections) == list(COMMANDS)
    assert "\n`--flips FLIPS`\n: how many different bits" in sections["flip"]
    assert "\n`ID`\n: " in sections["replay"]
    assert "\n`--exhaustive`\n: " in sections["campaign"]
    for name, text in sections.items():
        assert text.strip().startswith(f"{COMMANDS[name][:1].upper()}{COMMANDS[name][1:]}.")
        assert f"```text\nworkbench {name}" in text
        assert "%(" not in text and "==SUPPRESS==" not in text


@pytest.mark.parametrize(
    ("tag", "foreign"),
    [
        ('<script src="https://cdn.example/x.js"></script>', True),
        ('<script async="async" src="//cdn.example/x.js"></script>', True),
        ('<link rel="stylesheet" href="https://fonts.example/a.css" />', True),
        ('<link href="http://fonts.example/a.css" rel="preload">', True),
        ("<style>@import url(https://fonts.example/a.css)</style>", True),
        ("<p style=\"background: url('https://a.example/b.png')\">", True),
        ('<img alt="a" src="https://a.example/b.png">', True),
        ('<a href="https://doi.org/10.1109/TC.1984.1676475">', False),
        ('<link rel="canonical" href="https://a.example/" />', False),
        ('<script src="_static/a.js"></script><img src="_images/a.svg">', False),
    ],
)
def test_what_a_browser_would_load_from_elsewhere(tmp_path: Path, tag: str, foreign: bool) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "page.html").write_text(f"<html>{tag}</html>")
    (tmp_path / "style.css").write_text("body { background: url(local.png) }")
    assert bool(loaded_from_elsewhere(tmp_path)) == foreign


def test_docstrings_keep_their_signs() -> None:
    lines = [
        "codes [batch, *shape] of x_ and |y|, `*z_`",
        "",
        ">>> 2 * 3",
        "6 *",
        "",
        "more * less",
    ]
    escape_markup(None, "function", "f", None, None, lines)
    prose = r"codes [batch, \*shape] of x\_ and \|y\|, `*z_`"
    assert lines == [prose, "", ">>> 2 * 3", "6 *", "", r"more \* less"]
