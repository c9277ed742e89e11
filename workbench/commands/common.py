"""Options that several subcommands have, declared and read in one way."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from workbench.commands.progress import doing
from workbench.errors import WorkbenchError
from workbench.experiments.monitors.watching_strategies import (
    calibrated_area,
    watching_names,
    with_monitors,
)
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.experiments.voices.word_lists import in_one_text, words_in
from workbench.generators.generator_registry import DEFAULT, generator_named
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.named import CRC_SCRUB, NONE, crc_scrub
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.variants import refuse_unknown
from workbench.integer.program import Program
from workbench.memory.image import Image
from workbench.memory.watches.behaviour_area import BehaviourArea
from workbench.training.checkpoint_files import (
    generator_of,
    read_metadata,
    refuse_other_generator,
)

_CALIBRATED = Path("out/calibrated")
PAGES = 4  # that a healer checks after each frame, by default


def add_generator(parser: argparse.ArgumentParser) -> None:
    """Declare the generator; without it `options.generator` is None: the checkpoint's, or the default."""
    parser.add_argument(
        "generator", nargs="?", type=generator_name,
        help=f"which generator (that of the checkpoint, or {DEFAULT})",
    )  # fmt: skip


def generator_name(text: str) -> str:
    """The name of a generator that is known here; argparse's error for another."""
    try:
        return generator_named(text).name
    except WorkbenchError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Declare the checkpoint; without it `options.checkpoint` is None."""
    parser.add_argument(
        "--checkpoint", type=Path, metavar="DIR", help="a trained checkpoint (the shipped one)"
    )
    parser.add_argument(
        "--wide-biases", action="store_true",
        help="store every bias in 4 bytes (in 2 where an operator's fit), to see what that is worth",
    )  # fmt: skip


def chosen_voice(options: argparse.Namespace, *, usual: str | None = None) -> Voice:
    """The voice that `add_checkpoint` and, where it is declared, `add_generator` let users choose.

    usual: the generator whose shipped voice it is where they name none; None for the default.
    """
    named = getattr(options, "generator", None) or (None if options.checkpoint else usual)
    return open_voice(options.checkpoint, generator=named, wide_biases=options.wide_biases)


def checkpoint_of(folder: Path | None, generator: str | None) -> Path:
    """The folder of the checkpoint that is asked for, by default the one that ships with the generator."""
    if folder is None:
        return generator_named(generator or DEFAULT).checkpoint()
    refuse_other_generator(generator, generator_of(read_metadata(folder), folder), folder)
    return folder


def add_image(parser: argparse.ArgumentParser) -> None:
    """Declare a saved image to start from; see `image_of`."""
    parser.add_argument(
        "--image", type=Path, metavar="FILE", help="start from a saved image, flips and all"
    )


def image_of(path: Path | None, voice: Voice) -> Image:
    """The image saved at `path`, or the clean one; WorkbenchError when it is not of `voice`."""
    if path is None:
        return voice.image()
    image = Image.load(path)
    if image.program.content_hash != voice.program.content_hash:
        raise WorkbenchError(
            f"{path} was made from another generator than the one that would speak; "
            "name its checkpoint with --checkpoint"
        )
    return image


def add_words(parser: argparse.ArgumentParser, help_: str) -> None:
    """Declare --words, which takes several at once and may be given again, and --say; see `words_of`."""
    parser.add_argument(
        "--utterances", "--words", dest="words", action="append", metavar="W,W",
        help=f"{help_}; commas between them, or the option again; \\, is a comma in a word",
    )  # fmt: skip
    add_texts(parser, "words", "one more of them, as it is written")


def add_texts(parser: argparse.ArgumentParser, dest: str, help_: str) -> None:
    """Declare --say and --phones, which take one text each time; `words_of` reads them from `dest`."""
    parser.add_argument(
        "--say", dest=dest, action="append", metavar="TEXT", type=lambda text: in_one_text([text]),
        help=f"{help_}; may be given again",
    )  # fmt: skip
    _add_phones(parser, dest, "append", lambda text: in_one_text([_by_hand(text)]))


def _add_phones(
    parser: argparse.ArgumentParser, dest: str, action: str, read: Callable[[str], str]
) -> None:
    parser.add_argument(
        "--phones", dest=dest, action=action, type=read, metavar="P P",
        help="instead of a text, its phones by hand, as 'HH AH0 L OW1', for a generator of any text",
    )  # fmt: skip


def _by_hand(phones: str) -> str:
    """Phones as a part of a text."""
    return f"{{{phones}}}"


def add_word(parser: argparse.ArgumentParser, help_: str, *, action: str = "store") -> None:
    """Declare --word and --phones; action: "append" where they may be given again."""
    parser.add_argument(
        "--utterance", "--word", "--say", dest="word", metavar="W", action=action, help=help_
    )
    _add_phones(parser, "word", action, _by_hand)


def add_word_count(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, help_: str, *, default: int
) -> None:
    """Declare how many utterances devices say."""
    parser.add_argument(
        "--utterances", "--words", dest="words", metavar="N", type=int, default=default,
        help=f"{help_} ({default})",
    )  # fmt: skip


def words_of(texts: Sequence[str], voice: Voice) -> tuple[str, ...]:
    """The words in the texts of --words, see `word_lists`.

    Raises WorkbenchError for an empty word, and for a word of `voice` whose commas and backslashes
    have no backslash, so that it reads as other words.
    """
    known, words = set(voice.utterances), []
    for text in texts:
        read = words_in(text)
        if "" in read:
            raise WorkbenchError(
                f"--words {text!r} has an empty word; write for example --words 3,1,4"
            )
        if voice.utterance(text) in known and not known.issuperset(map(voice.utterance, read)):
            what = "several words" if len(read) > 1 else "another word"
            raise WorkbenchError(
                f"--words takes {text!r} for {what}; write "
                f"--words={shlex.quote(in_one_text([text]))} for the one"
            )
        words += read
    return tuple(words)


def default_utterance(voice: Voice, usual: str) -> str:
    """What a command says that is told nothing: `usual`, or the first that the voice knows."""
    return usual if usual in voice.utterances else voice.usual[0]


def inputs_of(words: Sequence[str] | None, voice: Voice) -> dict[str, dict[str, np.ndarray]]:
    """What makes the voice say each word in the texts of --words, each once; None for all.

    Raises WorkbenchError for a word that it was not taught, and as `words_of`.
    """
    return voice.all_inputs(None if words is None else words_of(words, voice))


def refuse_no_speech(voice: Voice, option: str) -> None:
    """Raise WorkbenchError for an option that asks a speech recogniser, where a generator makes no speech."""
    if not voice.generator.spoken_language:
        raise WorkbenchError(
            f"{option} asks a speech recogniser and the generator {voice.generator.name} makes no speech; "
            "leave it out"
        )


STRATEGIES = "a name that `workbench compare --list` shows, or a file of your own, TOML or JSON"


def strategy_text(text: str) -> str:
    """What --strategy was given: a name or a file, which is read later; argparse's error for neither."""
    try:
        if text not in watching_names():
            refuse_unknown(text)
    except WorkbenchError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def add_strategies(
    parser: argparse.ArgumentParser, *, default: str, also: Sequence[str] = ()
) -> None:
    """Declare any number of strategies; without one `options.strategy` is None. also: names that the command adds."""

    def checked(text: str) -> str:
        return text if text in also else strategy_text(text)

    parser.add_argument(
        "--strategy", action="append", type=checked, metavar="NAME|FILE",
        help=f"{STRATEGIES}; may be given again ({default})",
    )  # fmt: skip


