"""The simulation of one device, plainly: real bytes, the reference executor, one frame at a time."""

import zlib
from collections.abc import Sequence

import numpy as np
from programs import split_frames

from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.reference import Stream
from workbench.memory.faults.events import Event
from workbench.memory.image import Image, flip_bits
from workbench.memory.tensors import write_tensor

Codes = dict[str, np.ndarray]


def live_plainly(
    image: Image, inputs: Codes, upsets: Sequence[Event], strategy: Strategy, starts: Sequence[int]
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
        stream.states = now.states()
        codes = stream.step(split_frames(program, inputs, frame, frame + 1))
        heard.append(codes[program.output][0])
        for place in layout.places:
            if place.section == "state":
                write_tensor(data, place, stream.states[place.operator, place.tensor][0])
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
    """CRC-32 pages without limits: of the healer's variables only frame, epoch and cursor matter."""
    (guard,) = strategy.guards
    page_bytes = guard.area.unit_bytes
    pages = -(-layout.working_bytes // page_bytes)
    scan = -(-pages // guard.per_frame)
    frame_at = layout.sections["healer"].start
    epoch_at, cursor_at = frame_at + 12, frame_at + 4 * 12
    golden_at, check_at = layout.sections["golden"].start, layout.sections["check"].start
    frame, cursor = _majority(data, frame_at) % (2**32 - 1), _majority(data, cursor_at) % 2**24
    epoch = _majority(data, epoch_at)
    waits = layout.sections["backoff"].start
    for _ in range(min(guard.per_frame, pages)):
        page = cursor % pages
        cursor = (page + 1) % pages
        start = page * page_bytes
        stop = min(start + page_bytes, layout.working_bytes)
        level = int(data[waits + page // 2]) >> 4 * (page % 2) & 15
        if level % 8 > 1 and frame // scan % 2 ** (level % 8 - 1):
            continue
        expected = _word(data, check_at + 4 * page)
        new = 0
        if zlib.crc32(data[start:stop].tobytes()) != expected:
            golden = data[golden_at + start : golden_at + stop].copy()
            diagnosis = _who(data[start:stop], golden, expected)
            remedy, verdict = Remedy.NONE, Verdict.UNHEALED
            if diagnosis == Diagnosis.MEMORY:
                data[start:stop], remedy = golden, Remedy.RESTORE
                if zlib.crc32(golden.tobytes()) == expected:
                    verdict = Verdict.HEALED
            if verdict == Verdict.UNHEALED:
                new = min(7, max(1, level % 8) + 1)
            if level % 8 < 2 or verdict == Verdict.HEALED:
                at = epoch % 2**16 * (2**32 - 1) + frame
                log.append(LogEntry(at, 0, page, diagnosis, remedy, verdict))
        kept = int(data[waits + page // 2]) & (0xF0, 0x0F)[page % 2]
        data[waits + page // 2] = kept | new << 4 * (page % 2)
    frame += 1
    for copy in range(3):
        words = ((frame_at, frame % (2**32 - 1)), (epoch_at, epoch + frame // (2**32 - 1)))
        for at, word in (*words, (cursor_at, cursor)):
            _put(data, at + 4 * copy, word % 2**32)
        for variable in (2, 3):  # nothing rests or is spent
            _put(data, frame_at + 12 * variable + 4 * copy, 0)


def _who(working: np.ndarray, golden: np.ndarray, expected: int) -> Diagnosis:
    """By what a single flip would explain, which is tried out."""
    same = np.array_equal(working, golden)
    seen, kept = _explained(working, expected), _explained(golden, expected)
    if kept == "agrees":
        return Diagnosis.MEMORY
    if seen == "check":
        return Diagnosis.AMBIGUOUS if kept == "check" and not same else Diagnosis.CHECK
    if kept == "check":
        return Diagnosis.MEMORY
    return Diagnosis.GOLDEN if "data" in (seen, kept) else Diagnosis.AMBIGUOUS


def _explained(data: np.ndarray, expected: int) -> str:
    """The one flip that lets a page agree with its check: of the check, of the data, or of neither."""
    checksum = zlib.crc32(data.tobytes())
    if checksum == expected:
        return "agrees"
    if (checksum ^ expected).bit_count() == 1:
        return "check"
    for bit in range(8 * len(data)):
        tried = data.copy()
        tried[bit // 8] ^= 1 << bit % 8
        if zlib.crc32(tried.tobytes()) == expected:
            return "data"
    return "nothing"
