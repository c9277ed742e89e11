"""Kernels of the native engine that this machine can run; as a script, those that are not its usual ones.

`make suite` runs tests with the mark `kernels` once more in each of these, and those with the mark
`torch_kernels` where PyTorch has fewer instructions as well, see `conftest.py`.
"""

from __future__ import annotations

from workbench.errors import WorkbenchError
from workbench.integer.native.build import kernels_of, native_library
from workbench.integer.native.instructions import KERNELS


def _loadable(kernels: str) -> bool:
    try:
        return kernels_of(native_library(kernels)) == kernels
    except WorkbenchError:
        return False


KERNELS_HERE = tuple(filter(_loadable, KERNELS[1:]))

if __name__ == "__main__":
    usual = kernels_of(native_library())
    print(*(kernels for kernels in KERNELS_HERE if kernels != usual))
