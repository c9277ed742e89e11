"""The shape of the code: which package may import which, where widgets live, how long files are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "workbench"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Module or package of workbench/ -> what it is built on; arrows are followed transitively.
NEEDS = {
    "__init__": {"face"},  # imported when one of its names is first used; others take __version__
    "errors": set(),
    "files": {"errors"},
    "sealed": {"files"},
    "container": {"sealed"},
    "compilers": {"errors"},
    "audio": {"container"},
    "generators": {"audio"},
    "integer": {"generators", "compilers"},  # lowering starts from their layers
    "memory": {"integer"},
    "training": {"generators", "memory"},
    "healing": {"memory"},
    "firmware": {"memory", "healing"},
    "experiments": {"training", "firmware"},
    "panels": {"experiments"},
    "face": {"panels"},
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


def _imported(tree: ast.AST, path: Path) -> Iterator[str]:
    """Give the dotted name of everything imported, relative imports made absolute."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_named)
def test_imports(path: Path) -> None:
    names = set(_imported(ast.parse(path.read_text()), path))
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
