"""Reads a page back: its figures, its sounds, and every address that it could load something from."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import numpy as np
import soundfile

LOADING = {"audio": "src", "img": "src", "script": "src", "link": "href", "iframe": "src"}
WITHOUT_END = {"meta", "link", "img", "br", "input"}


@dataclass
class Figure:
    """A number or word on the page. path: in summary.json. scale: what it was multiplied with."""

    path: tuple[str, ...]
    scale: float
    text: str = ""


@dataclass
class Page(HTMLParser):
    """What a reader, a listener and a screen reader find."""

    html: str
    figures: list[Figure] = field(default_factory=list)
    sounds: dict[str, str] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)
    without_name: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self._open: list[tuple[str, Figure | None]] = []
        self.feed(self.html)
        assert not self._open, f"these elements are not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag in LOADING and given.get(LOADING[tag]):
            self.loaded.append(str(given[LOADING[tag]]))
        if tag == "audio":
            self.sounds[str(given["id"])] = str(given["src"])
        if (tag == "img" and not given.get("alt")) or (
            tag == "audio" and not given.get("aria-label")
        ):
            self.without_name.append(tag)
        figure = None
        if "data-figure" in given:
            scale = float(given.get("data-scale") or 1)
            figure = Figure(tuple(str(given["data-figure"]).split(".")), scale)
            self.figures.append(figure)
        if tag not in WITHOUT_END and not (self.get_starttag_text() or "").endswith("/>"):
            self._open.append((tag, figure))

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self.text += data
        for _, figure in self._open:
            if figure is not None:
                figure.text += data


def decoded(uri: str) -> tuple[np.ndarray, int]:
    """Samples float64 [samples] and rate of a WAV in a data: URI."""
    head, data = uri.split(",", 1)
    assert head == "data:audio/wav;base64"
    samples, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(data, validate=True)))
    return samples, rate_hz


def looked_up(summary: dict[str, Any], path: tuple[str, ...]) -> Any:
    """The entry of summary.json that a figure names."""
    value: Any = summary
    for step in path:
        value = value[step]
    return value
