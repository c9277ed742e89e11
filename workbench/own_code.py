"""Digests of what code of one's own does, so that results of an earlier version of it are not taken for its own.

A class or a function of a notebook, a script or a package beside the workbench is described by its byte code, its
constants, and whatever of one's own it names, however deep; not by where it stands, so that a cell has one digest in
every kernel. What ships with the workbench, Python or an installed package counts by its name: of the workbench,
`experiments.parallel.task.code_here` tells the rest. Layout: a digest is 64 hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dis import get_instructions
from enum import Enum
from functools import cache, cached_property, partial
from pathlib import Path
from types import (
    CodeType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

_WORKBENCH = __name__.partition(".")[0]
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...))
# Of a class: where it stands and what describes it, not what it does; some is made when it is first used.
_BESIDE = {
    "__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "__static_attributes__",
    "__dataclass_fields__", "__dataclass_params__", "__abstractmethods__", "__slotnames__", "_abc_impl",
}  # fmt: skip
_LOOKED_UP = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_INSTALLED = {"site-packages", "dist-packages"}
_GROUPS = f"{_WORKBENCH}."  # of entry points


def own_digest(things: Iterable[object]) -> str:
    """The digest of those of these classes, functions and objects that are of one's own; "" where none is.

    Classes and functions are one's own by the module that they are in, objects by their class or by what
    they hold; a tuple is read as a whole.
    """
    digests = [reader.digest for reader in map(_Reader, things) if reader.own]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest() if digests else ""


class _Reader:
    """Reads one thing. own: whether something in it is of one's own. digest: of all that was read."""

    def __init__(self, thing: object) -> None:
        self.own = False
        self._hash = hashlib.sha256()
        seen: dict[int, int] = {}
        alive = []  # so that no identifier comes twice
        waiting = [thing]  # a list and no recursion: code may name code without end
        while waiting:
            thing = waiting.pop()
            if isinstance(thing, _PLAIN):
                self._note(type(thing).__name__, repr(thing))
            elif isinstance(
                thing, tuple
            ):  # equal ones may be one or several, as the compiler likes
                waiting += reversed([type(thing), len(thing), *thing])
            elif id(thing) in seen:
                self._note("again", seen[id(thing)])
            else:
                seen[id(thing)] = len(seen)
                alive.append(thing)
                waiting += reversed([*self._parts(thing)])
        self.digest = self._hash.hexdigest()

    def _note(self, *words: object) -> None:
        text = " ".join(map(str, words)).encode("utf-8", "surrogatepass")
        self._hash.update(b"%d:%b" % (len(text), text))

    def _parts(self, thing: object) -> Iterator[object]:
        """What a thing consists of, after a note of what it is."""
        if isinstance(thing, type | FunctionType | ModuleType):
            name = thing.__name__ if isinstance(thing, ModuleType) else thing.__qualname__
            module = name if isinstance(thing, ModuleType) else thing.__module__ or ""
            if _is_own(module):
                self.own = True
                self._note("own", type(thing).__name__, name)
                yield from _parts_of_own(thing)
            else:
                self._note(module, name)
            return
        yield type(thing)
        yield from _parts_of_object(thing)


def _is_own(module: str) -> bool:
    """Whether a module is of one's own: none of the workbench, of Python, or of a package that is no extension."""
    top = module.partition(".")[0]
    if top == "__main__":
        return True
    if not top or top == _WORKBENCH or top in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return _INSTALLED.isdisjoint(Path(file).parts) or top in _extensions()


@cache
def _extensions() -> set[str]:
    """Installed packages that offer something to the workbench."""
    from importlib.metadata import entry_points  # slow to import, and seldom needed

    groups = (
        entry_points(group=name) for name in entry_points().groups if name.startswith(_GROUPS)
    )
    return {point.module.partition(".")[0] for group in groups for point in group}


def _parts_of_own(thing: type | FunctionType | ModuleType) -> Iterator[object]:
    if isinstance(thing, type):
        yield thing.__bases__
        yield {name: value for name, value in vars(thing).items() if name not in _BESIDE}
    elif isinstance(thing, FunctionType):
        yield from (thing.__code__, thing.__defaults__, thing.__kwdefaults__)
        for cell in thing.__closure__ or ():
            with suppress(ValueError):  # an empty one
                yield cell.cell_contents
        used = _names_of(thing.__code__)
        yield {name: value for name, value in thing.__globals__.items() if name in used}
    else:  # of a module that a function names, its file
        with suppress(OSError, TypeError):
            yield Path(thing.__file__).read_bytes()  # type: ignore[arg-type]


def _parts_of_object(thing: object) -> Iterator[object]:
    if isinstance(thing, CodeType):
        yield from _parts_of_code(thing)
    elif isinstance(thing, Enum):
        yield from (thing.name, thing.value)
    elif isinstance(thing, np.ndarray):
        yield from (str(thing.dtype), thing.shape)
        yield thing.tolist() if thing.dtype.hasobject else thing.tobytes()
    elif isinstance(thing, dict | MappingProxyType):
        yield len(thing)
        for key in sorted(thing, key=repr):
            yield from (key, thing[key])
    elif isinstance(thing, list):
        yield from (len(thing), *thing)
    elif isinstance(thing, set | frozenset):
        yield sorted(_Reader(each).digest for each in thing)
    elif isinstance(thing, partial):
        yield from (thing.func, thing.args, thing.keywords)
    elif isinstance(thing, property):
        yield from (thing.fget, thing.fset, thing.fdel)
    elif isinstance(thing, cached_property):
        yield thing.func
    elif isinstance(thing, MethodType | staticmethod | classmethod):
        yield from (thing.__func__, getattr(thing, "__self__", None))
    else:
        yield from _parts_of_instance(thing)


def _parts_of_instance(thing: object) -> Iterator[object]:
    state = dict(_plainly(thing, "__dict__") or {})
    if "__wrapped__" in state:  # a function with a cache
        yield state["__wrapped__"]
        return
    if isinstance(name := _plainly(thing, "__qualname__"), str):  # a function in C
        yield name
        return
    every = [(name, each) for kind in type(thing).__mro__ for name, each in vars(kind).items()]
    made = {name for name, each in every if isinstance(each, cached_property)}
    slots = [name for name, each in every if isinstance(each, MemberDescriptorType)]
    state |= {name: _plainly(thing, name) for name in slots}
    yield {name: value for name, value in state.items() if name not in made}


def _plainly(thing: object, name: str) -> Any:
    """An attribute, without asking a `__getattr__` of the thing's, which may have an answer to everything; or None."""
    try:
        return object.__getattribute__(thing, name)
    except AttributeError:
        return None


def _parts_of_code(code: CodeType) -> Iterator[object]:
    yield from (code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    yield from (code.co_flags, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    yield from (code.co_exceptiontable, code.co_consts)


def _names_of(code: CodeType) -> set[str]:
    """Names that the code, or code within it, looks up in its module; as where a process sends it to another."""
    names = {str(each.argval) for each in get_instructions(code) if each.opname in _LOOKED_UP}
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return names.union(*map(_names_of, inner))
