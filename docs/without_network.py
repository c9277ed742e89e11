"""A built page loads nothing from elsewhere: fonts, scripts and pictures are all in its folder."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

# Links that a reader may follow are fine; what a browser loads by itself is not.
_LOADED = re.compile(
    r"<(?:script|img|iframe|audio|video|source|embed|object)\b[^>]*?\b(?:src|data)=\"(?:https?:)?//[^\"]*"
    r"|<link\b(?=[^>]*rel=\"(?:stylesheet|icon|preload|preconnect)\")[^>]*href=\"(?:https?:)?//[^\"]*"
    r"|@import\s+(?:url\()?[\"']?(?:https?:)?//[^\"')]*|url\([\"']?(?:https?:)?//[^\"')]*"
)


def loaded_from_elsewhere(folder: Path) -> list[str]:
    """What pages and style sheets in `folder` load over a network: "file: the beginning of the tag"."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".html", ".css"))
    return [
        f"{path.relative_to(folder)}: {match[0][:120]}"
        for path in paths
        for match in _LOADED.finditer(path.read_text(encoding="utf-8"))
    ]


def refuse_foreign(app: Sphinx, exception: Exception | None) -> None:
    """Fail a build that went well but for this.

    Raises:
        SphinxError: A page loads something over a network.
    """
    if exception is None and (foreign := loaded_from_elsewhere(Path(app.outdir))):
        raise SphinxError("pages load from elsewhere:\n" + "\n".join(foreign))
