"""`workbench data build|fetch|check|pronunciations`: recordings made, fetched or checked, and the lexicon."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.audio.collection import Made, build, fetch
from workbench.audio.recordings import check_recordings
from workbench.audio.resources import recordings_folder
from workbench.audio.voice_package import any_voice, installed_voice
from workbench.commands.progress import doing
from workbench.files import output_folder
from workbench.generators.speech.lexicon import lexicon_file
from workbench.generators.speech.lexicon_build import made_lexicon
from workbench.generators.speech.lexicon_sources import read_sources

_FETCHED = Path("out/recordings")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the action and the folder."""
    parser.add_argument(
        "action",
        choices=("build", "fetch", "check", "pronunciations"),
        help="build: make the shipped recordings from the installed Debian package; "
        "fetch: make every recording of the voice, downloading the package if need be; "
        "check: compare every recording with its checksums; "
        "pronunciations: make the lexicon from its two sources, half a minute",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help=f"the folder to make or check (fetch: {_FETCHED}, otherwise where it ships)",
    )


def run(options: argparse.Namespace) -> None:
    """Do the action and print one line with its result; WorkbenchError when it cannot."""
    if options.action == "check":
        folder = options.out or recordings_folder()
        print(f"{check_recordings(folder)} recordings in {folder} are as they were made")
    elif options.action == "pronunciations":
        _make_lexicon(options.out or lexicon_file().parent)
    elif options.action == "build":
        out = options.out or recordings_folder()
        _print_figures(build(installed_voice(), out), out)
    else:
        out = options.out or _FETCHED
        with any_voice() as voice:
            _print_figures(fetch(voice, out), out)


def _make_lexicon(folder: Path) -> None:
    with doing("learning letter-to-sound rules"):
        lexicon = made_lexicon(read_sources())
    path = output_folder(folder) / lexicon_file().name
    lexicon.save(path)
    print(
        f"{len(lexicon.coded):,} words and {lexicon.rules.count:,} letter-to-sound rules, "
        f"{path.stat().st_size:,} bytes in {path}"
    )


def _print_figures(made: Made, out: Path) -> None:
    print(
        f"{made.recordings} recordings, {made.total_s:.1f} s, "
        f"{made.total_bytes / 1e6:.2f} MB in {out}"
    )
    for label, reason in made.left_out.items():
        print(f"left out {label}: {reason}")
