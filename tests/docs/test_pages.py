"""What pages say can be done: their Python runs, their commands exist, their links and names lead somewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest
import torch
from pages import PAGES, ROOT, blocks, command_lines, named, spans

from workbench.cli import COMMANDS, _parse
from workbench.commands.bench import BENCHMARKS
from workbench.experiments.campaigns.trial_table import SCHEMA
from workbench.generators import generator_registry
from workbench.memory.faults import fault_registry
from workbench.memory.faults.fault_registry import fault_names
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.places import SECTIONS
from workbench.memory.watches.areas import KINDS

WITH_PYTHON = [path for path in PAGES if blocks(path, "python")]
FAULTS = ROOT / "docs" / "faults.md"


@pytest.mark.parametrize("path", WITH_PYTHON, ids=named)
def test_python_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page one after the other, in an empty folder; what they register is gone after it."""
    monkeypatch.chdir(tmp_path)
    for registry, known in ((fault_registry, "_known"), (generator_registry, "_registered")):
        monkeypatch.setattr(registry, known, dict(getattr(registry, known)))
    torch.manual_seed(0)
    page = ModuleType("a_page")
    monkeypatch.setitem(sys.modules, page.__name__, page)
    with patch.dict(KINDS):
        for number, text in enumerate(blocks(path, "python")):
            exec(compile(text, f"{named(path)}, block {number}", "exec"), vars(page))


def test_the_network_of_the_page_learns() -> None:
    torch.manual_seed(0)
    names: dict[str, Any] = {}
    (example,) = (b for b in blocks(ROOT / "docs" / "extend.md", "python") if "optimiser" in b)
    exec(example, names)
    assert names["loss"].item() < 0.2 * float(names["wanted"].abs().mean())
    assert (names["faulty"].flipped() == [100]).all()


def test_the_page_of_commands_has_them_all() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text()
    shown = re.findall(r"^\| `workbench ([a-z]+)(?: ([a-z]+))?", page, re.MULTILINE)
    assert {name for name, _ in shown} == set(COMMANDS)
    assert {which for name, which in shown if name == "bench"} == set(BENCHMARKS)


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_commands_exist(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in command_lines(path, "workbench"):
        name, *options = words
        assert name in COMMANDS or name in ("COMMAND", "--help"), words
        if options and name in COMMANDS:
            try:
                _parse(words)
            except SystemExit as end:
                assert end.code == 0, f"workbench {' '.join(words)}: {capsys.readouterr().err}"


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_targets_of_make_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for words in command_lines(path, "make"):
        for target in (word for word in words if re.fullmatch(r"[a-z]+", word)):
            # `make check` is also one of an exported folder.
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_links_lead_to_files(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if not target.startswith(("https://", "#")):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_files_named_in_the_text_exist(path: Path) -> None:
    for text in spans(path):
        if re.fullmatch(r"(workbench|tests|data|docs|notebooks)/[\w./-]+\.(py|md|c|h|ipynb)", text):
            assert (ROOT / text).exists(), text


def test_every_fault_model_is_on_its_page() -> None:
    names = set(fault_names())
    rows = [text for text in spans(FAULTS) if text.partition("=")[0] in names and "=" in text]
    assert {Plan.parse(text).model.NAME for text in rows} == names


def test_the_identifier_on_the_page_is_one() -> None:
    (text,) = blocks(FAULTS, "text")
    assert str(TrialId.parse(text)) == text.strip()


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= 8_000


def test_every_column_of_results_is_on_its_page() -> None:
    assert set(SCHEMA.names) <= set(spans(ROOT / "docs" / "file-formats.md"))


def test_every_section_of_an_image_is_on_its_page() -> None:
    assert set(SECTIONS) <= set(spans(ROOT / "docs" / "glossary.md"))
