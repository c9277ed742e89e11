"""A paper as a page of the documentation: question, tables, figures and methods, and the manifest that holds them.

Layout: NAME.md, and beside it a folder NAME with `manifest.json`, `study.toml`, `methods.txt`, `citation.bib`,
`tables/*.csv` and `figures/*.svg` as the paper has them, byte for byte. The page follows from that folder alone. What is
large stays out: the page with sounds, the data, the numbers with their identifiers.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import output_folder, write_bytes, write_text
from workbench.papers.cell import NONE, Measure, figure_text
from workbench.papers.paper import MANIFEST, METHODS
from workbench.papers.study import FULL, Study, TableSpec, study_of
from workbench.papers.verify import changed_files, read_manifest

_STUDY = "study.toml"
_KEPT = (METHODS, _STUDY, "citation.bib", "tables/*.csv", "figures/*.svg")
_PLAIN = Measure("")  # tables are in the units in which they are shown


def publish(paper: Path, docs: Path) -> Path:
    """Copy what a page needs from the folder of a paper, and write the page.

    Args:
        paper: The folder.
        docs: Where pages are.

    Returns:
        The page.

    Raises:
        WorkbenchError: The folder holds no paper, or a file that its manifest does not list so; or nothing can be written.
    """
    manifest = read_manifest(paper)
    if changed := changed_files(paper, manifest):
        raise WorkbenchError(
            f"{paper / changed[0]} is not the file that {MANIFEST} lists; make the paper again"
        )
    folder = output_folder(docs / manifest["study"])
    for pattern in _KEPT:
        for file in sorted(paper.glob(pattern)):
            write_bytes(folder / file.relative_to(paper), file.read_bytes())
    write_bytes(folder / MANIFEST, (paper / MANIFEST).read_bytes())
    page = docs / f"{manifest['study']}.md"
    write_text(page, published_page(folder))
    return page


def published_page(folder: Path) -> str:
    """The text of the page of a published folder, in Markdown; WorkbenchError where its manifest was edited."""
    manifest = read_manifest(folder)
    study = study_of((folder / _STUDY).read_text("utf-8"), manifest["study"], folder)
    name = study.name
    budget = "A full run" if manifest["budget"] == FULL else "A quick run"
    parts = [
        f"# {study.title}",
        study.question.strip(),
        f"{budget}: `{manifest['command']}`, seed {study.seed}, workbench {manifest['versions']['workbench']}. The command "
        "also writes a page on which every number tells what it came from, PDF and LaTeX. "
        f"[Manifest]({name}/{MANIFEST}), [study]({name}/{_STUDY}), [citation]({name}/citation.bib).",
        *(_table(number, spec, study, folder) for number, spec in enumerate(study.tables, 1)),
        *(
            f"![Figure {number}]({name}/figures/{spec.name}.svg)\n\n*Figure {number}.* {spec.caption}"
            for number, spec in enumerate(study.figures, 1)
        ),
        "## Methods",
        (folder / METHODS).read_text("utf-8").strip(),
        "\n".join(_models(manifest)),
    ]
    return "\n\n".join(parts) + "\n"


def _models(manifest: dict[str, Any]) -> list[str]:
    return [
        f"- {name}: `{model['source']}`, program `{model['program'][:16]}`"
        for name, model in manifest["models"].items()
    ]


def _table(number: int, spec: TableSpec, study: Study, folder: Path) -> str:
    path = f"tables/{spec.name}.csv"
    with (folder / path).open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    step = 3 if spec.intervals else 1  # of each number also the ends of its interval
    lines = [
        _row([head[0], *head[1::step]]),
        _row(["---"] * (1 + len(head[1::step]))),
        *(
            _row([row[0], *(_shown(row[at : at + step]) for at in range(1, len(row), step))])
            for row in rows
        ),
    ]
    return f"*Table {number}.* {spec.caption} [CSV]({study.name}/{path})\n\n" + "\n".join(lines)


def _shown(texts: list[str]) -> str:
    """A number, with its interval where there is one."""
    value, *ends = (figure_text(float(text), _PLAIN) if text else NONE for text in texts)
    return value if NONE in ends or not ends else f"{value} ({' to '.join(ends)})"


def _row(texts: list[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"
