"""The `workbench` command: one subcommand per file in `workbench/commands/`.

A WorkbenchError becomes one sentence on standard error and exit status 2, as do a wrong option and
whatever the file system refuses; a WorkbenchWarning becomes a note there.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import shlex
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from types import FrameType
from typing import Any, TextIO

from workbench import __version__
from workbench.commands import COMMANDS
from workbench.commands.progress import doing
from workbench.errors import WorkbenchError, WorkbenchWarning, nearest
from workbench.files import refuse_unwritable

# What a shell reports for a program that SIGINT or SIGPIPE ended.
_INTERRUPTED = 130
_READER_GONE = 141
_AGAIN_S = 0.1  # until an interrupt that had to wait is tried again


class _Parser(argparse.ArgumentParser):
    """argparse, with the usage line kept out of the way of the one sentence that matters."""

    def error(self, message: str) -> None:  # type: ignore[override]
        joint = " See" if message.endswith("?") else "; see"
        self.exit(2, f"workbench: {message}{joint} `{self.prog} --help`\n")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            near = nearest(value, map(str, action.choices))
            raise argparse.ArgumentError(action, f"there is no {value!r}; {near}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; return the exit status (0 well, 2 a mistake the user can mend).

    `arguments` defaults to those of the process. A wrong option ends the process with status 2.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _never_fail_to_encode(sys.stdout)
    try:
        try:
            with _interrupts():
                return _run(_parse(words))
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("workbench: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # as in `workbench ... | head -1`: nobody reads on
        _discard_output()
        return _READER_GONE
    except OSError as error:  # of standard output, or a file that nothing took care of
        reason = error.strerror or str(error)
        where = f"cannot use {error.filename}" if error.filename else "cannot go on"
        print(f"workbench: {where} ({reason}); check names, permissions and space", file=sys.stderr)
        _discard_output()
        return 2


def _never_fail_to_encode(stream: TextIO) -> None:
    """Print what the terminal's encoding lacks, file names that are no text among it, as an escape."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Let what is still buffered go nowhere, or Python would complain again at its end."""
    with suppress(OSError, ValueError):  # of an output that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _interrupts() -> Iterator[None]:
    """Let `_interrupt` handle SIGINT, where Python itself would."""
    usual = signal.getsignal(signal.SIGINT)
    first = threading.current_thread() is threading.main_thread()
    if not first or usual is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, but never into an import.

    PyTorch imports some packages only if they can be imported: it takes an interrupt for a package that
    cannot, and goes on as if there was none, or fails later. While the command itself is imported nothing
    has begun, and the process ends; later the interrupt waits for the end of the import.
    """
    importing = False
    while frame is not None and frame.f_code is not main.__code__:
        importing = importing or frame.f_code.co_filename.startswith("<frozen importlib")
        if importing and frame.f_code is _parse.__code__:
            os.write(2, b"workbench: interrupted\n")
            os._exit(_INTERRUPTED)
        frame = frame.f_back
    if not importing:
        raise KeyboardInterrupt
    again = threading.Timer(_AGAIN_S, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()


class _Aligned(argparse.HelpFormatter):
    """argparse, which forgets that names of subcommands are indented and breaks the line after a long one."""

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        widest = max(map(len, COMMANDS)) + 2 * self._indent_increment
        self._action_max_length = max(self._action_max_length, widest)


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="workbench",
        description="The self-healing tinyML audio workbench.",
        formatter_class=_Aligned,
    )
    parser.add_argument("--version", action="version", version=f"workbench {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    wanted = next((word for word in words if word in COMMANDS), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        if name == wanted:
            with doing("loading PyTorch"):
                module = importlib.import_module(f"workbench.commands.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    if wanted is not None:
        words = _with_dashed_values(words, commands.choices[wanted])
    options, rest = parser.parse_known_args(words)
    if rest:
        command = commands.choices[options.command]
        command.error(f"unrecognized arguments: {' '.join(rest)}{_meant(rest, command)}")
    return options


def _with_dashed_values(words: Sequence[str], command: argparse.ArgumentParser) -> list[str]:
    """`words` with a value that begins with a dash joined to its option, which argparse takes it from.

    A word with two dashes is a misspelt option rather than a value, so that is refused with both cures.
    """
    known = command._option_string_actions
    joined: list[str] = []
    for at, word in enumerate(words):
        option = joined[-1] if joined else ""
        takes_value = option in known and known[option].nargs is None
        if word == "--":
            return [*joined, *words[at:]]
        if takes_value and _may_be_value(word) and word not in known:
            joined[-1] = f"{option}={word}"
        elif takes_value and word.startswith("--") and word.partition("=")[0] not in known:
            command.error(
                f"argument {option}: expected one argument and not {word!r}; if that is its value, write "
                f"{option}={shlex.quote(word)}{_meant([word], command)}"
            )
        elif _may_be_value(word) and word not in known:
            command.error(
                f"unrecognized arguments: {word}; write {shlex.quote(f'./{word}')} for a file of that name"
            )
        else:
            joined.append(word)
    return joined


def _may_be_value(word: str) -> bool:
    return word.startswith("-") and not word.startswith("--") and word != "-"


def _meant(rest: Sequence[str], command: argparse.ArgumentParser) -> str:
    """The option of `command` that is nearest to the first unknown one, as a question; "" without any."""
    wrong = next((word.partition("=")[0] for word in rest if word.startswith("--")), "")
    known = [option.lstrip("-") for option in command._option_string_actions]
    near = get_close_matches(wrong.lstrip("-"), known, n=1)
    return f", did you mean --{near[0]}?" if near else ""


def _run(options: argparse.Namespace) -> int:
    try:
        with _notes(options.command):
            if getattr(options, "json", None):
                refuse_unwritable(options.json)
            options.run(options)
    except WorkbenchError as error:
        print(f"workbench {options.command}: {error}", file=sys.stderr)
        return 2
    return 0


@contextmanager
def _notes(command: str) -> Iterator[None]:
    """Print each WorkbenchWarning as one line on standard error while the block runs."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, WorkbenchWarning):
            print(f"workbench {command}: note: {message}", file=sys.stderr)
        else:
            usual(message, category, *where, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", WorkbenchWarning)
        warnings.showwarning = show
        yield