def add_strategy(
    parser: argparse.ArgumentParser, *, default: str = CRC_SCRUB, also: Sequence[str] = ()
) -> None:
    """Declare the healer and how much it checks; see `strategy_of`. also: names that the command adds."""
    parser.add_argument(
        "--strategy", type=lambda text: text if text in also else strategy_text(text), metavar="NAME|FILE",
        help=f"the healer: {STRATEGIES} ({default})",
    )  # fmt: skip
    parser.add_argument(
        "--pages", type=int, metavar="N",
        help=f"pages that {CRC_SCRUB} checks after each frame ({PAGES})",
    )  # fmt: skip


def healer_of(name: str, pages: int | None, voice: Voice) -> str | Strategy:
    """What `Voice.healer` takes, for a name or file with --pages; WorkbenchError when the two do not fit.

    A strategy that watches behaviour is calibrated on the voice, see `calibrated`.
    """
    if pages is not None and name == CRC_SCRUB:
        return fitted(crc_scrub(pages), voice.program)
    if pages is not None and (pages or name != NONE):
        raise WorkbenchError(
            f"--pages is for {CRC_SCRUB} and the strategy is {name}; leave it out, or compose your own "
            "in a notebook"
        )
    return next(iter(calibrated([name], voice)))


def calibrated_areas(monitors: Sequence[str], voice: Voice) -> list[BehaviourArea]:
    """Monitors as they are calibrated here, once, and kept."""
    with doing("calibrating the monitors"):
        return [calibrated_area(each, voice, _CALIBRATED) for each in monitors]


def calibrated(names: Sequence[str], voice: Voice) -> Sequence[str | Strategy]:
    """Strategies in place of names of those that watch behaviour, which are calibrated here, once, and kept."""
    return with_monitors(names, voice, folder=_CALIBRATED)


def strategy_of(name: str, pages: int | None, voice: Voice) -> tuple[Strategy, Program]:
    """The strategy called `name`, or in the file `name`, with --pages, and the program that it is for.

    Raises WorkbenchError when the two do not fit.
    """
    return voice.healer(healer_of(name, pages, voice))


def image_under(strategy: Strategy, program: Program) -> Image:
    """What a device begins with; one that does not heal has the usual checks, which nobody reads."""
    return strategy.image(program) if strategy.heals else Image.of(program)


def add_faults(
    parser: argparse.ArgumentParser, use: str, group: argparse._MutuallyExclusiveGroup | None = None
) -> None:
    """Declare --fault. use: what several of them mean. group: of options that it excludes."""
    (group or parser).add_argument(
        "--fault", action="append", metavar="TEXT",
        help=f"a fault model as of `campaign`, or poisson=0.5Hz,of=burst=8 for arrivals in time; {use}",
    )  # fmt: skip


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Declare where long work runs: a number of processes, or a cluster; see `check_jobs`."""
    parser.add_argument("--jobs", type=int, default=-1, metavar="N", help="processes (one a core)")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="instead: the workers of this Dask scheduler"
    )


def add_device(parser: argparse.ArgumentParser, prefix: str = "") -> None:
    """Declare on which device torch computes trials."""
    parser.add_argument(
        "--device",
        metavar="NAME",
        help=f"{prefix}compute trials by torch on cpu or cuda (by the native engine, where it can run)",
    )


def check_jobs(jobs: int) -> None:
    """WorkbenchError for a number of processes that cannot be."""
    if jobs != -1 and jobs < 1:
        raise WorkbenchError(
            f"--jobs is {jobs}; it must be at least 1, or be left out for one a core"
        )
