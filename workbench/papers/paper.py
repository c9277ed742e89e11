"""A paper: a study whose experiments are run, and what is made of their numbers.

Layout of the folder: `index.html`, `tables/NAME.csv` and `.tex`, `figures/NAME.svg` and `.pdf`, `methods.txt`,
`citation.bib`, `numbers.json` (all numbers with what they came from, sealed), `study.toml`, `manifest.json` (sealed:
study, seed, budget, models, versions, SHA-256 of every other file), `data/` with what the experiments keep.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.errors import WorkbenchError
from workbench.experiments.provenance import provenance
from workbench.files import as_argument, output_folder, write_bytes, write_text
from workbench.papers.cell import Cell, plain
from workbench.papers.kind import Kind, Site
from workbench.papers.kinds import kind_named
from workbench.papers.models import Model, open_model
from workbench.papers.study import FULL, QUICK, Data, Study
from workbench.papers.tables import Table, csv_text, latex, latex_text, shown_in, table_of
from workbench.sealed import write_sealed

MANIFEST, NUMBERS, PAGE, METHODS = "manifest.json", "numbers.json", "index.html", "methods.txt"
_DATA = "data"


@dataclass(frozen=True)
class Paper:
    """A study under a budget, in a folder.

    Args:
        study: What is asked.
        budget: QUICK or FULL.
        folder: Of the paper.
        jobs: Processes; -1 for one a core.
        dask: Address of a scheduler, None for this machine.
    """

    study: Study
    budget: str
    folder: Path
    jobs: int = -1
    dask: str | None = None

    @cached_property
    def models(self) -> dict[str, Model]:
        """By name; WorkbenchError for one that cannot be opened."""
        return {
            name: open_model(text, self.study.folder) for name, text in self.study.models.items()
        }

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """The experiments by name; WorkbenchError for options that cannot be."""
        return {data.name: self._kind(data) for data in self.study.data}

    @cached_property
    def cells(self) -> dict[str, list[Cell]]:
        """All numbers of each experiment."""
        return {name: kind.cells() for name, kind in self.kinds.items()}

    @cached_property
    def tables(self) -> list[Table]:
        """In the order of the study."""
        return [
            table_of(spec, self.cells[spec.data], self.kinds[spec.data].MEASURES)
            for spec in self.study.tables
        ]

    @cached_property
    def identifiers(self) -> dict[tuple[str, str], str]:
        """Experiment and key of every number -> what it is called on the page, "n0" and so on."""
        every = [(name, cell.key) for name, cells in self.cells.items() for cell in cells]
        return {each: f"n{number}" for number, each in enumerate(every)}

    @cached_property
    def figures(self) -> dict[str, dict[str, bytes]]:
        """The figures of the study by name, each as "svg" and "pdf"."""
        from workbench.papers.drawing import figure_of, picture  # matplotlib is slow to import

        made = {}
        for spec in self.study.figures:
            figure = figure_of(
                spec,
                self.cells[spec.data],
                self.kinds[spec.data].MEASURES,
                partial(self._identifier, spec.data),
            )
            made[spec.name] = {kind: picture(figure, kind) for kind in ("svg", "pdf")}
        return made

    def _identifier(self, data: str, cell: Cell) -> str:
        return self.identifiers[data, cell.key]

    @cached_property
    def shown(self) -> list[tuple[str, Cell]]:
        """The numbers that stand in a table or a figure, each once, with their experiments."""
        found = [(table.spec.data, cell) for table in self.tables for cell in table.cells.values()]
        found += [
            (spec.data, cell)
            for spec in self.study.figures
            for cell in shown_in(spec, self.cells[spec.data])
        ]
        return list({(name, cell.key): (name, cell) for name, cell in found}.values())

    @property
    def methods(self) -> str:
        """What was done, in the words of a paper."""
        return "\n\n".join(kind.methods() for kind in self.kinds.values())

    @property
    def command(self) -> str:
        """That makes the paper again."""
        return f"workbench paper {shlex.quote(as_argument(self.study.source))}{' --full' if self.budget == FULL else ''}"

    def make(self, *, study_text: str, page: Callable[[Paper], str]) -> Path:
        """Run what is missing, and write all files; what lay there before stays until its successor is whole.

        Args:
            study_text: Of the study, kept beside the results.
            page: Makes the page.

        Returns:
            The page.

        Raises:
            WorkbenchError: An experiment failed, or a file cannot be written.
        """
        folder = output_folder(self.folder)
        kinds = self.kinds  # all are checked before any of them runs
        self._check_figures()
        for kind in kinds.values():
            kind.run()
        files: dict[str, bytes] = {}
        for table in self.tables:
            note = f"made by `{self.command}`"
            files[f"tables/{table.spec.name}.csv"] = csv_text(table).encode()
            files[f"tables/{table.spec.name}.tex"] = latex_text(table, note=note).encode()
        for name, drawn in self.figures.items():
            files |= {f"figures/{name}.{ending}": data for ending, data in drawn.items()}
        files[METHODS] = (self.methods + "\n").encode()
        files["citation.bib"] = self.citation.encode()
        files["study.toml"] = study_text.encode()
        files[PAGE] = page(self).encode()
        for name, data in files.items():
            write_bytes(folder / name, data)
        write_sealed(folder / NUMBERS, self.plain_numbers)
        write_sealed(folder / MANIFEST, self._manifest(files))
        return folder / PAGE

    def _check_figures(self) -> None:
        from workbench.papers.drawing import check_figure  # matplotlib is slow to import

        for spec in self.study.figures:
            check_figure(spec, self.kinds[spec.data].MEASURES)

    @property
    def plain_numbers(self) -> dict[str, Any]:
        """JSON-ready, by experiment."""
        return {name: [plain(cell) for cell in cells] for name, cells in self.cells.items()}

    @property
    def citation(self) -> str:
        """An entry of BibTeX."""
        digest = self.study.digest[:12]
        key = "-".join(re.findall(r"[A-Za-z0-9]+", f"workbench {self.study.name} {digest}"))
        return (
            f"@misc{{{key},\n  title = {{{latex(self.study.title)}}},\n"
            f"  howpublished = {{The Self-Healing tinyML Audio Workbench {__version__}, \\texttt{{{latex(self.command)}}}}},\n"
            f"  note = {{study {digest}, seed {self.study.seed}}},\n}}\n"
        )

    def _manifest(self, files: dict[str, bytes]) -> dict[str, Any]:
        return {
            "study": self.study.name,
            "study_sha256": self.study.digest,
            "budget": self.budget,
            "seed": self.study.seed,
            "command": self.command,
            "models": {
                name: {"source": model.text, "program": model.voice.program.content_hash}
                for name, model in self.models.items()
            },
            "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
            "numbers": len(self.identifiers),
            **provenance(),
        }

    def _kind(self, data: Data) -> Kind:
        if self.budget not in (QUICK, FULL):
            raise WorkbenchError(f"there is no budget {self.budget!r}; use {QUICK} or {FULL}")
        names = data.models or tuple(self.models)
        return kind_named(data.kind)(
            data.name,
            data.of(self.budget),
            {name: self.models[name] for name in names},
            self.study.seed,
            Site(self.folder / _DATA / data.name, self.jobs, self.dask),
        )


def write_copy(text: str, path: Path) -> None:
    """Write a study, to be changed, where no file is yet; WorkbenchError where there is one."""
    if path.exists():
        raise WorkbenchError(f"{path} is there already; name a new file")
    write_text(path, text)
