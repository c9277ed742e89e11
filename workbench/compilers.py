"""C compilers: the system's for this machine, zig's for every target.

Reference: `python -m ziglang cc` is clang with the headers and linkers of every target.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys

from workbench.errors import WorkbenchError

_GCC = "arm-none-eabi-gcc"
_EXTRA = "pip install 'self-healing-audio-workbench[mcu]'"


def zig_compiler() -> list[str]:
    """The command that cross-compiles; WorkbenchError naming the extra when it is missing."""
    if importlib.util.find_spec("ziglang") is None:
        raise WorkbenchError(
            f"the cross compiler ziglang is not installed; get it with the extra mcu: {_EXTRA}"
        )
    return [sys.executable, "-m", "ziglang", "cc"]


def gcc_compiler() -> str:
    """The command of GCC for Arm microcontrollers; WorkbenchError where it is not installed."""
    if shutil.which(_GCC) is None:
        raise WorkbenchError(
            f"the compiler {_GCC} is not installed; install it (Debian: gcc-arm-none-eabi) or use zig"
        )
    return _GCC


def host_compiler() -> list[str]:
    """The command that compiles for this machine: cc, gcc or clang if there is one, else zig's."""
    for name in ("cc", "gcc", "clang"):
        found = shutil.which(name)
        if found:
            return [found]
    try:
        return zig_compiler()
    except WorkbenchError:
        raise WorkbenchError(
            f"there is no C compiler (looked for cc, gcc, clang and ziglang); install one: {_EXTRA}"
        ) from None
