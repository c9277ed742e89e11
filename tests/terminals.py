"""A terminal for `contextlib.redirect_stderr`, which progress is shown on."""

from __future__ import annotations

import io


class Terminal(io.StringIO):
    """What was written to it, in a StringIO that says that it is a terminal."""

    def isatty(self) -> bool:
        return True
