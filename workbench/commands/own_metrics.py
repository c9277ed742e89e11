"""Metrics of one's own, named on the command line as MODULE:FUNCTION."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from functools import reduce

from workbench.errors import WorkbenchError, reason_of
from workbench.experiments.voices.quality import MEASURES, Metric


def own_metrics(names: Sequence[str]) -> dict[str, Metric]:
    """Import each MODULE:FUNCTION, from the working directory or what is installed; by function's name.

    Raises WorkbenchError for a text of another form, a module that cannot be imported, what cannot be
    called and two functions of one name.
    """
    metrics: dict[str, Metric] = {}
    for text in dict.fromkeys(names):
        module, _, function = text.partition(":")
        if not module or not function:
            raise WorkbenchError(
                f"--metric {text!r} is not MODULE:FUNCTION; write for example my_metrics:loudness"
            )
        metric = _imported(text, module, function)
        if not callable(metric):
            raise WorkbenchError(f"--metric {text!r} cannot be called; name a function")
        if function in metrics or function in MEASURES:
            raise WorkbenchError(
                f"there are two metrics called {function!r}; give the function of {text!r} another name"
            )
        metrics[function] = metric
    return metrics


def _imported(text: str, module: str, function: str) -> object:
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        return reduce(getattr, function.split("."), importlib.import_module(module))
    except Exception as error:  # whatever a user's module does when it is imported
        raise WorkbenchError(
            f"--metric {text!r} cannot be imported ({reason_of(error)}); call `workbench` where the module "
            "lies, or install it"
        ) from error
    finally:
        sys.path.remove(here)
