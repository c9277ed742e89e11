"""A study from Python: the same files as `workbench paper`, its tables shown in a notebook."""

from __future__ import annotations

from html import escape
from pathlib import Path

from workbench.face.shown import Shown, html_table, text_table
from workbench.face.working import working
from workbench.files import as_argument, path_of
from workbench.papers.page import page_of
from workbench.papers.paper import Paper
from workbench.papers.study import FULL, QUICK, open_study, study_text


def paper(
    study: Path | str,
    out: Path | str,
    *,
    full: bool = False,
    jobs: int = -1,
    dask: str | None = None,
) -> Shown:
    """Run a study and write its tables, figures, methods and page, whose numbers can be heard.

    Args:
        study: The name of one that ships ("behaviour", "bits", "cost", "healing", "precision"), or a TOML file.
        out: Folder of the paper; one that was begun is resumed.
        full: Whether all trials are run, which takes hours; else few.
        jobs: Processes; -1 for one a core.
        dask: Address of a Dask scheduler, to use its workers instead.

    Returns:
        Its tables, and where the page is.

    Raises:
        WorkbenchError: The study cannot be, an experiment failed, or a file cannot be written.
    """
    made = Paper(
        open_study(study),
        FULL if full else QUICK,
        path_of(out, "the folder of a paper"),
        jobs,
        dask,
    )
    with working(f"Making the paper {made.study.name}"):
        page = made.make(study_text=study_text(study), page=page_of)
    tables = [
        (
            table.spec.caption,
            [
                table.head,
                *(
                    (table.title(row), *(table.text(row, column) for column in table.columns))
                    for row in table.rows
                ),
            ],
        )
        for table in made.tables
    ]
    return Shown(
        "".join(html_table(rows, caption=caption) for caption, rows in tables)
        + f"<p>The page with everything: <code>{escape(as_argument(page))}</code></p>",
        "\n\n".join([*(f"{caption}\n{text_table(rows)}" for caption, rows in tables), f"{page}"]),
    )
