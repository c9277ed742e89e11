"""`workbench export --out DIR`: the C firmware folder of a generator."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from workbench.commands.common import (
    add_checkpoint,
    add_generator,
    add_strategy,
    add_texts,
    chosen_voice,
    healer_of,
    words_of,
)
from workbench.commands.progress import doing
from workbench.commands.safety import add_safety_voice, second_voice
from workbench.errors import WorkbenchError, reason_of
from workbench.experiments.fleets.safety_voices import SAFETY_VOICE, with_safety
from workbench.experiments.voices.voice import Voice
from workbench.face.exporting import export
from workbench.files import as_argument, read_bytes
from workbench.firmware.boards import BOARDS
from workbench.firmware.design import FLASH, RAM, WEIGHTS
from workbench.firmware.exporting.exported import refuse_foreign
from workbench.firmware.exporting.store import export_store
from workbench.firmware.names import PREFIX, checked_prefix
from workbench.healing.strategies.named import CRC_SCRUB, NONE, VERSIONS

_SECOND = "safety"  # folder and prefix of a second voice
_MOST_BYTES = 1 << 20  # of a file of texts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the generator, its healer and the folder."""
    add_generator(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    add_checkpoint(parser)
    add_strategy(parser, default=f"{CRC_SCRUB} with --weights ram", also=(SAFETY_VOICE,))
    add_safety_voice(parser, f"{SAFETY_VOICE}; its firmware goes to {_SECOND} in the folder")
    parser.add_argument(
        "--weights",
        choices=WEIGHTS,
        default=RAM,
        help="ram: a working copy that can be repaired; flash: read where they are stored (ram)",
    )
    add_texts(
        parser,
        "said",
        "what the firmware can say, the first two its golden vectors (the usual ones)",
    )
    parser.add_argument(
        "--dictionary", type=Path, metavar="FILE",
        help="more of them, a line each, for generators of any text: words that the firmware puts together",
    )  # fmt: skip
    parser.add_argument(
        "--board", type=_board_name, choices=[board.name for board in BOARDS], metavar="NAME",
        help="refuse what does not fit it, measured on its emulated core: "
        f"{', '.join(board.name for board in BOARDS)}",
    )  # fmt: skip
    parser.add_argument(
        "--budget", type=_instructions, metavar="N",
        help="with --board: instructions that the healer may take in a frame, also where it finds a "
        "permanent fault",
    )  # fmt: skip
    parser.add_argument(
        "--prefix", default=PREFIX, metavar="NAME",
        help=f"of all names in C and of files, so that several models link into one program ({PREFIX})",
    )  # fmt: skip
    parser.add_argument(
        "--flash-pages", type=float, metavar="N",
        help="pages of flash that are looked through in an hour, so that damage there is known before it is "
        "needed; with --weights flash and no --strategy, crc-report at this rate",
    )  # fmt: skip
    parser.add_argument(
        "--store", action="store_true",
        help="add the store of versions in flash, which survives power cuts, with its README; healers of several "
        f"versions ({VERSIONS}, which is then the usual one) take golden pages from there, and have it in any case",
    )  # fmt: skip


def _instructions(text: str) -> int:
    """A number of instructions; argparse's error for what is none, as a share."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of instructions; give a whole number, as 2000"
        ) from None


def _said(options: argparse.Namespace, voice: Voice) -> tuple[str, ...] | None:
    """What the firmware is to say; WorkbenchError for a file that cannot be read, and fixed words."""
    said = None if options.said is None else words_of(options.said, voice)
    if options.dictionary is None:
        return said
    file = options.dictionary
    try:
        lines = [
            line.strip()
            for line in read_bytes(file, most=_MOST_BYTES).decode("utf-8-sig").splitlines()
        ]
    except (OSError, UnicodeDecodeError) as error:
        raise WorkbenchError(
            f"cannot read texts from {file} ({reason_of(error)}); give a text file, one a line"
        ) from error
    if not any(lines):
        raise WorkbenchError(f"there is no text in {file}; write one a line")
    return (*(said or ()), *filter(None, lines))


def _board_name(text: str) -> str:
    """The name of a board as it is listed, whatever the case that it is given in."""
    return {board.name.lower(): board.name for board in BOARDS}.get(text.lower(), text)


def run(options: argparse.Namespace) -> None:
    """Write the folder and print its memory needs; WorkbenchError when it cannot."""
    # Without a wish, a healer wherever there is a copy to mend.
    usual = VERSIONS if options.store else CRC_SCRUB
    name = options.strategy or (usual if options.weights == RAM else NONE)
    if options.budget is not None and options.board is None:
        raise WorkbenchError("--budget counts instructions of a core; name a board with --board")
    if options.budget is not None and options.budget < 0:
        raise WorkbenchError(f"--budget is {options.budget:,} instructions; give at least 0")
    checked_prefix(options.prefix)
    refuse_foreign(options.out)
    voice = chosen_voice(options)
    second = second_voice(options)
    if second and (name != SAFETY_VOICE or options.prefix == _SECOND):
        raise WorkbenchError(
            f"--safety-voice is for --strategy {SAFETY_VOICE}, with a --prefix other than {_SECOND}"
        )
    healers = with_safety(
        [healer_of(name, options.pages, voice)], voice, second, over_budget=options.over_budget
    )
    assert healers
    with doing("writing the firmware"):
        made = export(
            voice,
            healers[0],
            options.out,
            board=options.board,
            weights=options.weights,
            budget=options.budget,
            say=_said(options, voice),
            prefix=options.prefix,
            flash_pages=options.flash_pages,
        )
    if options.store and made.firmware.versions == 1:
        export_store(options.out)
    if second:
        folder = options.out / _SECOND
        with doing("writing the safety voice"):
            export(second, NONE, folder, weights=FLASH, say=_said(options, second), prefix=_SECOND)
        print(f"{folder}: the safety voice; runtime/wb_safety.h says how the two are joined")
    for what, where, size in made.memory:
        print(f"{what:<32} {where:<5} {size:>8,} bytes")
    if made.fit:
        print(made.fit)
    firmware = made.firmware
    print(
        f"{options.out}: firmware {firmware.image.content_hash[:12]}, strategy {firmware.strategy.name}, "
        f"golden vectors {', '.join(made.vectors)}; `make -C {shlex.quote(as_argument(options.out))} check` "
        "tries it"
    )
    if made.leftovers:
        print(
            f"{', '.join(made.leftovers)}: left there by an earlier export and no part of this one; delete what "
            "you do not need"
        )
