"""The `workbench` command: quick help, one sentence and status 2 for a mistake, quiet pipes."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workbench import __version__
from workbench.cli import COMMANDS, main

SCRIPT = Path(sys.executable).parent / "workbench"
ROOT = Path(__file__).parents[1]


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workbench", *words], capture_output=True, text=True
    )


def test_help_names_every_command_without_waiting_for_torch() -> None:
    code = (
        "import sys; from workbench.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert not end.code\n"
        "slow = {'torch', 'numpy', 'brevitas', 'matplotlib'} & set(sys.modules)\n"
        "assert not slow, slow"
    )
    wide = {**os.environ, "COLUMNS": "400"}  # so that no line is broken
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=wide)
    assert done.returncode == 0, done.stderr
    listed = dict(
        line.split(maxsplit=1) for line in done.stdout.splitlines() if len(line.split()) > 1
    )
    assert COMMANDS.items() <= listed.items()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert not end.value.code
    assert capsys.readouterr().out.startswith(f"usage: workbench {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_one_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([name, "--no-such-option"])
    assert end.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("workbench") and said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "COMMAND"),
        (["sing"], "'sing'"),
        (["--loud"], "COMMAND"),
        (["data", "eat"], "'eat'"),
        (["data", "check", "--loud"], "--loud"),
        (["data", "check", "--ou", "x"], "--ou"),
        (["data", "check", "--out", "/no/such/folder"], "/no/such/folder"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(words: list[str], named: str) -> None:
    done = _run(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("workbench") and done.stderr.count("\n") == 1
    assert named in done.stderr


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["heal", "challenge", "--word", "7"], ", did you mean --words?"),
        (["heal", "--sed=3"], ", did you mean --seed?"),
        (["data", "check", "--ou", "x"], ", did you mean --out?"),
        (["heal", "challenge", "7"], ""),
        (["data", "check", "--zzz"], ""),
    ],
)
def test_an_unknown_option_gets_the_nearest_and_the_help_of_its_command(
    words: list[str], near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    see = f"{near} See" if near else "; see"
    assert capsys.readouterr().err.endswith(f"{see} `workbench {words[0]} --help`\n")


def test_the_summary_of_bench_names_what_it_measures() -> None:
    from workbench.commands.bench import BENCHMARKS

    about = {"campaign": "fault trials"}
    assert all(about.get(name, name) in COMMANDS["bench"] for name in BENCHMARKS)


@pytest.mark.parametrize("start", [[sys.executable, "-m", "workbench"], [str(SCRIPT)]])
def test_both_ways_to_start(start: list[str]) -> None:
    if not Path(start[0]).exists():
        pytest.skip("the script `workbench` is not installed beside this Python")
    done = subprocess.run([*start, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"workbench {__version__}\n")


@pytest.mark.parametrize("words", [["data", "check"], ["--help"], ["data", "--help"]])
def test_a_reader_that_goes_away_is_no_error(words: list[str]) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "workbench", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None and running.stderr is not None
    running.stdout.close()
    assert running.stderr.read() == b""
    running.stderr.close()
    # argparse swallows the broken pipe by itself where Python does not buffer.
    assert running.wait() in ((0, 141) if "--help" in words else (141,))


def test_an_interrupt_is_one_line_even_while_packages_load(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.cli.importlib.import_module", interrupted)
    assert main(["data", "check"]) == 130
    assert capsys.readouterr().err == "workbench: interrupted\n"


SWALLOWING = """import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):
        pass
except BaseException:
    pass
finished = True
"""


@pytest.mark.usefixtures("interruptible")
def test_a_package_that_swallows_an_interrupt_only_delays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As sympy, which PyTorch imports with its first optimiser."""
    (tmp_path / "swallowing.py").write_text(SWALLOWING)
    monkeypatch.syspath_prepend(tmp_path)
    imported = []

    def run(options: object) -> None:
        imported.append(importlib.import_module("swallowing").finished)
        for _ in range(300):  # where the interrupt was lost
            time.sleep(0.1)

    monkeypatch.setattr("workbench.commands.data.run", run)
    handler = signal.getsignal(signal.SIGINT)
    assert main(["data", "check"]) == 130
    assert capsys.readouterr().err == "workbench: interrupted\n" and imported == [True]
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_interrupt_ends_a_command_that_is_only_loading(tmp_path: Path) -> None:
    (tmp_path / "swallowing.py").write_text(SWALLOWING)
    program = (
        "import sys, signal, workbench.cli as cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "cli.importlib.import_module = lambda name: __import__('swallowing')\n"
        "sys.exit(cli.main(['data', 'check']))"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (130, "workbench: interrupted\n")


def test_a_budget_is_a_number_of_instructions(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--out", "never", "--budget", "60%"])
    said = capsys.readouterr().err
    assert "'60%' is no number of instructions; give a whole number, as 2000" in said
