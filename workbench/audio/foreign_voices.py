"""Voices that no network here learns: the publisher's recordings in other languages, from Debian packages."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from workbench.audio.collection import trim
from workbench.audio.debian_packages import unpacked
from workbench.audio.sound_files import LONGEST_S, SAMPLE_RATE_HZ
from workbench.audio.voice_package import decode_g722

LANGUAGES = {"fr": "French", "es": "Spanish", "it": "Italian", "ru": "Russian"}
_SHORTEST_S = 1.0
_CURE = "install apt and ffmpeg, and look at the network"


def foreign_recordings(language: str, count: int) -> Iterator[tuple[str, np.ndarray]]:
    """Label and float32 [samples] of the same `count` recordings every time, of those that last 1 to 30 s.

    Raises:
        WorkbenchError: The package cannot be downloaded or decoded.
    """
    package = f"asterisk-core-sounds-{language}-g722"
    with tempfile.TemporaryDirectory(prefix="voice-") as name:
        root = unpacked(package, Path(name), cure=_CURE)
        found = {
            path.relative_to(root).as_posix(): path
            for path in root.rglob("*.g722")
            if "silence" not in path.parts
            and _SHORTEST_S <= path.stat().st_size * 2 / SAMPLE_RATE_HZ <= LONGEST_S
        }
        chosen = sorted(found, key=lambda label: zlib.crc32(label.encode()))[:count]
        decoded = decode_g722([found[label] for label in chosen])
        for label, codes in zip(chosen, decoded, strict=True):
            yield label, trim(codes).astype(np.float32) / 32768
