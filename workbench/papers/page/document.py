"""The page: question, tables, figures, methods, and for every number that is shown what lies behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

from workbench.experiments.demo.page.data_uris import wav_uri
from workbench.experiments.demo.page.document import page_style
from workbench.papers.cell import NONE, Cell, headed, with_interval
from workbench.papers.kind import Example, Kind
from workbench.papers.paper import Paper
from workbench.papers.study import QUICK
from workbench.papers.tables import Table
from workbench.progress import progress_bar


def page_of(paper: Paper) -> str:
    """The page as one HTML text that loads nothing."""
    identifiers = paper.identifiers
    behind: dict[str, Any] = {}
    sounds: dict[str, str] = {}
    for name, cell in progress_bar(paper.shown, desc="sounds", unit="number"):
        behind[identifiers[name, cell.key]] = _behind(cell, name, paper.kinds[name], sounds)
    study = paper.study
    budget = "A quick run: few trials, wide intervals." if paper.budget == QUICK else "A full run."
    parts = {
        "style": page_style() + _shipped("paper.css"),
        "script": _shipped("paper.js"),
        "title": escape(study.title),
        "question": escape(study.question.strip()),
        "budget": f"{budget} Random draws have the seed {study.seed}.",
        "behind": "it tells what it was computed from"
        + (", shows what was flipped, and plays it" if sounds else ""),
        "tables": "".join(
            _table(number, table, identifiers) for number, table in enumerate(paper.tables, 1)
        ),
        "figures": "".join(
            f'<figure id="{escape(spec.name)}" class="drawn">{_svg(paper.figures[spec.name]["svg"])}'
            f"<figcaption>Figure {number}. {escape(spec.caption)}</figcaption></figure>"
            for number, spec in enumerate(study.figures, 1)
        ),
        "methods": "".join(f"<p>{escape(text)}</p>" for text in paper.methods.split("\n\n")),
        "models": "".join(
            f"<li><b>{escape(name)}</b>: {escape(model.text)}, program "
            f"<code>{model.voice.program.content_hash[:16]}</code></li>"
            for name, model in paper.models.items()
        ),
        "command": escape(paper.command),
        "data": _json({"numbers": behind, "sounds": sounds}),
    }
    return Template(_shipped("paper.html")).substitute(parts)


def _behind(cell: Cell, data: str, kind: Kind, sounds: dict[str, str]) -> dict[str, Any]:
    """What the page tells of a number; sounds: data URIs, each once, by a name that the page uses."""
    measure = kind.MEASURES[cell.measure]
    example = kind.example(cell) if cell.value is not None else None
    return {
        "title": headed(measure),
        "text": with_interval(cell, measure),
        "labels": {name: text for name, text in cell.labels.items() if text},
        "data": data,
        "origin": cell.origin,
        "replay": list(cell.replay),
        "example": example and _example(example, sounds),
    }


def _example(example: Example, sounds: dict[str, str]) -> dict[str, Any]:
    def kept(samples: np.ndarray | None) -> str | None:
        if samples is None or samples.ndim != 1:
            return None
        uri = wav_uri(samples, example.sample_rate_hz)
        return sounds.setdefault(uri, f"s{len(sounds)}")

    return {
        "caption": example.caption,
        "events": list(example.events),
        "clean": kept(example.clean),
        "sound": kept(example.sound),
        "again": example.again,
    }


def _table(number: int, table: Table, identifiers: Mapping[tuple[str, str], str]) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in table.head)
    rows = "".join(
        f'<tr><th scope="row">{escape(table.title(row))}</th>'
        + "".join(_number(table, row, column, identifiers) for column in table.columns)
        + "</tr>"
        for row in table.rows
    )
    name = escape(table.spec.name)
    return (
        f'<figure id="{name}"><div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        f"<figcaption>Table {number}. {escape(table.spec.caption)}</figcaption></figure>"
    )


def _number(table: Table, row: str, column: str, identifiers: Mapping[tuple[str, str], str]) -> str:
    cell = table.cells.get((row, column))
    if cell is None or cell.value is None:
        return f"<td>{NONE}</td>"
    number = identifiers[table.spec.data, cell.key]
    return f'<td><button class="number" data-number="{number}">{escape(table.text(row, column))}</button></td>'


def _svg(data: bytes) -> str:
    """The drawing without the lines that only a file needs."""
    text = data.decode()
    return text[text.index("<svg") :]


def _json(value: object) -> str:
    """JSON that may stand in a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def _shipped(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
