"""The life of one device, plainly: real bytes, the reference executor, one frame at a time."""

import zlib
from collections.abc import Sequence

import numpy as np
from programs import split_frames

from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.strategy import Strategy
from workbench.healing.upsets import Upset
from workbench.integer.reference import Stream
from workbench.memory.image import Image, flip_bits, write_tensor

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
        _heal(data, layout, strategy, log)
    return np.concatenate(heard), log, data


def _word(data: np.ndarray, address: int) -> int:
    return int.from_bytes(data[address : address + 4].tobytes(), "little")


def _put(data: np.ndarray, address: int, word: int) -> None:
    data[address : address + 4] = list(word.to_bytes(4, "little"))


def _heal(data: np.ndarray, layout, strategy: Strategy, log: list[LogEntry]) -> None:
    frame_at = layout.sections["healer"].start
    cursor_at = frame_at + 4
    golden_at, check_at = layout.sections["golden"].start, layout.sections["check"].start
    frame = _word(data, frame_at)
    if strategy.name == "crc-scrub" and layout.pages:
        for _ in range(strategy.pages_per_frame):
            page = _word(data, cursor_at) % layout.pages
            _put(data, cursor_at, (page + 1) % layout.pages)
            start = page * layout.page_bytes
            stop = min(start + layout.page_bytes, layout.working_bytes)
            found = zlib.crc32(data[start:stop].tobytes())
            expected = _word(data, check_at + 4 * page)
            if found == expected:
                continue
            golden = data[golden_at + start : golden_at + stop].copy()
            kept = zlib.crc32(golden.tobytes())
            if kept == expected:
                data[start:stop] = golden
                log.append(LogEntry(frame, page, Diagnosis.MEMORY, Remedy.RESTORE, Verdict.HEALED))
            elif kept == found:
                log.append(LogEntry(frame, page, Diagnosis.CHECK, Remedy.NONE, Verdict.UNHEALED))
            else:
                log.append(
                    LogEntry(frame, page, Diagnosis.AMBIGUOUS, Remedy.NONE, Verdict.UNHEALED)
                )
    _put(data, frame_at, (frame + 1) % 2**32)
