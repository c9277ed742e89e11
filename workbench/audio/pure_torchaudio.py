"""torchaudio, also where its compiled extension cannot be loaded: import `torchaudio` from here.

The Linux wheel of torchaudio links CUDA libraries that a CPU build of PyTorch does not bring, and
then `import torchaudio` ends in OSError. Its transforms and functionals are pure PyTorch and do not
need the extension, so it is hidden and the import is tried once more. Where the first import works
(CUDA, macOS, conda) nothing is replaced.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from workbench.errors import WorkbenchError


def _import_torchaudio() -> ModuleType:
    try:
        return _import_whole()
    except OSError as error:
        return _import_without_extension(error)
    except ImportError as error:
        raise WorkbenchError(
            f"torchaudio is not usable in this environment ({error}); install the package again"
        ) from error


def _import_whole() -> ModuleType:
    """Import torchaudio with the two submodules that the workbench uses."""
    module = importlib.import_module("torchaudio")
    importlib.import_module("torchaudio.functional")
    importlib.import_module("torchaudio.transforms")
    return module


def _import_without_extension(error: OSError) -> ModuleType:
    """Point the extension's loader at a folder that does not exist, and import again."""
    loader = sys.modules.get("torchaudio._extension.utils")
    if loader is None or not hasattr(loader, "_LIB_DIR"):
        raise WorkbenchError(
            f"torchaudio cannot load its compiled part ({error}); "
            "install the torchaudio build that matches your torch"
        ) from error
    setattr(loader, "_LIB_DIR", Path(loader.__file__ or "").parent / "hidden-by-workbench")  # noqa: B010
    return _import_whole()


torchaudio = _import_torchaudio()
