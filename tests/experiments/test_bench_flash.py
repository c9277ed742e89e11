"""The campaign over flash: its table, its truth, and what it refuses."""

import json
from pathlib import Path

import pytest

from workbench.cli import main
from workbench.experiments.bench.flash import bench_flash
from workbench.experiments.voices.voice import open_voice
from workbench.healing.strategies.flash_scrub import at_rate
from workbench.healing.strategies.named import crc_relocate, crc_scrub
from workbench.memory.places import CHECK, GOLDEN


def test_what_is_found_and_how_it_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flash.json"
    assert main(["bench", "flash", "--trials", "6", "--json", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = json.loads(file.read_text())
    assert len(lines) == 1 + len(rows) and len(rows) == 22
    for row in rows:
        blind = (row["strategy"], row["part"]) == ("crc-scrub", "golden")
        assert row["found"] == (0 if blind else 6)
        if row["part"] == "golden" and not blind:
            assert row["diagnoses"] == {"LATENT": 6}
    assert main(["bench", "flash", "--trials", "0"]) == 2
    assert "cannot flip 0 bits" in capsys.readouterr().err


def test_latency_is_that_of_the_rate() -> None:
    program = open_voice().program
    hz = program.frame_rate_hz
    for pages in (360, 3600):
        strategy = at_rate(crc_scrub(), in_flash=False, pages_per_hour=pages, frame_rate_hz=hz)
        golden, check = bench_flash(program, strategy, trials=60)
        scan = strategy.layout(program).watches[-1].units / pages
        assert (golden.part, check.part) == (GOLDEN, CHECK)
        assert 0.3 * scan < golden.hours(0.5, hz) < 0.7 * scan and golden.hours(1, hz) <= scan
        assert golden.interval[0] > 0.9


def test_a_second_copy_is_looked_at_only_where_there_is_one() -> None:
    strategy = at_rate(crc_relocate(), in_flash=True, pages_per_hour=600, frame_rate_hz=125)
    assert [guard.area.code for guard in strategy.guards] == ["crc32", "flash"]
