"""`workbench phones TEXT`: what a text sounds like, word by word; `--held-out`: how good the rules are."""

from __future__ import annotations

import argparse
from itertools import islice

from workbench.audio.alignment import FRAME_RATE_HZ
from workbench.errors import WorkbenchError
from workbench.generators.speech.durations import durations
from workbench.generators.speech.letter_quality import measured
from workbench.generators.speech.lexicon import lexicon
from workbench.generators.speech.pronunciation import SpokenWord, pronounced
from workbench.generators.speech.tokens import Manner

_MANNERS = {Manner.LETTERS: "letters", Manner.PHONES: "by hand", Manner.PAUSE: "pause"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the text, and the measurement that needs none."""
    parser.add_argument(
        "text", nargs="?", metavar="TEXT",
        help="in English, numbers, dates and units as they are written; phones by hand in braces: "
        "'say {HH AH0 L OW1}'; after -- where it begins with a dash",
    )  # fmt: skip
    parser.add_argument(
        "--frames", action="store_true", help="how long each phone lasts, in frames of 10 ms"
    )
    parser.add_argument(
        "--held-out", action="store_true",
        help="instead: how well letter-to-sound rules say words that they were not learnt from",
    )  # fmt: skip


def run(options: argparse.Namespace) -> None:
    """Print one line a word; WorkbenchError for a text that cannot be said."""
    if options.held_out == (options.text is not None):
        raise WorkbenchError(
            "there must be a text or --held-out, and not both; write for example "
            "`workbench phones 'It is 14:30.'`"
        )
    if options.held_out:
        _print_quality()
    else:
        _print_words(pronounced(options.text), with_frames=options.frames)


def _print_words(words: tuple[SpokenWord, ...], *, with_frames: bool) -> None:
    width = min(20, max(len(word.text) for word in words))
    timed = durations().timed(words)
    shown_phones = (f"{symbol}:{frames}" if with_frames else symbol for symbol, frames in timed)
    for word in words:
        phones = " ".join(islice(shown_phones, len(word.symbols)))
        manner = "by rule" if word.by_rule else _MANNERS.get(word.manner, "")
        shown = "" if word.manner is Manner.PHONES else word.text
        print(f"{shown:{width}}  {phones}{f'   ({manner})' if manner else ''}")
    spoken = [word for word in words if word.manner is not Manner.PAUSE]
    count = sum(len(word.symbols) for word in spoken)
    guessed = sum(word.by_rule for word in spoken)
    seconds = sum(frames for _, frames in timed) / FRAME_RATE_HZ
    print(
        f"{len(spoken)} words, {count} phones, {seconds:.2f} s; "
        f"{guessed} of the words guessed by letter-to-sound rules"
    )


def _print_quality() -> None:
    quality = measured(lexicon())
    print(
        f"{quality.words:,} held-out words: phone error rate {quality.phone_error_rate:.3f}, "
        f"{quality.words_right:.3f} of the words right, of these {quality.stress_right:.3f} with the right stress"
    )
