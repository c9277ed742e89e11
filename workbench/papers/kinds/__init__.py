"""Kinds of experiments, a file each; a new one is a file here and a line below."""

from __future__ import annotations

from importlib import import_module

from workbench.errors import WorkbenchError, nearest
from workbench.papers.kind import Kind

# What a study calls it -> module and class.
KINDS = {
    "behaviour": "behaviour:Behaviour",
    "campaign": "fault_trials:FaultTrials",
    "comparison": "strategies:Strategies",
    "confusion": "confusion:Confusion",
    "costs": "device_costs:DeviceCosts",
    "lead": "lead:Lead",
    "quality": "voices:Voices",
}


def kind_named(name: str) -> type[Kind]:
    """The class of a kind; WorkbenchError where there is none."""
    if name not in KINDS:
        raise WorkbenchError(f"there is no kind of experiment {name!r}; {nearest(name, KINDS)}")
    module, _, of = KINDS[name].partition(":")
    kind: type[Kind] = getattr(import_module(f"{__name__}.{module}"), of)
    return kind
