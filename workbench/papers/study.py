"""A study: questions, models, experiments, tables and figures, as one TOML file.

Layout: `title`, `question`, `seed`; `[models]` name -> generator, checkpoint of a shipped one ("challenge/int4"), or
folder; `[[data]]` an experiment with its options, those of `quick` and `full` besides; `[[table]]` and `[[figure]]`,
which show numbers of one experiment. docs/papers.md has them all.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError, nearest
from workbench.files import exists, is_file, path_of, read_bytes
from workbench.papers.options import read_options

QUICK, FULL = "quick", "full"
_SHIPPED = "studies"
_LARGEST = 1 << 20  # bytes of a study


@dataclass(frozen=True)
class Data:
    """An experiment.

    Args:
        name: By which tables and figures name it.
        kind: A key of `kinds.KINDS`.
        models: Names of those that it is done with; () for all.
        quick: Options of a quick run, beside the others.
        full: Options of a full one.
        options: All others, of its kind.
    """

    name: str
    kind: str
    models: tuple[str, ...] = ()
    quick: dict[str, Any] = field(default_factory=dict)
    full: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def of(self, budget: str) -> dict[str, Any]:
        """Its options under QUICK or FULL."""
        return {**self.options, **(self.quick if budget == QUICK else self.full)}


@dataclass(frozen=True)
class TableSpec:
    """A table.

    Args:
        name: Of its files.
        data: The experiment whose numbers it shows.
        rows: The label whose values head the rows; "measure" for what is measured.
        columns: That of the columns.
        caption: Below it.
        keep: Label -> values, in the order in which they are shown; all of those that are not named.
        titles: Value of a label -> what stands for it.
        intervals: Whether they are shown.
    """

    name: str
    data: str
    rows: str
    columns: str
    caption: str
    keep: dict[str, tuple[str, ...]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    intervals: bool = True


@dataclass(frozen=True)
class FigureSpec:
    """A figure.

    Args:
        name: Of its files.
        data: The experiment whose numbers it shows.
        kind: A key of `drawing.DRAWINGS`.
        x: The label along the axis; of points, the measure.
        y: The measure; of a map, its colour.
        caption: Below it.
        series: The label that tells bars, lines or points apart; of a map, that of its rows.
        keep: As of a table.
        titles: As of a table.
        log: Axes that are logarithmic, of "x" and "y".
        x_title: Of the axis; "" for the label's name.
    """

    name: str
    data: str
    kind: str
    x: str
    y: str
    caption: str
    series: str = ""
    keep: dict[str, tuple[str, ...]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    x_title: str = ""


@dataclass(frozen=True)
class Study:
    """All of a study, and where it came from.

    Args:
        name: Of the file, without its ending.
        title: Of the paper.
        question: What is asked, a paragraph.
        seed: Of all random draws.
        models: Name -> generator, shipped checkpoint or folder.
        data: Experiments, in order.
        tables: In order.
        figures: In order.
        digest: SHA-256 of the file, 64 hexadecimal digits.
        folder: In which relative folders of models are.
        source: What a command takes to choose it: its name, or that of its file.
    """

    name: str
    title: str
    question: str
    seed: int
    models: dict[str, str]
    data: tuple[Data, ...]
    tables: tuple[TableSpec, ...]
    figures: tuple[FigureSpec, ...]
    digest: str
    folder: Path
    source: str


@dataclass(frozen=True)
class _Head:
    title: str
    question: str
    models: dict[str, str]
    seed: int = 0


def shipped_studies() -> dict[str, str]:
    """Name -> text of the studies that come with the workbench, sorted."""
    found = files(__package__).joinpath(_SHIPPED).iterdir()
    texts = {each.name: each.read_text("utf-8") for each in found if each.name.endswith(".toml")}
    return {name.removesuffix(".toml"): texts[name] for name in sorted(texts)}


def open_study(source: Path | str) -> Study:
    """Read a study.

    Args:
        source: The name of a shipped one, or a file.

    Raises:
        WorkbenchError: There is none, or something in it cannot be.
    """
    if str(source) in shipped_studies():
        return study_of(study_text(source), str(source), Path())
    path = path_of(source, "a study")
    source = f"./{path.name}" if path.name in shipped_studies() else path.name
    return study_of(study_text(path), path.stem, path.parent, source)


def study_text(source: Path | str) -> str:
    """The text of a study; arguments and errors as `open_study`."""
    shipped = shipped_studies()
    if str(source) in shipped:
        return shipped[str(source)]
    path = path_of(source, "a study")
    if not is_file(path):
        what = "is no file" if exists(path) else "is neither a study nor a file"
        raise WorkbenchError(f"{path} {what}; {nearest(str(path), shipped)}")
    try:
        return read_bytes(path, most=_LARGEST).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise WorkbenchError(f"cannot read {path} ({error}); give a study in TOML") from error


def study_of(text: str, name: str, folder: Path, source: str = "") -> Study:
    """The study that a TOML text holds, chosen by `source`, or else `name`; WorkbenchError for what cannot be."""
    try:
        contents = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WorkbenchError(f"the study {name} is no TOML ({error}); mend that line") from error
    parts = {key: _list(contents, key, name) for key in ("data", "table", "figure")}
    rest = {key: value for key, value in contents.items() if key not in parts}
    head = read_options(_Head, rest, f"the study {name}")
    study = Study(
        name, head.title, head.question, head.seed, head.models,
        tuple(map(_data, parts["data"])),
        tuple(_named(TableSpec, each, "[[table]]") for each in parts["table"]),
        tuple(_named(FigureSpec, each, "[[figure]]") for each in parts["figure"]),
        hashlib.sha256(text.encode()).hexdigest(), folder, source or name,
    )  # fmt: skip
    _check(study)
    return study


def _list(contents: dict[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    value = contents.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise WorkbenchError(f"{key} in the study {name} is no list of tables; write [[{key}]]")
    return value


def _data(given: dict[str, Any]) -> Data:
    known = {"name", "kind", "models", QUICK, FULL}
    mine = {key: value for key, value in given.items() if key in known}
    others = {key: value for key, value in given.items() if key not in known}
    return _named(Data, {**mine, "options": others}, "[[data]]")


def _named(kind: type[Any], given: dict[str, Any], where: str) -> Any:
    return read_options(kind, given, f"{where} {given.get('name', '')}".strip())


def _check(study: Study) -> None:
    """Raise WorkbenchError for names that are used twice, unknown, or no names of files."""
    if not study.data or not study.models:
        raise WorkbenchError(
            f"the study {study.name} has no {'models' if study.data else 'data'}; add "
            f"{'[models]' if study.data else '[[data]]'}"
        )
    for what, names in (
        ("data", [each.name for each in study.data]),
        ("model", [*study.models]),
        (
            "table or figure",
            [each.name for each in study.tables] + [each.name for each in study.figures],
        ),
    ):
        for name in names:
            if not name.replace("-", "").isalnum() or names.count(name) > 1:
                raise WorkbenchError(
                    f"the study {study.name} calls a {what} {name!r}; give each a name of its own, of letters, "
                    "digits and dashes"
                )
    for data in study.data:
        for model in data.models:
            if model not in study.models:
                raise WorkbenchError(
                    f"[[data]] {data.name} names the model {model!r}; {nearest(model, study.models)}"
                )
    for figure in study.figures:
        for axis in figure.log:
            if axis not in ("x", "y"):
                raise WorkbenchError(
                    f'the figure {figure.name} has log {axis!r}; name axes, as ["x", "y"]'
                )
    known = [each.name for each in study.data]
    shown: list[TableSpec | FigureSpec] = [*study.tables, *study.figures]
    for each in shown:
        if each.data not in known:
            raise WorkbenchError(
                f"{each.name} shows the data {each.data!r}; {nearest(each.data, known)}"
            )
