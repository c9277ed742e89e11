"""The registry of generators: those that ship, those of installed packages, and the user's own.

Nothing is imported before a generator is asked for by name, so that this module costs nothing.
"""

from __future__ import annotations

import importlib
from dataclasses import is_dataclass
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError, expect, nearest, reason_of
from workbench.generators.generator import Generator

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = (
    "workbench.generators"  # of entry points: name -> module:attribute, a Generator or its class
)
SHIPPED = ("challenge", "speech", "viseme")  # packages below this one, each with its GENERATOR
DEFAULT = SHIPPED[0]

_registered: dict[str, Generator] = {}


def register(generator: Generator) -> Generator:
    """Make a generator known by its name in this process, in place of an earlier one of one's own.

    Raises:
        WorkbenchError: It is no Generator, is not complete, or has the name of one that ships.
    """
    expect(
        generator, Generator, "what is to be registered", "an instance of a subclass of Generator"
    )
    name = getattr(generator, "name", None)
    if not isinstance(name, str) or not name.isidentifier():
        raise WorkbenchError(
            f"a generator cannot be called {name!r}; give letters, digits and underscores"
        )
    if name in SHIPPED:
        raise WorkbenchError(f"the generator {name} ships with the workbench; choose another name")
    _check(generator, f"the generator {name}")
    _registered[name] = generator
    return generator


def generator_named(name: str) -> Generator:
    """The generator with a name.

    Raises:
        WorkbenchError: There is none (the message has the nearest name), or its entry point cannot be imported or
            is no generator.
    """
    expect(name, str, "the name of a generator", f"text, as {DEFAULT!r}")
    if name in SHIPPED:
        module = importlib.import_module(f"workbench.generators.{name}")
        generator: Generator = module.GENERATOR
        return generator
    if name not in _registered:
        entry_point = _entry_points().get(name)
        if entry_point is None:
            raise WorkbenchError(f"there is no generator {name!r}; {nearest(name, names())}")
        _registered[name] = _loaded(entry_point)
    return _registered[name]


def names() -> tuple[str, ...]:
    """The names of all generators, those that ship first; none is imported for it."""
    return tuple(dict.fromkeys([*SHIPPED, *_registered, *_entry_points()]))


def is_known(name: str) -> bool:
    """Whether `generator_named` would look for it here."""
    return name in SHIPPED or name in _registered or name in _entry_points()


def _check(generator: Generator, where: str) -> None:
    """Raise WorkbenchError for a generator that lacks what every command needs."""
    if not is_dataclass(getattr(generator, "configuration", None)):
        raise WorkbenchError(f"{where} has no configuration; give it a frozen dataclass")
    if "default" not in generator.presets:
        raise WorkbenchError(f"{where} has no preset 'default'; give it a Recipe of this name")


def _entry_points() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # slow to import, and seldom needed

    return {point.name: point for point in entry_points(group=GROUP) if point.name not in SHIPPED}


def _loaded(point: EntryPoint) -> Generator:
    where = f"the generator {point.name!r} (entry point {point.value})"
    try:
        generator = point.load()
        generator = generator() if isinstance(generator, type) else generator
    except Exception as error:  # whatever somebody else's module raises
        raise WorkbenchError(
            f"{where} cannot be imported ({reason_of(error)}); mend or remove its package"
        ) from error
    if not isinstance(generator, Generator) or getattr(generator, "name", None) != point.name:
        raise WorkbenchError(
            f"{where} is no Generator of this name; let the entry point name a subclass of "
            "workbench.generators.generator.Generator or an instance of one"
        )
    _check(generator, where)
    return generator
