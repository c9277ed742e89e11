"""Folders of recordings: the shipped voice, proved by checksums, or a researcher's own sounds.

A label is the path below the folder without its suffix: `digits/0`, `phonetic/a_p`, `kick`, in
Unicode's form NFC, whichever the file system uses.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from workbench.audio.resources import recordings_folder
from workbench.audio.sound_files import SAMPLE_RATE_HZ, pcm16, read_audio
from workbench.errors import WorkbenchError, WorkbenchWarning
from workbench.files import is_file, is_folder, path_of, read_bytes

SUFFIXES = (".aif", ".aifc", ".aiff", ".au", ".flac", ".ogg", ".w64", ".wav")
CHECKSUMS = "checksums.json"
ALIGNMENTS = "alignments.json"  # when each phone is heard, where somebody has asked
_NAMES_SHOWN = 10
_REPAIR = "run `workbench data build`, or clone the repository again"


def load_recordings(
    folder: Path | str | None = None, *, prefix: str = "", sample_rate_hz: int = SAMPLE_RATE_HZ
) -> dict[str, np.ndarray]:
    """Return label -> float32 [samples] in [-1, 1] at this rate, in natural order of the labels.

    Without `folder` the shipped recordings are read and each is checked against its SHA-256.
    `prefix` keeps the labels that begin with it, `digits/` for example. Nothing is trimmed here.
    A WorkbenchWarning names the files of `folder` that are not used.
    Raises WorkbenchError for a folder that is missing or has no fitting recording, two files of
    one label, a shipped recording that is not the one that was shipped, and as `read_audio` does.
    """
    place = recordings_folder() if folder is None else path_of(folder, "a folder of recordings")
    prefix = nfc(prefix)
    paths_by_label = find_recordings(place)
    if folder is not None:
        _name_unused(place, set(paths_by_label.values()))
    paths = {label: path for label, path in paths_by_label.items() if label.startswith(prefix)}
    if not paths:
        wanted = f"label that begins with {prefix!r}" if prefix else "recording"
        raise WorkbenchError(
            f"the folder {place} has no {wanted}; put {', '.join(SUFFIXES)} files there"
            + (f", or {_REPAIR}" if folder is None else "")
        )
    recordings = {
        label: read_audio(path, sample_rate_hz=sample_rate_hz) for label, path in paths.items()
    }
    if folder is None:
        expected = read_checksums(place)["recordings"]
        for label, samples in recordings.items():
            _check_against(expected, label, samples, paths[label])
    return recordings


def load_words(
    folder: Path | str | None = None, *, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> dict[str, np.ndarray]:
    """Return word -> float32 [samples]; the word is the file's name without folder and ending.

    Without `folder` the shipped numbers, "0" among them. Raises WorkbenchError when two recordings
    have one word, and as `load_recordings` does.
    """
    words: dict[str, np.ndarray] = {}
    recordings = load_recordings(
        folder, prefix="" if folder else "digits/", sample_rate_hz=sample_rate_hz
    )
    for label, samples in recordings.items():
        word = label.rsplit("/", 1)[-1]
        if word in words:
            raise WorkbenchError(
                f"{folder} has two recordings called {word!r}; give every word one file"
            )
        words[word] = samples
    return words


def find_recordings(folder: Path) -> dict[str, Path]:
    """Return label -> path of every sound file in `folder` and below, in natural order.

    Raises WorkbenchError when the folder is missing, a name is no plain text or two files have one
    label.
    """
    folder = path_of(folder, "the folder of recordings")
    if not is_folder(folder):
        raise WorkbenchError(f"there is no folder {folder}; check the name")
    paths_by_label: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or not is_file(path):
            continue
        label = nfc(path.relative_to(folder).with_suffix("").as_posix())
        # Control characters, and what stands for bytes that are no UTF-8.
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in label):
            raise WorkbenchError(f"the file name {path.name!r} is no plain text; rename the file")
        if label in paths_by_label:
            raise WorkbenchError(
                f"{paths_by_label[label]} and {path} would both be called {label!r}; rename one of them"
            )
        paths_by_label[label] = path
    return dict(sorted(paths_by_label.items(), key=lambda item: natural_order(item[0])))


def nfc(text: str) -> str:
    """Return `text` in the one form of Unicode in which names are compared: "ü" is one character.

    macOS hands out names in NFD, where it is two; keyboards write NFC.
    """
    return unicodedata.normalize("NFC", text)


def natural_order(label: str) -> tuple[str | int, ...]:
    """Return a sorting key that counts: `digits/2` comes before `digits/10`."""
    # Every second part is a number; digits of other scripts are letters here.
    parts = re.split(r"([0-9]+)", label)
    return tuple(int(part) if number % 2 else part for number, part in enumerate(parts))


def pcm_sha256(samples: np.ndarray) -> str:
    """Return the SHA-256, in hexadecimal, of float [samples] as little-endian int16 codes."""
    return hashlib.sha256(pcm16(samples).tobytes()).hexdigest()


def read_checksums(folder: Path) -> dict[str, Any]:
    """Return the contents of `checksums.json` in `folder`.

    Raises WorkbenchError when it is missing or damaged.
    """
    path = path_of(folder, "the folder of recordings") / CHECKSUMS
    try:
        checksums = json.loads(read_bytes(path))
        digests = [
            (entry["pcm_sha256"], entry["file_sha256"])
            for entry in checksums["recordings"].values()
        ]
        if checksums["sample_rate_hz"] != SAMPLE_RATE_HZ or not digests:
            raise ValueError("unexpected contents")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WorkbenchError(f"cannot use {path} ({error}); {_REPAIR}") from error
    return dict(checksums)


def check_recordings(folder: Path | None = None) -> int:
    """Check every file of a folder that has a `checksums.json`; return how many there are.

    The samples decide whether a recording may be used; the bytes of the file are compared as well,
    so that damage outside the sound is seen too.
    Raises WorkbenchError for the first file that is missing, unknown or different.
    """
    place = recordings_folder() if folder is None else path_of(folder, "the folder of recordings")
    expected = read_checksums(place)["recordings"]
    paths = find_recordings(place)
    for label in expected:
        if label not in paths:
            raise WorkbenchError(f"the recording {place / label} is missing; {_REPAIR}")
    for label, path in paths.items():
        _check_against(expected, label, read_audio(path), path)
        if hashlib.sha256(read_bytes(path)).hexdigest() != expected[label]["file_sha256"]:
            raise WorkbenchError(
                f"{path} holds the right sound but its bytes have changed; {_REPAIR}"
            )
    return len(paths)


def _check_against(expected: dict[str, Any], label: str, samples: np.ndarray, path: Path) -> None:
    if label not in expected:
        raise WorkbenchError(
            f"{path} is not one of the shipped recordings; keep your own in another folder"
        )
    if pcm_sha256(samples) != expected[label]["pcm_sha256"]:
        raise WorkbenchError(f"{path} is not the recording that was shipped; {_REPAIR}")


def _name_unused(folder: Path, used: set[Path]) -> None:
    """Warn of the files in `folder` and below that are no recordings; hidden ones are left out."""
    unused = [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path not in used
        and path.name not in (CHECKSUMS, ALIGNMENTS)
        and not path.name.startswith(".")
        and (not is_folder(path) or path.suffix.lower() in SUFFIXES)
    ]
    if not unused:
        return
    names = ", ".join(map(repr, unused[:_NAMES_SHOWN]))
    more = f" and {len(unused) - _NAMES_SHOWN:,} more" if len(unused) > _NAMES_SHOWN else ""
    warnings.warn(
        f"not used in {folder}: {names}{more}; recordings end in {', '.join(SUFFIXES)}",
        WorkbenchWarning,
        stacklevel=3,
    )
