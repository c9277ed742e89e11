"""Files that services read at the root of a checkout: they name what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_development_container_sets_up_as_the_readme_does() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    target = container["postCreateCommand"].removeprefix("make ")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)
    python = container["image"].partition(":")[2].partition("-")[0]
    assert f"- python={python}\n" in (ROOT / "environment.yml").read_text()
    assert ".venv/bin/python" in json.dumps(container["customizations"])


def test_issue_forms_ask_for_what_a_command_prints() -> None:
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) == 2
    for form in forms:
        text = form.read_text()
        assert re.match(r"name: .+\ndescription: .+\nlabels: \[.+\]\nbody:\n", text)
        identifiers = re.findall(r"^    id: (\w+)$", text, re.M)
        assert len(identifiers) == len({*identifiers}) == text.count("  - type: ")
    assert "workbench --version" in (ROOT / ".github" / "ISSUE_TEMPLATE" / "wrong.yml").read_text()
