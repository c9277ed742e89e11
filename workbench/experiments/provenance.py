"""Provenance of a result: the commit of the checkout, versions of packages, hashes of inputs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from workbench import __version__
from workbench.integer.native.build import kernels_here

_PACKAGES = ("joblib", "numpy", "pyarrow", "torch")


def provenance() -> dict[str, Any]:
    """JSON-ready: `commit`, None outside of a checkout, `kernels` and `versions` by package.

    kernels: of the native engine, as `kernels_here`; workers of a cluster may have others.
    """
    return {
        "commit": _commit(),
        "kernels": kernels_here(),
        "versions": {
            "workbench": __version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _PACKAGES},
        },
    }


def inputs_digest(inputs: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """SHA-256 over words, in their order, and the codes that they feed in; 64 hexadecimal digits.

    inputs: of each word, integer arrays by signal name.
    """
    digest = hashlib.sha256()
    for word, arrays in inputs.items():
        for name, array in sorted(arrays.items()):
            values = np.ascontiguousarray(array, "<i8")
            digest.update(f"{word!r} {name!r} {values.shape} ".encode())
            digest.update(values.tobytes())
    return digest.hexdigest()


@cache
def _commit() -> str | None:
    """The commit of the checkout that this code is in, None when it is installed otherwise."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
