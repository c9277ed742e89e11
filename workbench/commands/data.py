"""`workbench data build|fetch|check|align|pronunciations`: recordings made, fetched, checked or aligned, and the lexicon."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.audio.collection import Made, build, fetch
from workbench.audio.recordings import check_recordings, load_recordings
from workbench.audio.resources import recordings_folder
from workbench.audio.voice_package import any_voice, installed_voice
from workbench.commands.progress import counted, doing, resumable
from workbench.errors import WorkbenchError
from workbench.files import is_folder, output_folder
from workbench.generators.speech.lexicon import lexicon_file
from workbench.generators.speech.lexicon_build import made_lexicon
from workbench.generators.speech.lexicon_sources import read_sources
from workbench.generators.speech.prompts import make_prompts
from workbench.generators.speech.transcripts import transcripts

_FETCHED = Path("out/recordings")
_PROMPTS = Path("out/prompts")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the action and the folder."""
    parser.add_argument(
        "action",
        choices=("build", "fetch", "check", "align", "pronunciations"),
        help="build: make the shipped recordings from the installed Debian package; "
        "fetch: make every recording of the voice, downloading the package if need be; "
        "check: compare every recording with its checksums; "
        "align: find the phones of the fetched recordings and analyse them, for `train speech --data`, some "
        "minutes; an interrupted run goes on; "
        "pronunciations: make the lexicon from its two sources, half a minute",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help=f"the folder to make or check (fetch: {_FETCHED}, align: {_PROMPTS}, otherwise where it ships)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=_FETCHED,
        metavar="FOLDER",
        help=f"align: the fetched recordings ({_FETCHED})",
    )


def run(options: argparse.Namespace) -> None:
    """Do the action and print one line with its result; WorkbenchError when it cannot."""
    if options.action == "check":
        folder = options.out or recordings_folder()
        print(f"{check_recordings(folder)} recordings in {folder} are as they were made")
    elif options.action == "pronunciations":
        _make_lexicon(options.out or lexicon_file().parent)
    elif options.action == "align":
        _align(options.data, options.out or _PROMPTS)
    elif options.action == "build":
        out = options.out or recordings_folder()
        _print_figures(build(installed_voice(), out), out)
    else:
        out = options.out or _FETCHED
        with any_voice() as voice:
            _print_figures(fetch(voice, out), out)


def _align(data: Path, out: Path) -> None:
    if not is_folder(data):
        raise WorkbenchError(f"there is no folder {data}; make it with `workbench data fetch`")
    with doing("reading recordings"):
        recordings = load_recordings(data)
    labels = [label for label in transcripts() if label in recordings]
    if not labels:
        raise WorkbenchError(
            f"{data} has no recording of the voice; make them with `workbench data fetch`"
        )
    made, refused = 0, {}
    with (
        resumable(lambda: f"{made} prompts are kept in {out}"),
        counted(len(labels), unit="prompt") as say,
    ):
        for label, error in make_prompts(recordings, out):
            say(label)
            made += error is None
            if error:
                refused[label] = str(error)
    print(f"{made} prompts in {out}")
    for label, reason in refused.items():
        print(f"left out {label}: {reason}")


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
