"""Prompts: recordings of the voice with their phones and the controls that a network learns.

A folder holds one file of the kind `prompt` for each, below the path of its label: text, phones and durations, and
int16 codes [frames, 38], little endian. One is made at a time, so that an interrupted run goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.audio.phone_alignment import Aligner
from workbench.audio.speech_analysis import controls_of
from workbench.audio.speech_controls import CONTROL_EXPONENT, CONTROLS
from workbench.container import read_container, write_container
from workbench.errors import WorkbenchError
from workbench.files import is_file, is_folder, output_folder
from workbench.generators.speech.phones import PAUSE, without_stress
from workbench.generators.speech.pronunciation import pronounced
from workbench.generators.speech.timeline import PHONES, Timeline
from workbench.generators.speech.tokens import Manner
from workbench.generators.speech.transcripts import transcripts

KIND = "prompt"
SUFFIX = ".prompt"
ANALYSIS = 1  # another one makes all prompts again


@dataclass(frozen=True, eq=False)
class Prompt:
    """A recording as a network learns it.

    Args:
        text: What it says.
        timeline: When its phones are said.
        controls: float32 [frames, 38], see `audio.speech_controls`.
    """

    text: str
    timeline: Timeline
    controls: np.ndarray


def make_prompts(
    recordings: Mapping[str, np.ndarray], folder: Path
) -> Iterator[tuple[str, WorkbenchError | None]]:
    """Make the prompts of all recordings that have a transcript, one at a time; finished ones stay.

    Args:
        recordings: Label -> float32 [samples] at 16 kHz.
        folder: Where they go.

    Yields:
        A label, when its prompt is there, and why it cannot be made, None where it is.

    Raises:
        WorkbenchError: pocketsphinx is missing, or the folder cannot be written.
    """
    output_folder(folder)
    aligner: Aligner | None = None
    for label, transcript in transcripts().items():
        if label not in recordings:
            continue
        path, samples = prompt_file(folder, label), recordings[label]
        origin = _origin(samples, transcript.text)
        if _is_finished(path, origin):
            yield label, None
            continue
        aligner = aligner or Aligner()
        try:
            prompt = _made(aligner, transcript.text, samples)
        except WorkbenchError as error:
            yield label, error
            continue
        output_folder(path.parent)
        _save(prompt, path, origin)
        yield label, None


def read_prompts(folder: Path, *, held_out: bool) -> dict[str, Prompt]:
    """Prompts by label, those that are learnt or those that only measure.

    Raises:
        WorkbenchError: There is none, or a file is damaged.
    """
    chosen = {
        label: prompt_file(folder, label)
        for label, transcript in transcripts().items()
        if transcript.held_out == held_out
    }
    prompts = {label: _read(path) for label, path in chosen.items() if is_file(path)}
    if not is_folder(folder) or not prompts:
        raise WorkbenchError(
            f"there are no prompts in {folder}; make them with `workbench data fetch` and `workbench data align`"
        )
    return prompts


def prompt_file(folder: Path, label: str) -> Path:
    """The file of a recording's prompt."""
    return folder / f"{label}{SUFFIX}"


def _origin(samples: np.ndarray, text: str) -> str:
    digest = hashlib.sha256(f"{ANALYSIS} {text}\n".encode())
    digest.update(np.ascontiguousarray(samples, np.float32).tobytes())
    return digest.hexdigest()


def _is_finished(path: Path, origin: str) -> bool:
    try:
        return bool(read_container(path, kind=KIND)[0].get("origin") == origin)
    except WorkbenchError:
        return False


def _made(aligner: Aligner, text: str, samples: np.ndarray) -> Prompt:
    words = [word.symbols for word in pronounced(text) if word.manner is not Manner.PAUSE]
    symbols = [symbol for word in words for symbol in word]
    controls = controls_of(samples)
    aligned = aligner.align(samples, [without_stress(word) for word in words])
    parts: list[tuple[str, int]] = []
    end = 0
    for number, first, frames in aligned:
        if first > end:  # before the first phone
            parts.append((PAUSE, first - end))
        if frames:
            parts.append((PAUSE if number is None else symbols[number], frames))
        end = first + frames
    if end < len(controls):
        parts.append((PAUSE, len(controls) - end))
    timeline = Timeline(tuple(symbol for symbol, _ in parts), tuple(frames for _, frames in parts))
    if timeline.frames != len(controls):
        raise WorkbenchError("its phones do not follow each other; check its text")
    return Prompt(text, timeline, controls)


def _save(prompt: Prompt, path: Path, origin: str) -> None:
    codes = np.floor(np.ldexp(prompt.controls.astype(np.float64), -CONTROL_EXPONENT) + 0.5)
    header = {
        "origin": origin,
        "text": prompt.text,
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
    return Prompt(header["text"], timeline, np.ldexp(codes.astype(np.float32), CONTROL_EXPONENT))
