"""The fault models by name: those of the workbench, of installed packages, and of one's own.

Layout: a model that ships is one file here and one line below; a package offers its own by an entry
point of the group "workbench.fault_models", whose name is that of the model; a notebook calls `register`.
"""

from __future__ import annotations

import dataclasses
from importlib import import_module
from importlib.metadata import entry_points

from workbench.errors import WorkbenchError, described, nearest
from workbench.memory.faults.model import FIELD_TYPES, INNER_COMMA, FaultModel, field_type

ENTRY_POINTS = "workbench.fault_models"

_HERE = "workbench.memory.faults"
_SHIPPED = {
    "each": f"{_HERE}.bits:Each",
    "flips": f"{_HERE}.bits:Flips",
    "stuck": f"{_HERE}.bits:Stuck",
    "bits": f"{_HERE}.bits:Bits",
    "ber": f"{_HERE}.rates:Ber",
    "retention": f"{_HERE}.rates:Retention",
    "weak": f"{_HERE}.rates:Weak",
    "burst": f"{_HERE}.space:Burst",
    "mbu": f"{_HERE}.space:Mbu",
    "square": f"{_HERE}.square:Square",
    "unseen": f"{_HERE}.unseen:Unseen",
    "transient": f"{_HERE}.time:Transient",
    "arrive": f"{_HERE}.time:Arrive",
    "poisson": f"{_HERE}.poisson:Poisson",
    "fluence": f"{_HERE}.poisson:Fluence",
}
_known: dict[str, type[FaultModel]] = {}  # those that were used or registered
_RESERVED = ("seed", "section", "operator", "bit", "word", "utterance", "plan", "trial", "protect")


def register(kind: type[FaultModel]) -> type[FaultModel]:
    """Make a fault model known under its NAME; may stand as a decorator above the dataclass.

    The same class again, or a newer version of it from a notebook, is welcome. Raises WorkbenchError
    for what is no fault model and for a name that another one has.
    """
    if not (isinstance(kind, type) and issubclass(kind, FaultModel)):
        raise WorkbenchError(
            f"a fault model to register is {described(kind)}; give a class derived from FaultModel"
        )
    name = getattr(kind, "NAME", "")
    plain = isinstance(name, str) and name.replace("-", "_").isidentifier() and name.isascii()
    if not plain or name in _RESERVED:
        raise WorkbenchError(
            f"a fault model cannot be called {name!r}; set NAME to a short word, and to none of "
            f"{', '.join(_RESERVED)}"
        )
    other = _known.get(name)
    taken = other is not None and other.__qualname__ != kind.__qualname__
    if name in _SHIPPED or taken:
        raise WorkbenchError(f"there is a fault model {name!r} already; choose another NAME")
    if not getattr(kind, "__dataclass_fields__", None):
        raise WorkbenchError(
            f"the fault model {name!r} has no fields; make it a frozen dataclass whose first field "
            f"stands behind {name}="
        )
    for field in dataclasses.fields(kind):
        if field_type(field) not in FIELD_TYPES:
            raise WorkbenchError(
                f"the field {field.name!r} of the fault model {name!r} is of the type {field_type(field)}; "
                f"choose {', '.join(FIELD_TYPES)}"
            )
    _known[name] = kind
    return kind


def fault_names() -> tuple[str, ...]:
    """The names of all models that are there, those that ship first."""
    offered = (point.name for point in entry_points(group=ENTRY_POINTS))
    return tuple(dict.fromkeys([*_SHIPPED, *_known, *offered]))


def fault_model(name: str) -> type[FaultModel]:
    """The fault model called `name`; WorkbenchError where there is none."""
    if name not in _known:
        if name in _SHIPPED:
            module, _, attribute = _SHIPPED[name].partition(":")
            _known[name] = getattr(import_module(module), attribute)
        else:
            _known[name] = _offered(name)
    return _known[name]


def read_model(values: dict[str, str], frames: int | None = None) -> FaultModel:
    """The model that the first key of `values` names; takes its fields out, others stay.

    frames: for a field of that name where the text has none. Errors as `fault_model` and `FaultModel.read`.
    """
    return fault_model(next(iter(values), "")).read(values, frames)


def inner_model(text: str) -> FaultModel:
    """A model within a field of another one, "stuck=1:at=0"; WorkbenchError when it is none."""
    values = values_of(text, INNER_COMMA)
    model = read_model(values)
    if values:
        raise WorkbenchError(f"the fault model {text!r} has no use for {', '.join(values)}")
    return model


def values_of(text: str, comma: str = ",") -> dict[str, str]:
    """The parts "key=value" of a text; WorkbenchError where there are others, or one twice."""
    values: dict[str, str] = {}
    for part in text.strip().split(comma):
        key, equals, value = part.partition("=")
        if not equals or not value or key in values:
            raise WorkbenchError(
                f"{text!r} is not a plan; it has parts like flips=10,seed=0 with commas between "
                "them, each once"
            )
        values[key] = value
    return values


def _offered(name: str) -> type[FaultModel]:
    """The model of another package."""
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            try:
                kind = point.load()
            except Exception as error:  # of a package that is not ours
                raise WorkbenchError(
                    f"the fault model {name!r} of {point.value} cannot be loaded ({error}); mend or "
                    "remove that package"
                ) from error
            return register(kind)
    raise WorkbenchError(f"there is no fault model {name!r}; {nearest(name, fault_names())}")
