"""Start-up time of the commands, and whether torch was imported."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.errors import WorkbenchError

HELP_S, WORK_S = 0.3, 2.0  # what is aimed at, on two quiet cores
# A small piece of work for each command that firmware engineers call again and again.
WORK = {
    "flip": ["flip"],
    "heal": ["heal", "--upsets", "5"],
    "export": ["export", "--out", "firmware"],
    "campaign": [
        "campaign",
        "--fault",
        "flips=3",
        "--trials",
        "100",
        "--words",
        "7",
        "--jobs",
        "1",
    ],
    "replay": ["replay"],  # of the trial that `flip` names
}
_COMMAND = """
import sys
from workbench.cli import main
try:
    sys.exit(main(sys.argv[1:]))
finally:
    print("torch" in sys.modules, file=sys.stderr)
"""


@dataclass(frozen=True)
class Start:
    """One command. wall_s, cpu_s: seconds, the shortest. torch: whether it imported torch."""

    name: str
    wall_s: float
    cpu_s: float
    torch: bool

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def bench_start(
    commands: Mapping[str, Sequence[str]],
    *,
    repeats: int = 3,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Start]:
    """Run each command `repeats` times, each time as a process in an empty folder.

    commands: name -> words behind `workbench`. Raises WorkbenchError when one fails.
    """
    starts, identifier = [], ""
    for name, words in commands.items():
        progress(name)
        asked = [*words, identifier] if name == "replay" else list(words)
        runs = [_run(asked) for _ in range(repeats)]
        if name == "flip":
            lines = runs[0].stdout.splitlines()
            identifier = next(x for x in lines if x.startswith("replay: ")).split()[1]
        torch = any(run.stderr.split()[-1] == "True" for run in runs)
        wall_s, cpu_s = min(run.wall_s for run in runs), min(run.cpu_s for run in runs)
        starts.append(Start(name, wall_s, cpu_s, torch))
    return starts


@dataclass(frozen=True)
class _Run:
    stdout: str
    stderr: str
    wall_s: float
    cpu_s: float


def _run(words: Sequence[str]) -> _Run:
    before, began = _children_s(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", _COMMAND, *words], cwd=folder, capture_output=True, text=True
        )
    wall, cpu = time.perf_counter() - began, _children_s() - before
    if done.returncode:
        raise WorkbenchError(f"`workbench {' '.join(words)}` fails: {done.stderr.strip():.300}")
    return _Run(done.stdout, done.stderr, wall, cpu)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
