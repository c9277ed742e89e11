"""`workbench paper`: figures, tables and a page of a study, from one file, and numbers of it derived again."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from workbench.commands.common import add_workers, check_jobs
from workbench.commands.progress import resumable
from workbench.errors import WorkbenchError
from workbench.experiments.records import only_kept
from workbench.papers.paper import Paper, write_copy
from workbench.papers.published import publish
from workbench.papers.study import FULL, QUICK, open_study, shipped_studies, study_text
from workbench.papers.verify import changed_files, changed_numbers, read_manifest, verdicts
from workbench.progress import progress_bar

_OUT = Path("out/papers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the study, its budget, and where the paper goes."""
    parser.add_argument(
        "study", nargs="?", metavar="STUDY", help="one that ships, see --list, or a file"
    )
    parser.add_argument(
        "--list", action="store_true", help="describe those that ship, and stop there"
    )
    parser.add_argument(
        "--copy",
        type=Path,
        metavar="FILE",
        help="write the study there, to be changed, and stop there",
    )
    parser.add_argument(
        "--full", action="store_true", help="all trials, in hours (few, in minutes)"
    )
    parser.add_argument(
        "--verify", type=int, metavar="N",
        help="derive N numbers of the paper in --out again from their identifiers; nothing is written",
    )  # fmt: skip
    parser.add_argument(
        "--publish", type=Path, metavar="DOCS",
        help="write tables, figures, methods and manifest of the paper in --out as a page there, and stop there",
    )  # fmt: skip
    add_workers(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help=f"where to write, and go on ({_OUT}/STUDY)"
    )


def run(options: argparse.Namespace) -> None:
    """Make the paper, or verify it.

    An interrupted one goes on. Raises WorkbenchError for a study that cannot be, an experiment that failed, and a
    number that does not come out again.
    """
    if options.list:
        for name in shipped_studies():
            print(f"{name:<12} {open_study(name).title}")
        return
    if options.study is None:
        raise WorkbenchError(f"name a study: {', '.join(shipped_studies())}, or a file")
    check_jobs(options.jobs)
    study = open_study(options.study)
    if options.copy:
        write_copy(study_text(options.study), options.copy)
        print(f"{options.copy} is yours: workbench paper {options.copy}")
        return
    out = options.out or _OUT / f"{study.name}{'-full' if options.full else ''}"
    if options.publish:
        print(publish(out, options.publish))
        return
    paper = Paper(study, FULL if options.full else QUICK, out, options.jobs, options.dask)
    if options.verify is not None:
        with only_kept():
            _verify(paper, options.verify)
        return
    from workbench.papers.page import page_of  # matplotlib is slow to import

    with resumable(lambda: f"what is finished is kept in {out}"):
        page = paper.make(study_text=study_text(options.study), page=page_of)
    print(
        f"{len(paper.shown)} numbers in {len(study.tables)} tables and {len(study.figures)} figures; open {page} in a "
        f"browser, tables and figures are beside it"
    )


def _verify(paper: Paper, count: int) -> None:
    """Files and all numbers against what was kept, and some of them from their identifiers."""
    if count < 1:
        raise WorkbenchError(f"cannot derive {count} numbers again; give at least 1")
    manifest = read_manifest(paper.folder)
    made_by = manifest["study_sha256"], manifest["budget"], manifest["seed"]
    if made_by != (paper.study.digest, paper.budget, paper.study.seed):
        raise WorkbenchError(
            f"the paper in {paper.folder} was made from another study or budget; name its study, and --full where it "
            "was made so"
        )
    for name, model in paper.models.items():
        if manifest["models"][name]["program"] != model.voice.program.content_hash:
            raise WorkbenchError(
                f"the paper in {paper.folder} was made of another model than {model.text} is now; put that one back, or "
                "make the paper again with another --out"
            )
    files = changed_files(paper.folder, manifest)
    numbers = changed_numbers(paper)
    print(
        f"{len(manifest['files'])} files, {len(files)} of them changed; {manifest['numbers']:,} numbers follow from the "
        f"results, {len(numbers)} of them otherwise"
    )
    wrong = [*(f"the file {name}" for name in files), *numbers]
    # Random without a seed: nobody who makes a paper can know which will be drawn.
    for verdict in progress_bar(
        verdicts(paper, count, np.random.default_rng()), total=count, unit="number"
    ):
        said = "equal" if verdict.equal else "NOT EQUAL"
        print(f"{said}  {verdict.data}, {verdict.cell.key} = {verdict.text}: {verdict.what}")
        wrong += [] if verdict.equal else [f"{verdict.data}, {verdict.cell.key}"]
    if wrong:
        raise WorkbenchError(
            f"{len(wrong)} do not come out again, the first: {wrong[0]}; make the paper again"
        )
