"""What all tests share: one thread, kept byte code, results made once, no skips where none may be.

Environment:
- WORKBENCH_KERNELS, as for the workbench itself (`workbench.integer.native.instructions`): where it leaves out
  instructions that this processor has, PyTorch leaves them out as well, so that one machine tests what
  others run.
- WORKBENCH_TEST_PROFILE=nightly: random tests try many times as many examples.
- WORKBENCH_NO_SKIP=1 (.ci/run sets it): a skipped test or module counts as failed.

For tests: the fixtures `made_once`, `rough_pictures` and `interruptible` below; `waiting` (for what happens in
other processes), `programs` and `random_strategies` (random subjects), `voices` (the shipped voice), `kernels`,
`browsers`. In one run, C that was compiled is not compiled again. `max_examples` of a test and the usual `cases`
of `thoroughness` are those of every run, so keep them few: the nightly run multiplies them.
"""

from __future__ import annotations

import fcntl
import gc
import hashlib
import os
import platform
import shutil
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from hypothesis import settings

_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)
MadeOnce = Callable[[str, Callable[[Path], object]], Path]

# Small tensors by the thousand: threads would only wait for each other, and workers of pytest-xdist
# fill the cores already. Torch reads this when it is first imported; programs that tests start, too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# PyTorch as on a processor that has no more than these kernels of the native engine.
_TORCH_KERNELS = {
    "avx2": ("avx2", "AVX2", "AVX2"),
    "plain": ("default", "SSE41", "SSE4_2"),
}
_VARIABLES = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS")
for _name, _value in zip(
    _VARIABLES, _TORCH_KERNELS.get(os.environ.get("WORKBENCH_KERNELS", ""), ()), strict=False
):
    os.environ.setdefault(_name, _value)

# Containers switch byte code off; every program that a test starts would compile PyTorch anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_NIGHTLY_FACTOR = 50
_SETTINGS = "_hypothesis_internal_use_settings"
settings.register_profile("workbench", deadline=None, print_blob=True)
settings.load_profile("workbench")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nightly, random tests try more examples; Hypothesis has no public way to change given ones."""
    if os.environ.get("WORKBENCH_TEST_PROFILE") != "nightly":
        return
    random = {item.obj for item in items if hasattr(getattr(item, "obj", None), _SETTINGS)}
    for function in random:
        usual = getattr(function, _SETTINGS)
        more = settings(usual, max_examples=_NIGHTLY_FACTOR * usual.max_examples)
        setattr(function, _SETTINGS, more)


def pytest_collection_finish() -> None:
    """What was imported stays: looking for garbage in it again and again took a fifth of the run."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """What a file of tests imported and keeps stays as well."""
    if nextitem is not None and nextitem.path != item.path:
        gc.collect()
        gc.freeze()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Say which processor and kernels the tests run on; with -q there would be no header."""
    if not hasattr(session.config, "workerinput"):
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        reporter.write_line(f"processor: {_processor()}; kernels: {_kernels()}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _kernels() -> str:
    from workbench.errors import WorkbenchError
    from workbench.integer.native.build import kernels_here
    from workbench.integer.native.instructions import kernels_asked_for

    try:
        return f"{kernels_here()} (asked for: {kernels_asked_for()})"
    except WorkbenchError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.fixture(scope="session")
def made_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """`made_once(name, make)`: a folder that `make(folder)` filled, once for all workers of a run.

    Tests only read it.
    """
    base = tmp_path_factory.getbasetemp()
    # Each worker of pytest-xdist has a folder of its own in the one that all share.
    shared = (base.parent if hasattr(request.config, "workerinput") else base) / "made-once"
    shared.mkdir(exist_ok=True)

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        made = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                unfinished = shared / f"{name}.unfinished"
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(made)
        return made

    return folder


@pytest.fixture(autouse=True, scope="session")
def compiled_once(made_once: MadeOnce) -> Generator[None]:
    """The same C, compiled with the same command in any test of a run, is compiled once."""
    from workbench.firmware import toolchain

    compile_anew = toolchain.run_compiler

    def compiled(command: Sequence[str], folder: Path, output: Path) -> None:
        words = [word.replace(str(folder), "") for word in command]
        digest = hashlib.sha256(repr(words).encode())
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            text = path.read_bytes()
            digest.update(f"{path.relative_to(folder)} {len(text)} ".encode() + text)
        made = made_once(
            f"compiled-{digest.hexdigest()[:20]}",
            lambda out: compile_anew(command, folder, out / "output"),
        )
        shutil.copy(made / "output", output)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toolchain, "run_compiler", compiled)
        yield


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands keep their finished steps where no other test finds them."""
    if "workbench.commands" in sys.modules:
        from workbench.commands import kept

        monkeypatch.setattr(kept, "ROOT", tmp_path_factory.getbasetemp() / f"kept-{uuid4()}")


@pytest.fixture
def interruptible() -> Generator[None]:
    """SIGINT interrupts, also where the tests run in the background of a shell that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def rough_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of few points and without a layout, which takes longest: for tests that only want a file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    def save(figure: Figure, file: object, **_: object) -> None:
        figure.set_layout_engine("none")
        figure.set_dpi(30)
        FigureCanvasAgg(figure).print_png(file)

    monkeypatch.setattr(Figure, "savefig", save)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _no_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _no_skip((yield))


def _no_skip(report: _Report) -> _Report:
    """Turn a skip into a failure that keeps the reason, where WORKBENCH_NO_SKIP=1."""
    expected_failure = hasattr(report, "wasxfail")
    if os.environ.get("WORKBENCH_NO_SKIP") == "1" and report.skipped and not expected_failure:
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here (WORKBENCH_NO_SKIP=1): {reason}"
    return report
