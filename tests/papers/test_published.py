"""The full runs in the documentation: every table and figure is the one of its manifest, and the page follows from them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from workbench.errors import WorkbenchError
from workbench.papers.paper import MANIFEST
from workbench.papers.published import publish, published_page
from workbench.papers.study import FULL, open_study
from workbench.papers.verify import read_manifest
from workbench.sealed import write_sealed

STUDIES = Path(__file__).parents[2] / "docs" / "studies"

PUBLISHED = sorted(path.parent.name for path in STUDIES.glob(f"*/{MANIFEST}"))

STUDY = """
title = "Two numbers"
question = "Which?"
[models]
int8 = "challenge"
[[data]]
name = "d"
kind = "costs"
[[table]]
name = "t"
data = "d"
rows = "strategy"
columns = "measure"
caption = "Shares."
[[table]]
name = "plain"
data = "d"
rows = "strategy"
columns = "measure"
intervals = false
caption = "Bytes."
"""
FILES = {
    "study.toml": STUDY,
    "methods.txt": "Done so.\n",
    "citation.bib": "@misc{a}\n",
    "tables/t.csv": 'strategy,"a, %","a, % low","a, % high",b,b low,b high\nx|y,12.3456,1,100,7,,\nz,,,,0,0,0.5\n',
    "tables/plain.csv": "strategy,c\nx,12345.6\n",
    "index.html": "<p>",
}


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    folder = tmp_path / "paper"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    files = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in FILES.items()}
    manifest = {
        "study": "two", "budget": FULL, "command": "workbench paper two --full", "files": files,
        "models": {"int8": {"source": "challenge", "program": "0" * 64}}, "versions": {"workbench": "0.1.0"},
    }  # fmt: skip
    write_sealed(folder / MANIFEST, manifest)
    return folder


def test_a_page_shows_the_tables_of_the_paper(paper: Path, tmp_path: Path) -> None:
    page = publish(paper, tmp_path / "docs").read_text()
    assert "| strategy | a, % | b |\n| --- | --- | --- |\n" in page
    assert "| x\\|y | 12.3 (1.00 to 100) | 7.00 |\n| z | – | 0 (0 to 0.500) |" in page
    assert "| strategy | c |\n| --- | --- |\n| x | 12,346 |" in page
    assert "A full run: `workbench paper two --full`" in page and "Done so." in page
    published = tmp_path / "docs" / "two"
    assert page == published_page(published)
    assert {p.relative_to(published).as_posix() for p in published.rglob("*") if p.is_file()} == {
        MANIFEST, *FILES
    } - {"index.html"}  # fmt: skip


def test_a_paper_that_was_edited_is_not_published(paper: Path, tmp_path: Path) -> None:
    (paper / "tables/t.csv").write_text(FILES["tables/t.csv"].replace("12.3", "11.3"))
    with pytest.raises(WorkbenchError, match=r"tables/t.csv is not the file that manifest.json"):
        publish(paper, tmp_path / "docs")
    assert not (tmp_path / "docs").exists()


def unlisted(folder: Path) -> list[str]:
    """Files of a published folder that are not those of its manifest."""
    listed = read_manifest(folder)["files"]
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return [
        path.name
        for path in files
        if listed.get(path.relative_to(folder).as_posix())
        != hashlib.sha256(path.read_bytes()).hexdigest()
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_study_is_that_of_its_manifest(name: str, tmp_path: Path) -> None:
    folder, study = STUDIES / name, open_study(name)
    manifest = read_manifest(folder)
    assert manifest["budget"] == FULL and manifest["study_sha256"] == study.digest
    assert unlisted(folder) == []
    assert {path.stem for path in folder.glob("tables/*.csv")} == {t.name for t in study.tables}
    assert {path.stem for path in folder.glob("figures/*.svg")} == {f.name for f in study.figures}
    assert (STUDIES / f"{name}.md").read_text("utf-8") == published_page(folder)
    copy = tmp_path / name
    shutil.copytree(folder, copy)
    table = copy / "tables" / f"{study.tables[0].name}.csv"
    table.write_text(table.read_text().replace("1", "2", 1))
    assert unlisted(copy) == [table.name]
