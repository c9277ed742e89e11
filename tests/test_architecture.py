"""The shape of the code: which package may import which, where widgets live, how long files are."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from workbench.memory.watches.areas import KINDS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "workbench"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Module or package of workbench/ -> what it is built on; arrows are followed transitively.
NEEDS = {
    "__init__": {
        "face",
        "layers",
    },  # imported when one of its names is first used; others take __version__
    "errors": set(),
    "files": {"errors"},
    "sealed": {"files"},
    "container": {"sealed"},
    "compilers": {"errors"},
    "progress": set(),
    "own_code": set(),
    "audio": {"container", "progress", "own_code"},
    "generators": {"audio"},
    "layers": {"generators"},
    "integer": {"generators", "compilers"},  # lowering starts from their layers
    "memory": {"integer"},
    "training": {"generators", "memory"},
    "healing": {"memory"},
    "versions": {"errors"},
    "firmware": {"memory", "healing", "versions"},
    "experiments": {"training", "firmware"},
    "papers": {"experiments"},
    "panels": {"experiments"},
    "face": {"panels", "papers"},
    "commands": {"face"},
    "cli": {"commands", "__init__"},
    "__main__": {"cli"},
}
LONGEST_FILE_LINES = 350
WIDGETS = {"ipywidgets", "anywidget"}
PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}
PICKLING_CALLS = {"torch.load", "torch.save"}


def _reachable(name: str) -> set[str]:
    return {name, "__init__"}.union(*(_reachable(below) for below in NEEDS[name]))


def _part(path: Path) -> str:
    """Return the package (or top-level module) of workbench/ that the file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def _imported(path: Path) -> set[str]:
    """The dotted names of everything that a file imports, relative imports made absolute."""
    package = path.relative_to(ROOT).parent.parts
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def _named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_named)
def test_imports(path: Path) -> None:
    names = _imported(path)
    parts = {name.split(".")[1] for name in names if name.startswith("workbench.")}
    below = {part for part in parts if part in NEEDS}
    assert below <= _reachable(_part(path))
    assert parts - below <= {"__version__"}, "a package that NEEDS does not know"
    roots = {name.split(".")[0] for name in names}
    assert not roots & PICKLES
    if _part(path) != "panels":
        assert not roots & WIDGETS


@pytest.mark.parametrize("path", SOURCES, ids=_named)
def test_no_pickle_by_another_name(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in PICKLING_CALLS
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant) and node.value.value is False


def test_every_package_has_its_arrows() -> None:
    there = {_part(path) for path in SOURCES}
    assert there <= set(NEEDS)


def test_files_stay_short() -> None:
    folders = (PACKAGE, ROOT / "tests")
    suffixes = {".py", ".c", ".h", ".js", ".css", ".html"}
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in suffixes
        and (lines := len(path.read_text().splitlines())) > LONGEST_FILE_LINES
    }
    assert not long


def test_c_sources_name_their_licence() -> None:
    for path in (*PACKAGE.rglob("*.[ch]"), *(ROOT / "tests").rglob("*.[ch]")):
        head = path.read_text().splitlines()[:3]
        assert any("SPDX-License-Identifier: " in line for line in head), path


def _files_imported(path: Path, files: dict[str, Path]) -> set[str]:
    """Files of workbench/ that a file imports, anywhere in it and for types alone as well."""
    names = _imported(path)
    modules = names | {name.rpartition(".")[0] for name in names}
    return {name for name in modules if name in files and files[name] != path}


def _circle(arrows: dict[str, set[str]]) -> list[str]:
    """Names that lead back to the first of them; none where all arrows go one way."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return way[way.index(name) :]
        if name in done:
            return []
        circle = next(filter(None, (walk(below, [*way, name]) for below in arrows[name])), [])
        done.add(name)
        return circle

    return next(filter(None, (walk(name, []) for name in sorted(arrows))), [])


def test_no_files_import_each_other_in_a_circle() -> None:
    """Neither at their head, nor within a function, nor for types alone; packages themselves left out."""
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in SOURCES
        if path.stem not in ("__init__", "__main__")
    }
    assert not _circle({name: _files_imported(path, files) for name, path in files.items()})
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


def test_no_folders_import_each_other_in_a_circle() -> None:
    """The sub-packages of one package, side by side; what a package holds besides them is left out."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in SOURCES}
    arrows: dict[str, set[str]] = {}
    for path in SOURCES:
        if len(path.relative_to(PACKAGE).parts) > 2:
            below = {files[name].parent for name in _files_imported(path, files)}
            beside = {each.name for each in below if each.parent == path.parent.parent}
            folder = _named(path.parent)
            package = _named(path.parent.parent)
            arrows.setdefault(folder, set()).update(f"{package}/{name}" for name in beside)
    for folder, below in arrows.items():
        below.discard(folder)
    assert arrows["experiments/voices"] and not _circle(arrows)


@pytest.mark.parametrize("path", SOURCES, ids=_named)
def test_guards_are_asked_and_not_compared_by_name(path: Path) -> None:
    """Outside of the files of the kinds themselves; "golden" is a section of the image as well."""
    if path.parent in (PACKAGE / "memory" / "watches", PACKAGE / "firmware" / "guards"):
        return
    names = set(KINDS) - {"golden"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare):
            texts = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
            assert not texts & names, ast.unparse(node)
            assert not ast.unparse(node).startswith("guard.area.code =="), ast.unparse(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
            kinds = [n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)]
            allowed = ("Watch", "PageWatch") if _part(path) == "experiments" else ("Watch",)
            assert not [k for k in kinds if k.endswith("Watch") and k not in allowed]
