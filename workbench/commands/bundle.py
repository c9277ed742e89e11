"""`workbench bundle`: a folder of results as one archive with checksums, or such an archive checked."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.experiments.bundle import check, pack, results_in
from workbench.files import exists
from workbench.progress import progress_bar


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is packed or checked."""
    parser.add_argument(
        "results",
        type=Path,
        metavar="PATH",
        help="a folder that a command has written, or with --check an archive",
    )
    parser.add_argument(
        "--check", action="store_true", help="compare the files of an archive with their checksums"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="the archive (the folder's name with .zip, beside it)",
    )


def run(options: argparse.Namespace) -> None:
    """Pack or check; WorkbenchError for what is neither, and for an archive that is not whole."""
    path: Path = options.results
    if options.check:
        with progress_bar(unit="B", unit_scale=True, desc="checking") as bar:
            count = check(path, progress=bar.update)
        print(f"{path}: {count:,} files, every one as its checksum says")
        return
    out = options.out or path.resolve().with_name(f"{path.resolve().name}.zip")
    if exists(out) and out.resolve().is_relative_to(path.resolve()):
        raise WorkbenchError(
            f"{out} lies in the folder that is packed; choose another place with --out"
        )
    total = sum(file.stat().st_size for file in results_in(path))
    with progress_bar(total=total, unit="B", unit_scale=True, desc="packing") as bar:
        count = pack(path, out, progress=bar.update)
    print(
        f"{count:,} files, {total / 1e6:,.1f} MB, are in {out}; `workbench bundle --check {out}` compares them"
    )
