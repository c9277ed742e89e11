"""Debian packages as sources of data: downloaded and unpacked by the system's own tools, not installed."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

from workbench.errors import WorkbenchError


def unpacked(package: str, folder: Path, *, cure: str) -> Path:
    """Download a package into `folder` and unpack it there.

    Args:
        package: Its name.
        folder: An empty one.
        cure: The end of a message: how to get the package otherwise.

    Returns:
        The folder that stands for the root of the file system.

    Raises:
        WorkbenchError: A tool is missing or fails, or there is no such package.
    """
    run_program(["apt-get", "download", package], folder, cure=cure)
    archives = sorted(folder.glob("*.deb"))
    if len(archives) != 1:
        raise WorkbenchError(f"apt-get left {len(archives)} packages where 1 is due; {cure}")
    run_program(["dpkg-deb", "-x", archives[0].name, "unpacked"], folder, cure=cure)
    return folder / "unpacked"


def run_program(command: list[str], folder: Path | None = None, *, cure: str) -> bytes:
    """Run a program and return its standard output; WorkbenchError, ending in `cure`, when missing or failing."""
    if shutil.which(command[0]) is None:
        raise WorkbenchError(f"the program {command[0]} is missing; on Debian or Ubuntu {cure}")
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
        raise WorkbenchError(f"`{shlex.join(command)}` failed ({last}); {cure}")
    return done.stdout
