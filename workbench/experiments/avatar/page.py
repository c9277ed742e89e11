"""The faces of a sound as HTML: a fragment for pages and notebooks, and a page of its own. Both load nothing."""

from __future__ import annotations

import base64
from html import escape
from importlib.resources import files
from itertools import groupby
from string import Template

import numpy as np

from workbench.experiments.avatar.takes import Take, Takes
from workbench.experiments.demo.page.data_uris import wav_uri
from workbench.experiments.demo.page.document import page_style

_MOST_STRIPES, _SITES_SHOWN = 400, 12
# A notebook's frame is as high as what it holds, where it may say so.
_FIT = """{
  const fit = () => { if (frameElement) frameElement.style.height = document.body.scrollHeight + "px"; };
  for (const event of ["load", "resize"]) addEventListener(event, fit);
}"""


def avatar_html(takes: Takes) -> str:
    """A player and a face for every take, in step; style and script are `shipped("avatar.css")` and "avatar.js"."""
    rate = takes.sound.sample_rate_hz or 0
    player = wav_uri(np.asarray(takes.sound), rate)
    faces = "".join(map(_face, takes.takes))
    return (
        f'<div class="avatar" data-delay="{takes.delay_s:g}">'
        f'<audio controls src="{player}" aria-label="Play the sound that the faces follow"></audio>'
        f'<div class="faces">{faces}</div></div>'
    )


def avatar_page(takes: Takes, *, heard: str, command: str) -> str:
    """A page of its own.

    Args:
        takes: What is shown.
        heard: The sound, in words.
        command: That makes the page again.
    """
    hit = "".join(f"<li><code>{escape(site)}</code></li>" for site in takes.sites[:_SITES_SHOWN])
    more = len(takes.sites) - _SITES_SHOWN
    parts = {
        "style": page_style() + shipped("avatar.css"),
        "script": shipped("avatar.js"),
        "avatar": avatar_html(takes),
        "heard": escape(heard),
        "sites": hit + (f"<li>and {more:,} more</li>" if more > 0 else ""),
        "trial": escape(takes.trial),
        "command": escape(command),
    }
    return Template(shipped("avatar.html")).substitute(parts)


def avatar_frame(takes: Takes) -> str:
    """The same for a notebook: in a frame of its own, whose style and script touch nothing else."""
    inner = (
        f"<!doctype html><meta charset='utf-8'><style>body {{ margin: 0; font: 16px/1.5 system-ui, sans-serif; }}"
        f"{shipped('avatar.css')}</style>{avatar_html(takes)}<script>{shipped('avatar.js')}{_FIT}</script>"
    )
    return (
        f'<iframe srcdoc="{escape(inner)}" title="Faces that follow a sound" '
        'style="width: 100%; height: 36rem; border: 0; background: #fff; border-radius: 8px"></iframe>'
    )


def shipped(name: str) -> str:
    """A file beside this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _face(take: Take) -> str:
    track = base64.b64encode(take.codes.astype(np.int8).tobytes()).decode()
    wrong = "".join("1" if each else "0" for each in take.wrong)
    words = "" if take.metrics is None else f" {take.metrics.in_words.capitalize()}."
    strip = (
        '<div class="strip" aria-hidden="true" title="red where the face is visibly wrong">'
        f'{_stripes(take.wrong)}<i class="cursor"></i></div>'
    )
    return (
        f'<section class="face" data-track="{track}" data-shapes="{take.codes.shape[1]}" data-wrong="{wrong}">'
        f"<h3>{escape(take.title)}</h3><p>{escape(take.caption + words)}</p>"
        f'<svg role="img" aria-label="A face, {escape(take.title.lower())}"></svg>'
        f"{strip}</section>"
    )


def _stripes(wrong: np.ndarray) -> str:
    """Red where the face is wrong."""
    marks, start = [], 0
    for bad, group in groupby(wrong.tolist()):
        length = len(list(group))
        if bad:
            left, width = 100 * start / len(wrong), 100 * length / len(wrong)
            marks.append(f'<i style="left: {left:.2f}%; width: {width:.2f}%"></i>')
        start += length
    return "".join(marks[:_MOST_STRIPES])
