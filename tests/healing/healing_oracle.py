"""The life of one device, plainly: real bytes, the reference executor, one frame at a time."""

import zlib
from collections.abc import Sequence

import numpy as np
from programs import split_frames

from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.strategy import Strategy
from workbench.healing.upsets import Upset
from workbench.integer.reference import Stream
from workbench.memory.image import Image, flip_bits
from workbench.memory.tensors import write_tensor

Codes = dict[str, np.ndarray]


def live_plainly(
    image: Image, inputs: Codes, upsets: Sequence[Upset], strategy: Strategy, starts: Sequence[int]
) -> tuple[np.ndarray, list[LogEntry], np.ndarray]:
    """(output codes [rows, channels], log, final bytes)."""
    program, layout = image.program, image.layout
    name = program.inputs[0]
    frames = inputs[name].shape[1] // program.signal(name).rate
    state = layout.sections["state"]
    data = image.data.copy()
    heard, log = [], []
    for frame in range(frames):
        if frame in starts:
            data[state.start : state.stop] = 0
        flip_bits(data, [upset.position for upset in upsets if upset.frame == frame])
        now = Image(program, layout, data.copy())
        stream = Stream(now.to_program())
        stream.histories = now.histories()
        codes = stream.step(split_frames(program, inputs, frame, frame + 1))
        heard.append(codes[program.output][0])
        for place in layout.places:
            if place.section == "state":
                write_tensor(data, place, stream.histories[place.operator][0])
        if strategy.guards and layout.watches:
            _heal(data, layout, strategy, log)
    return np.concatenate(heard), log, data


def _word(data: np.ndarray, address: int) -> int:
    return int.from_bytes(data[address : address + 4].tobytes(), "little")


def _put(data: np.ndarray, address: int, word: int) -> None:
    data[address : address + 4] = list(word.to_bytes(4, "little"))


def _majority(data: np.ndarray, address: int) -> int:
    a, b, c = (_word(data, address + 4 * copy) for copy in range(3))
    return a & b | a & c | b & c


def _heal(data: np.ndarray, layout, strategy: Strategy, log: list[LogEntry]) -> None:
    """CRC-32 pages without limits: of the healer's variables only frame and cursor matter."""
    (guard,) = strategy.guards
    page_bytes = guard.area.unit_bytes
    pages = -(-layout.working_bytes // page_bytes)
    frame_at = layout.sections["healer"].start
    cursor_at = frame_at + 4 * 9
    golden_at, check_at = layout.sections["golden"].start, layout.sections["check"].start
    frame, cursor = _majority(data, frame_at), _majority(data, cursor_at) % 2**24
    for _ in range(guard.per_frame):
        page = cursor % pages
        cursor = (page + 1) % pages
        start = page * page_bytes
        stop = min(start + page_bytes, layout.working_bytes)
        found = zlib.crc32(data[start:stop].tobytes())
        expected = _word(data, check_at + 4 * page)
        if found == expected:
            continue
        golden = data[golden_at + start : golden_at + stop].copy()
        diagnosis, remedy, verdict = Diagnosis.AMBIGUOUS, Remedy.NONE, Verdict.UNHEALED
        if zlib.crc32(golden.tobytes()) == expected:
            data[start:stop] = golden
            diagnosis, remedy, verdict = Diagnosis.MEMORY, Remedy.RESTORE, Verdict.HEALED
        elif np.array_equal(golden, data[start:stop]):
            diagnosis = Diagnosis.CHECK
        log.append(LogEntry(frame, 0, page, diagnosis, remedy, verdict))
    for copy in range(3):
        for at, word in ((frame_at, frame + 1), (cursor_at, cursor)):
            _put(data, at + 4 * copy, word % 2**32)
        for variable in (1, 2):  # nothing rests or is spent
            _put(data, frame_at + 12 * variable + 4 * copy, 0)
