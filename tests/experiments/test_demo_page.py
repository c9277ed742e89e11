"""The page of `workbench demo`: complete, true to its summary, self-contained, and never half done."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import replace
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import browser, needs_browser
from page_reader import Page, decoded, looked_up
from voices import voice

from workbench.audio.recogniser import digit_recogniser
from workbench.audio.scales import BY_SNR
from workbench.audio.sound_files import pcm16, read_audio
from workbench.cli import main
from workbench.experiments.demo import demo
from workbench.experiments.demo.demo import DemoPlan, demonstrate, make_demo
from workbench.experiments.demo.page import render
from workbench.experiments.demo.stages import Stages
from workbench.experiments.demo.summary import summarise
from workbench.experiments.voices.voice import Voice, open_voice

PLAN = DemoPlan(flips=(1, 40), script=("3", "1"), upsets_per_s=40.0, pages_per_frame=16)
SHORT = replace(PLAN, flips=(40,), script=("3",))
WHY_NOT = "the firmware was left out of this test; install nothing"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, dict[str, Any], Path]:
    """A short demonstration without firmware, read back."""
    out = tmp_path_factory.mktemp("demo") / "new" / "folder"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "run_device", lambda *_, **__: (None, WHY_NOT))
        page = make_demo(voice(), out, word="7", seed=3, plan=PLAN)
    html = page.read_text(encoding="utf-8")
    return Page(html), json.loads((out / "summary.json").read_text(encoding="utf-8")), out


def test_every_player_is_there_and_plays(made: tuple[Page, dict[str, Any], Path]) -> None:
    page, summary, _ = made
    clips = ("recording", "float", "quantised", "flipped_1", "flipped_40", "healed")
    lives = ("clean", "none", "healed")
    sounds = {f"audio-{key}": summary["clips"][key]["sound"] for key in clips}
    sounds |= {f"audio-life-{key}": summary["life"][key]["sound"] for key in lives}
    assert page.sounds.keys() == sounds.keys()
    for name, expected in sounds.items():
        samples, rate_hz = decoded(page.sounds[name])
        assert rate_hz == 16_000
        assert len(samples) == expected["samples"]
        assert 0 < np.abs(samples).max() <= 1
        assert np.abs(samples).max() == pytest.approx(expected["peak"], abs=2**-15)
        assert hashlib.sha256(pcm16(samples).tobytes()).hexdigest() == expected["sha256"]


def test_figures_are_those_of_the_summary(made: tuple[Page, dict[str, Any], Path]) -> None:
    page, summary, _ = made
    for figure in page.figures:
        value = looked_up(summary, figure.path)
        if isinstance(value, str):
            assert figure.text == value
        elif value is None:
            assert figure.text in ("–", "∞")
        else:
            shown = figure.text.replace("−", "-").replace(",", "")
            decimals = len(shown.partition(".")[2])
            assert shown == f"{value * figure.scale:.{decimals}f}", figure
    paths = {figure.path for figure in page.figures}
    for field in ("snr_db", "log_mel_db", "multi_resolution_stft"):
        assert ("clips", "flipped_40", "clean", field) in paths
        assert ("clips", "flipped_40", "recording", field) in paths


def test_a_class_stands_with_the_limit_that_decided_it_and_what_was_understood(
    made: tuple[Page, dict[str, Any], Path],
) -> None:
    page, summary, _ = made
    clip = summary["clips"]["flipped_40"]
    card = page.html.split('id="clip-flipped_40"')[1].split("</article>")[0]
    clean = clip["clean"]
    _, limit = BY_SNR.verdict(snr_db=clean["snr_db"], log_mel_db=clean["log_mel_db"])
    assert f"({escape(limit)})" in card
    assert (
        card.index(clip["clean"]["quality"])
        < card.index(escape(limit))
        < card.index("Understood as")
    )
    assert "workbench measure challenge --classes" in page.text


def test_without_the_extras_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("pesq", "pystoi", "pocketsphinx", "ziglang", "unicorn", "elftools"):
        monkeypatch.setitem(sys.modules, package, None)
    digit_recogniser.cache_clear()
    page = Page(make_demo(voice(), tmp_path, word="1", seed=0, plan=SHORT).read_text("utf-8"))
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    metrics = summary["clips"]["flipped_40"]["clean"]
    assert metrics["pesq_nb"] is None
    assert metrics["stoi"] is None
    assert metrics["snr_db"] is not None
    reasons = [
        *metrics["absent"].values(),
        summary["recogniser_absent"],
        summary["device"]["absent"],
    ]
    for reason in reasons:
        assert "pip install" in reason
        assert reason in page.text
    assert page.text.count(summary["device"]["absent"]) >= 2  # at the log and at the cores


@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("ziglang", "unicorn", "elftools")),
    reason="ziglang, unicorn or pyelftools, which compile and emulate firmware, are not installed",
)
def test_the_device_is_compared_sample_by_sample_and_line_by_line() -> None:
    plan = replace(SHORT, upsets_per_s=120.0)
    shown = demonstrate(voice(), word="2", seed=1, plan=plan, stages=Stages([1] * 5))
    assert shown.device is not None
    summary = summarise(shown)
    assert summary["device"]["cores"].keys() == {"Cortex-M0+", "Cortex-M4"}
    for core in summary["device"]["cores"].values():
        assert core["equal"] == core["samples"] == 96 * 128
        assert core["cycles_per_instruction"] == pytest.approx(1 / core["share_of_clock"])
    life = summary["device"]["life"]
    assert life["log_equal"] and life["log_lines"] == len(summary["life"]["log"]) > 0
    assert life["equal"] == life["samples"] == 96 * 128
    equal = Page(render(shown, summary))
    assert "Equal." in equal.text and "All samples equal." in equal.text
    for core in shown.device.cores:
        at_most = f"no more than {core.cycles_per_instruction:.2f} cycles"
        assert (at_most in equal.text) == (core.share_of_clock <= 1)
    slow = sum(core.share_of_clock > 1 for core in shown.device.cores)
    assert equal.text.count("too slow") == slow < 2
    assert f"The healer checks {PLAN.pages_per_frame} pages a frame here" in equal.text
    table = equal.html[equal.html.index('class="scroll log"') : equal.html.index('id="chip"')]
    assert table.count('<span class="yes">yes</span>') == life["log_lines"]

    cores = tuple(replace(core, budget=core.budget / 20) for core in shown.device.cores)
    device = replace(shown.device, cores=cores, log=shown.device.log[1:], equal=0)
    shown = replace(shown, device=device)
    differs = Page(render(shown, summarise(shown))).text
    assert "Not equal." in differs and "please report it" in differs
    assert differs.count("too slow") == 2 and "no more than" not in differs


def test_loads_nothing_and_names_everything(made: tuple[Page, dict[str, Any], Path]) -> None:
    page, _, out = made
    assert page.loaded and all(address.startswith("data:") for address in page.loaded)
    assert not re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", page.html)
    assert page.without_name == []
    assert len(page.ids) == len(set(page.ids))
    assert {path.name for path in out.iterdir()} == {"index.html", "summary.json"}
    assert (out / "index.html").stat().st_size < 4_000_000


@needs_browser
def test_it_plays_in_a_browser(made: tuple[Page, dict[str, Any], Path], tmp_path: Path) -> None:
    from playwright.sync_api import expect

    _, summary, out = made
    with browser(tmp_path / "profile", width=390, height=800) as context:
        page = context.new_page()
        mistakes: list[str] = []
        page.on("console", lambda message: mistakes.append(message.text))
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.goto((out / "index.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.wait_for_function("[...document.querySelectorAll('audio')].every(a => a.duration > 0)")
        durations = page.locator("audio").evaluate_all("all => all.map(a => [a.id, a.duration])")
        sounds = {f"audio-{key}": clip["sound"] for key, clip in summary["clips"].items()}
        sounds |= {
            f"audio-life-{key}": summary["life"][key]["sound"]
            for key in ("clean", "none", "healed")
        }
        expected = {name: sound["seconds"] for name, sound in sounds.items()}
        assert dict(durations) == pytest.approx(expected, abs=0.001)

        page.get_by_role("button", name="Play the story").click()
        expect(page.get_by_role("status")).to_have_text("Quantised network")
        expect(page.locator(".card.playing h3")).to_have_text("Quantised network")
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".card.playing")).to_have_count(0)
        page.locator("svg.timeline").click(position={"x": 300, "y": 100})
        expect(page.locator(".card.playing h3")).to_have_text("Upsets, no healer")
        expect(page.locator("svg.timeline")).to_have_class("timeline live")
        assert mistakes == []


def test_licence_and_synthetic_voice_are_told(made: tuple[Page, dict[str, Any], Path]) -> None:
    page, _, _ = made
    for words in (
        "Allison Smith",
        "CC BY-SA 3.0",
        "synthetic voice",
        "workbench demo --word 7 --seed 3",
    ):
        assert words in page.text


def test_healing_restores_every_sample(made: tuple[Page, dict[str, Any], Path]) -> None:
    _, summary, _ = made
    clips = summary["clips"]
    assert clips["flipped_40"]["sound"]["sha256"] != clips["quantised"]["sound"]["sha256"]
    assert clips["healed"]["sound"]["sha256"] == clips["quantised"]["sound"]["sha256"]
    assert clips["healed"]["clean"]["identical"]
    assert (
        summary["life"]["healed"]["damaged_bits_at_end"]
        < summary["life"]["none"]["damaged_bits_at_end"]
    )
    assert summary["life"]["heals"] > 0


def test_the_commands_on_the_page_repeat_its_sounds(
    made: tuple[Page, dict[str, Any], Path], tmp_path: Path
) -> None:
    page, summary, _ = made
    sounds = {
        "flips=40": {"after.wav": summary["clips"]["flipped_40"]["sound"]},
        "--words 3,1": {
            "unhealed.wav": summary["life"]["none"]["sound"],
            "healed.wav": summary["life"]["healed"]["sound"],
        },
    }
    for part, files in sounds.items():
        (command,) = re.findall(rf"<code>workbench ([^<]*{part}[^<]*)</code>", page.html)
        out = tmp_path / "after.wav" if command.startswith("replay") else tmp_path
        assert main([*command.split(), "--out", str(out)]) == 0
        for name, sound in files.items():
            samples = pcm16(read_audio(tmp_path / name)).tobytes()
            assert hashlib.sha256(samples).hexdigest() == sound["sha256"]
    log = json.loads((tmp_path / "heal.json").read_text(encoding="utf-8"))["log"]
    assert [(line["frame"], line["unit"]) for line in log] == [
        (line["frame"], line["page"]) for line in summary["life"]["log"]
    ]


def test_the_same_seed_makes_the_same_page(
    made: tuple[Page, dict[str, Any], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, _, _ = made
    monkeypatch.setattr(demo, "run_device", lambda *_, **__: (None, WHY_NOT))
    again = make_demo(voice(), tmp_path, word="7", seed=3, plan=PLAN)
    assert again.read_text(encoding="utf-8") == page.html


def test_an_earlier_page_survives_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.html").write_text("the page of yesterday")
    (tmp_path / "summary.json").write_text("{}")

    def explode(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run_device", explode)
    with pytest.raises(KeyboardInterrupt):
        make_demo(voice(), tmp_path, word="7", seed=0, plan=SHORT)
    assert (tmp_path / "index.html").read_text() == "the page of yesterday"
    assert (tmp_path / "summary.json").read_text() == "{}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "summary.json"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--word", "eleventy"], "cannot say 'eleventy'"),
        (["--out", "{file}/demo"], "cannot write to the folder"),
        (["--seed", "x"], "invalid int value: 'x'"),
        (["--wrod"], "unrecognized arguments: --wrod"),
    ],
)
def test_mistakes_are_one_sentence(
    options: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("workbench.commands.common.open_voice", lambda *_, **__: voice())
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a-file"
    file.write_text("not a folder")
    words = ["demo", *(option.format(file=file) for option in options)]
    try:
        status = main(words)
    except SystemExit as error:  # argparse leaves by itself
        status = int(error.code or 0)
    message = capsys.readouterr().err.strip().splitlines()
    assert status == 2
    assert sentence in message[-1]
    assert "Traceback" not in "".join(message)


def test_a_visitors_sentence_has_no_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "run_device", lambda *_, **__: (None, WHY_NOT))
    said, long = "Take 2 pills", "no one knows how it came about, and yet it did"
    plan = replace(SHORT, script=(long, long, long))
    page = make_demo(open_voice(generator="speech"), tmp_path, word=said, seed=1, plan=plan)
    html = page.read_text(encoding="utf-8")
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert "recording" not in summary["clips"] and "to the recording" not in html
    assert "Nobody ever said this" in html and said in html
    assert summary["clips"]["quantised"]["heard"] == ["take two pills"] * 5
    assert f"<title>{long}</title>" in html and re.search(r"no one knows[^<]*…</text>", html)


def test_a_sentence_is_said_by_a_generator_of_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def opening(*_: Any, **named: Any) -> Voice:
        opened.append(named)
        return voice()

    monkeypatch.setattr("workbench.commands.common.open_voice", opening)
    monkeypatch.setattr(demo, "make_demo", lambda *_, **__: Path("page"))
    assert main(["demo", "--say", "call for help"]) == 0
    assert main(["demo", "challenge", "--say", "call for help"]) == 0
    assert main(["demo", "--say", "seven"]) == 0
    assert [each["generator"] for each in opened] == ["speech", "challenge", None]
