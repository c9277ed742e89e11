"""Prompts: recordings of the voice with their phones and the controls that a network learns.

A folder holds one file of the kind `prompt` for each, below the path of its label: phones and durations, and
int16 codes [frames, 38], little endian. One is made at a time, so that an interrupted run goes on.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.audio.speech_controls import CONTROL_EXPONENT, CONTROLS
from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError
from workbench.files import output_folder, path_of
from workbench.generators.speech.alignments import Row
from workbench.generators.speech.durations import MARKS
from workbench.generators.speech.phones import PAUSE
from workbench.generators.speech.timeline import PHONES, Timeline

KIND = "prompt"
SUFFIX = ".prompt"
CURE = "make them with `workbench data fetch`, `workbench data align` and `workbench data analyse`"
HELD_OUT = 12
ANALYSIS = 2  # another one makes all prompts again
Analyse = Callable[[np.ndarray], np.ndarray]  # samples at 16 kHz -> controls float32 [frames, 38]


@dataclass(frozen=True, eq=False)
class Prompt:
    """A recording as a network learns it.

    Args:
        timeline: When its phones are said.
        controls: float32 [frames, 38], see `audio.speech_controls`.
    """

    timeline: Timeline
    controls: np.ndarray


def make_prompts(
    recordings: Mapping[str, np.ndarray],
    alignments: Mapping[str, Sequence[Row]],
    folder: Path,
    *,
    analyse: Analyse,
) -> Iterator[str]:
    """Make the prompts of all recordings that are aligned, one at a time; finished ones stay.

    Args:
        recordings: Label -> float32 [samples] at 16 kHz.
        alignments: Label -> rows, see `alignments`.
        folder: Where they go.
        analyse: What a recording is made of.

    Yields:
        A label before its prompt is made.

    Raises:
        WorkbenchError: The folder cannot be written.
    """
    for label, rows in alignments.items():
        if label not in recordings:
            continue
        yield label
        path, samples = prompt_file(folder, label), recordings[label]
        origin = _origin(samples, rows)
        if not _is_finished(path, origin):
            output_folder(path.parent)
            controls = analyse(samples)
            save_prompt(Prompt(timeline_of_rows(rows, len(controls)), controls), path, origin)


def read_prompts(folder: Path, *, held_out: bool) -> dict[str, Prompt]:
    """Prompts by label, those that are learnt or those that only measure.

    Raises:
        WorkbenchError: There is none, or a file is damaged.
    """
    folder = path_of(folder, "a folder of prompts")
    paths = {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.rglob(f"*{SUFFIX}"))
    }
    prompts = {
        label: _read(path) for label, path in paths.items() if is_held_out(label) == held_out
    }
    if not prompts:
        raise WorkbenchError(f"there are no prompts in {folder}; {CURE}")
    return prompts


def is_held_out(label: str) -> bool:
    """Whether no network learns a recording: one in twelve of those that are no single word of a group."""
    return "/" not in label and zlib.crc32(label.encode()) % HELD_OUT == 0


def prompt_file(folder: Path, label: str) -> Path:
    """The file of a recording's prompt."""
    return folder / f"{label}{SUFFIX}"


def rows_of(timeline: Timeline) -> list[Row]:
    """A timeline as rows of an alignment."""
    ends = np.cumsum(timeline.durations).tolist()
    return [
        (symbol, end - length, length)
        for symbol, length, end in zip(timeline.symbols, timeline.durations, ends, strict=True)
    ]


def plain(prompt: Prompt) -> dict[str, Any]:
    """A prompt as JSON can hold it, without any rounding."""
    controls = np.ascontiguousarray(prompt.controls, "<f4")
    return {
        "symbols": list(prompt.timeline.symbols),
        "durations": list(prompt.timeline.durations),
        "controls": b64encode(controls.tobytes()).decode(),
    }


def from_plain(value: Mapping[str, Any]) -> Prompt:
    """The prompt that `plain` was given."""
    controls = np.frombuffer(b64decode(value["controls"]), "<f4").reshape(-1, CONTROLS)
    timeline = Timeline(tuple(value["symbols"]), tuple(value["durations"]))
    return Prompt(timeline, controls.astype(np.float32))


def _origin(samples: np.ndarray, rows: Sequence[Row]) -> str:
    digest = hashlib.sha256(f"{ANALYSIS} {[list(row) for row in rows]}\n".encode())
    digest.update(np.ascontiguousarray(samples, np.float32).tobytes())
    return digest.hexdigest()


def _is_finished(path: Path, origin: str) -> bool:
    try:
        return bool(read_container(path, kind=KIND)[0].get("origin") == origin)
    except WorkbenchError:
        return False


def timeline_of_rows(rows: Sequence[Row], frames: int) -> Timeline:
    """Rows of an alignment, marks as pauses, from the first frame of the recording to the last."""
    parts: list[tuple[str, int]] = []
    end = 0
    for symbol, start, length in rows:
        first, stop = (min(max(frame, end), frames) for frame in (start, start + length))
        if first > end:
            parts.append((PAUSE, first - end))
        if stop > first:
            parts.append((PAUSE if symbol in MARKS else symbol, stop - first))
        end = max(end, stop)
    if end < frames:
        parts.append((PAUSE, frames - end))
    return Timeline(tuple(symbol for symbol, _ in parts), tuple(length for _, length in parts))


def save_prompt(prompt: Prompt, path: Path, origin: str) -> None:
    """Write the file of a prompt.

    Args:
        prompt: Its controls are rounded to codes.
        path: Where it goes; its folder is there.
        origin: What it was made of.

    Raises:
        WorkbenchError: The file cannot be written.
    """
    codes = np.floor(np.ldexp(prompt.controls.astype(np.float64), -CONTROL_EXPONENT) + 0.5)
    header = {
        "origin": origin,
        "symbols": list(prompt.timeline.symbols),
        "durations": list(prompt.timeline.durations),
    }
    payload = np.clip(codes, -32768, 32767).astype("<i2").tobytes()
    write_container(path, kind=KIND, header=header, payload=payload)


def _read(path: Path) -> Prompt:
    header, payload = read_container(path, kind=KIND)
    codes = np.frombuffer(payload, "<i2").reshape(-1, CONTROLS)
    timeline = Timeline(tuple(header["symbols"]), tuple(header["durations"]))
    if timeline.frames != len(codes) or not set(timeline.symbols) <= set(PHONES):
        raise WorkbenchError(f"{path} does not fit its phones; delete it and make it again")
    return Prompt(timeline, np.ldexp(codes.astype(np.float32), CONTROL_EXPONENT))
