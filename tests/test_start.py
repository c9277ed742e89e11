"""Commands start at once: none but training and lowering waits for torch or Brevitas."""

import json
import subprocess
import sys
from pathlib import Path

from workbench.experiments.bench.start import WORK, bench_start

HEAVY = ("torch", "torchaudio", "brevitas", "matplotlib", "scipy.stats", "IPython")
SCRIPT = f"""
import contextlib, io, json, sys
from workbench.cli import COMMANDS, main

def heavy():
    return [name for name in {HEAVY!r} if name in sys.modules]

found = {{}}
for name in COMMANDS:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main([name, "--help"])
    found[name + " --help"] = heavy()
for words in json.loads(sys.argv[1]):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert main(words) == 0, words
    found[words[0]] = [name for name in heavy() if name != "matplotlib"]  # draws a timeline
    if words[0] == "flip":
        identifier = output.getvalue().partition("replay: ")[2].split()[0]
        with contextlib.redirect_stdout(io.StringIO()):
            assert main(["replay", identifier]) == 0
        found["replay"] = heavy()
print(json.dumps(found))
"""


def test_no_help_and_no_short_work_imports_torch(tmp_path: Path) -> None:
    work = [words for name, words in WORK.items() if name != "replay"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(work)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    figures = json.loads(done.stdout)
    assert len(figures) > len(WORK) + 15
    assert {name: modules for name, modules in figures.items() if modules} == {}


def test_the_benchmark_tells_times_and_torch() -> None:
    (start,) = bench_start({"flip --help": ["flip", "--help"]}, repeats=1)
    assert start.cpu_s > 0 and start.wall_s > 0 and not start.torch
