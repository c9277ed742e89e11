"""The command line in Markdown, read from the parsers of the commands, so that it is never out of date."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator

from workbench.cli import COMMANDS

_WIDTH = 96  # of a usage text, which a page shows without a scroll bar


def commands_in_markdown() -> str:
    """Every command as a section: what it does, its usage and its options."""
    return "\n".join(line for name in COMMANDS for line in _section(_parser(name)))


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"workbench {name}", description=COMMANDS[name], allow_abbrev=False
    )
    importlib.import_module(f"workbench.commands.{name}").add_arguments(parser)
    return parser


def _section(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Lines of Markdown for one command."""
    description = parser.description or ""
    yield from (f"## {parser.prog}", "", f"{description[:1].upper()}{description[1:]}.", "")
    parser.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=_WIDTH)
    yield from ("```text", parser.format_usage().removeprefix("usage: ").rstrip(), "```", "")
    formatter = parser._get_formatter()
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction) and action.help != argparse.SUPPRESS:
            yield from (
                f"`{_invocation(action)}`",
                f": {_escaped(formatter._expand_help(action))}",
                "",
            )


def _invocation(action: argparse.Action) -> str:
    """An argument as one types it: `--word WORD`, or the name of a positional one."""
    given = str(action.metavar or action.dest)
    if action.choices is not None and action.metavar is None:
        given = "{" + ",".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        return given
    value = "" if action.nargs == 0 else f" {given if action.choices else given.upper()}"
    return f"{', '.join(action.option_strings)}{value}"


def _escaped(text: str) -> str:
    """Help text with what Markdown would take for markup shown as it is; backticks stay code."""
    parts = text.split("`")
    for number in range(0, len(parts), 2):
        for sign in "\\*_<[":
            parts[number] = parts[number].replace(sign, f"\\{sign}")
    return "`".join(parts)
