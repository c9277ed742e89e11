"""Changes in the data that no healing helps against: other sounds for what hears, other rows for what is told rows.

Of a sound: gain, noise, a room, another speaker (resampled, so that pitch and formants move), a dead microphone, a stream
that froze. Of rows: phones in another order than a language has, another rhythm, rows beyond the table, a stream that
froze. Each takes the clean inputs of an utterance and gives those of the changed one, of the same length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from workbench.errors import WorkbenchError
from workbench.generators.speech.timeline import PHONES, Timeline, timeline_of
from workbench.integer.program import Program
from workbench.integer.reference import Codes
from workbench.memory.watches.input_codes import rows_of

Change = Callable[[np.random.Generator, np.ndarray], np.ndarray]

_LOUD, _QUIET = 4.0, 0.1  # gains: +12 and -20 dB
_SNR_DB = 5.0
_RATE, _ROOM_S = 16_000, 0.4  # samples a second; until an echo is 60 dB down
_SPEAKER = 1.25  # formants and pitch of a smaller speaker
_HASTY, _SLOW = 0.4, 2.5  # times as long
_FULL = 2**15


def changes_of(program: Program) -> tuple[str, ...]:
    """Names of the changes that the inputs of a program may have."""
    kinds = {bool(rows_of(program, name)) for name in program.inputs}
    if set(program.inputs) == set(timeline_of("a").rows()):
        return tuple(_ROWS)
    if kinds == {False} and all(program.signal(name).channels == 1 for name in program.inputs):
        return tuple(_SOUNDS)
    raise WorkbenchError(
        f"no changes of the data are known for {program.name}, whose inputs are neither timed phones nor "
        "sounds of one channel; choose speech or viseme"
    )


def changed_inputs(
    program: Program, inputs: Mapping[str, np.ndarray], change: str, rng: np.random.Generator
) -> Codes:
    """The inputs of an utterance after a change of the data.

    Args:
        program: Whose inputs they are.
        inputs: int32 [1, frames * rate, channels] by name.
        change: Name of one of `changes_of`.
        rng: Draws what the change leaves open.
    """
    if changes_of(program) == tuple(_ROWS):
        table = {name: codes[0, :, 0].astype(np.int64) for name, codes in inputs.items()}
        rows = {name: rows_of(program, name) for name in table}
        made = _ROWS[change](rng, table, rows)
        return {name: made[name].astype(np.int32)[None, :, None] for name in inputs}
    return {
        name: np.clip(np.round(_SOUNDS[change](rng, codes[0, :, 0].astype(np.float64))), -_FULL, _FULL - 1)
        .astype(np.int32)[None, :, None]
        for name, codes in inputs.items()
    }  # fmt: skip


def _noisy(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    level = np.sqrt((x**2).mean()) * 10 ** (-_SNR_DB / 20)
    return x + rng.normal(0, max(level, 1.0), len(x))


def _in_a_room(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    at = np.arange(round(_ROOM_S * _RATE))
    echo = rng.normal(0, 1, len(at)) * 10 ** (-3 * at / len(at))
    echo *= 1 / np.sqrt((echo**2).sum())
    size = 2 ** int(np.ceil(np.log2(len(x) + len(at))))
    wet = np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(echo, size), size)[: len(x)]
    return 0.5 * x + wet


def _of_another_speaker(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    at = np.arange(len(x)) * _SPEAKER % max(len(x) - 1, 1)
    return np.interp(at, np.arange(len(x)), x)


def _dead(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    return rng.integers(-1, 2, len(x)).astype(np.float64)


def _frozen_sound(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """The buffer of one frame, the loudest, again and again."""
    frames = x[: len(x) // 160 * 160].reshape(-1, 160)
    held = frames[np.abs(frames).sum(axis=1).argmax()]
    return np.resize(held, len(x))


_SOUNDS: dict[str, Change] = {
    "gain": lambda rng, x: x * (_LOUD if rng.random() < 0.5 else _QUIET),
    "noise": _noisy,
    "room": _in_a_room,
    "another speaker": _of_another_speaker,
    "dead microphone": _dead,
    "frozen stream": _frozen_sound,
}

Rows = dict[str, np.ndarray]  # int64 [frames] by input
OfRows = Callable[[np.random.Generator, Rows, dict[str, int]], Rows]


def _other_order(rng: np.random.Generator, rows: Rows, known: dict[str, int]) -> Rows:
    """One permutation of the rows of the largest table, in all inputs that choose from it."""
    most = max(known.values())
    order = np.concatenate([[0], 1 + rng.permutation(most - 1)])  # silence stays silence
    return {
        name: order[np.clip(each, 0, most - 1)] if known[name] == most else each
        for name, each in rows.items()
    }


def _other_rhythm(rng: np.random.Generator, rows: Rows, known: dict[str, int]) -> Rows:
    """The same phones, each 0.4 or 2.5 times as long."""
    begins = np.flatnonzero(rows["since"] == 0)
    lengths = np.diff([*begins, len(rows["since"])])
    factor = _HASTY if rng.random() < 0.5 else _SLOW
    durations = np.maximum(np.round(lengths * factor), 1).astype(int).tolist()
    timeline = Timeline(tuple(PHONES[each] for each in rows["phone"][begins]), tuple(durations))
    return {name: np.resize(each, len(rows[name])) for name, each in timeline.rows().items()}


def _beyond(rng: np.random.Generator, rows: Rows, known: dict[str, int]) -> Rows:
    """In one frame of ten one input asks for a row that is not there."""
    made = {name: each.copy() for name, each in rows.items()}
    name = sorted(made)[int(rng.integers(len(made)))]
    hit = rng.random(len(made[name])) < 0.1
    made[name][hit] = known[name] + rng.integers(0, 20, int(hit.sum()))
    return made


def _frozen_rows(rng: np.random.Generator, rows: Rows, known: dict[str, int]) -> Rows:
    """From some frame of the first half on, all inputs stay as they are."""
    frames = len(next(iter(rows.values())))
    at = int(rng.integers(max(1, frames // 2)))
    return {name: np.where(np.arange(frames) < at, each, each[at]) for name, each in rows.items()}


_ROWS: dict[str, OfRows] = {
    "another language": _other_order,
    "another rhythm": _other_rhythm,
    "codes out of range": _beyond,
    "frozen stream": _frozen_rows,
}
