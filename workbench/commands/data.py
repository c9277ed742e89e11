"""`workbench data ACTION`: recordings made, fetched, checked or aligned, and the tables of pronunciation."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from workbench.audio.collection import Made, build, fetch
from workbench.audio.recordings import check_recordings, load_recordings
from workbench.audio.resources import recordings_folder
from workbench.audio.transcripts import transcripts
from workbench.audio.voice_package import any_voice, installed_voice
from workbench.commands.kept import Kept
from workbench.commands.progress import counted, doing, resumable
from workbench.errors import WorkbenchError
from workbench.files import is_folder, output_folder

_FETCHED, _PROMPTS = Path("out/recordings"), Path("out/prompts")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the action and the folder."""
    parser.add_argument(
        "action",
        choices=tuple(_ACTIONS),
        help="; ".join(f"{action}: {what}" for action, (what, _) in _ACTIONS.items()),
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help=f"the folder to make, check or align (fetch and align: {_FETCHED}, analyse: {_PROMPTS}, otherwise where it ships)",
    )


def run(options: argparse.Namespace) -> None:
    """Do the action and print one line with its result; WorkbenchError when it cannot."""
    _ACTIONS[options.action][1](options.out)


def _build(out: Path | None) -> None:
    folder = out or recordings_folder()
    _print_figures(build(installed_voice(), folder), folder)


def _fetch(out: Path | None) -> None:
    folder = out or _FETCHED
    with any_voice() as voice:
        _print_figures(fetch(voice, folder), folder)


def _check(out: Path | None) -> None:
    folder = out or recordings_folder()
    print(f"{check_recordings(folder)} recordings in {folder} are as they were made")


def _align(out: Path | None) -> None:
    from workbench.generators.speech.alignments import align_all, save_alignments

    folder = out or _FETCHED
    if not is_folder(folder):
        raise WorkbenchError(
            f"there is no folder {str(folder)!r} to align; make it with `workbench data fetch`"
        )
    recordings, texts = load_recordings(folder), transcripts()
    heard = [hashlib.sha256(samples.tobytes()).hexdigest() for samples in recordings.values()]
    with Kept("data-align", sorted(recordings), heard, sorted(texts.items())) as kept:
        alignments, left_out = align_all(recordings, texts, step=kept.step)
    path = save_alignments(folder, alignments)
    phones = sum(map(len, alignments.values()))
    print(f"{len(alignments)} recordings aligned, {phones:,} phones and silences in {path}")
    _print_left_out(left_out)


def _analyse(out: Path | None) -> None:
    from workbench.experiments.voices.heard_controls import heard_controls_of
    from workbench.generators.speech.alignments import read_alignments
    from workbench.generators.speech.prompts import make_prompts

    folder, made = out or _PROMPTS, 0
    alignments = read_alignments(_FETCHED)
    with doing("reading recordings"):
        recordings = load_recordings(_FETCHED)
    with (
        resumable(lambda: f"{max(made - 1, 0)} prompts are kept in {folder}"),
        counted(len(alignments), unit="prompt") as say,
    ):
        for label in make_prompts(
            recordings, alignments, output_folder(folder), analyse=heard_controls_of
        ):
            say(label)
            made += 1
    print(f"{made} prompts in {folder}")


def _augment(out: Path | None) -> None:
    from workbench.experiments.bench.unseen_texts import never_learnt
    from workbench.experiments.voices.heard_controls import heard_controls_of
    from workbench.generators.speech.augmentation import FOLDER, TEXTS, augment
    from workbench.generators.speech.prompts import Prompt, from_plain, plain, read_prompts

    folder = out or _PROMPTS
    with doing("reading prompts"):
        prompts = read_prompts(folder, held_out=False)
        own = [prompt for label, prompt in prompts.items() if not label.startswith(f"{FOLDER}/")]
    with Kept("data-augment") as kept, counted(TEXTS, unit="text") as say:

        def step(text: str, make: Callable[[], Prompt | None]) -> Prompt | None:
            say(text)
            return kept.step(
                text, make,
                plain=lambda prompt: prompt and plain(prompt),
                again=lambda value: value and from_plain(value),
            )  # fmt: skip

        made = augment(own, folder, without=never_learnt(), analyse=heard_controls_of, step=step)
    print(f"{TEXTS:,} prompts of another voice, {made:,.0f} s, in {folder / FOLDER}")


def _durations(out: Path | None) -> None:
    from workbench.generators.speech.alignments import read_alignments
    from workbench.generators.speech.augmentation import FOLDER
    from workbench.generators.speech.duration_fit import fit_durations
    from workbench.generators.speech.durations import durations_file
    from workbench.generators.speech.prompts import read_prompts, rows_of

    augmented, alignments = _PROMPTS / FOLDER, read_alignments(_FETCHED)
    more = read_prompts(augmented, held_out=False) if is_folder(augmented) else {}
    fit = fit_durations(alignments, [rows_of(prompt.timeline) for prompt in more.values()])
    path = output_folder(out or durations_file().parent) / durations_file().name
    fit.durations.save(path)
    print(
        f"{path}; over {fit.phones:,} phones of other recordings: mean error {fit.error:.2f} frames of 10 ms "
        f"(means of phones: {fit.error_of_means:.2f}), correlation {fit.correlation:.2f}"
    )


def _pronunciations(out: Path | None) -> None:
    from workbench.generators.speech.lexicon import lexicon_file
    from workbench.generators.speech.lexicon_build import made_lexicon
    from workbench.generators.speech.lexicon_sources import read_sources

    with doing("learning letter-to-sound rules"):
        lexicon = made_lexicon(read_sources())
    path = output_folder(out or lexicon_file().parent) / lexicon_file().name
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
    _print_left_out(made.left_out)


def _print_left_out(left_out: Mapping[str, str]) -> None:
    for label, reason in left_out.items():
        print(f"left out {label}: {reason}")


# Action -> what it does, and what does it, given the folder that was named.
_ACTIONS: dict[str, tuple[str, Callable[[Path | None], None]]] = {
    "build": ("make the shipped recordings from the installed Debian package", _build),
    "fetch": ("make every recording of the voice, downloading the package if need be", _fetch),
    "check": ("compare every recording with its checksums", _check),
    "align": (f"find when each phone is heard in all that was fetched ({_FETCHED})", _align),
    "analyse": (
        f"what of a synthesiser each aligned recording is made of, for `train speech`, into {_PROMPTS}; an interrupted "
        "run goes on",
        _analyse,
    ),
    "augment": (
        f"more prompts beside those in {_PROMPTS}: random words that flite, a free synthesiser, says in another voice",
        _augment,
    ),
    "durations": (
        "learn how long phones last from what was aligned, and from what augment made, where it did",
        _durations,
    ),
    "pronunciations": ("make the lexicon from its two sources, half a minute", _pronunciations),
}
