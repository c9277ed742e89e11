"""The README's Python runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

README = Path(__file__).parents[1] / "README.md"


def test_the_example_of_an_own_network_trains_lowers_and_flips(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    torch.manual_seed(0)
    names: dict[str, Any] = {}
    exec(example, names)
    assert names["loss"].item() < 0.2 * float(names["wanted"].abs().mean())
    assert (names["faulty"].flipped() == [100]).all()
    program = names["lowered"].program
    printed = capsys.readouterr().out
    assert printed.startswith(
        f"Lowered from 5 calls of layers: Program 'mine' ({program.content_hash[:12]})"
    )
    assert len(printed.splitlines()) == 5
