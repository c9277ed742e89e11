"""A chunk of odd length is filled up with zeros: where its length was left open, they are no samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from workbench.audio.sound_files import read_audio

RATE, COUNT = 16_000, 1_600
SOUND = 0.3 * np.sin(np.arange(COUNT) / 7) + 0.05
# Container -> name of the chunk of samples, distance from it to its length, width of that, and the multiple
# of bytes to which the chunk is filled up.
LENGTHS = {
    "WAV": (b"data", 4, 4, 2),
    "WAVEX": (b"data", 4, 4, 2),
    "RF64": (b"ds64", 16, 8, 2),
    "W64": (b"data", 16, 8, 8),
    "AIFF": (b"SSND", 4, 4, 2),
    "AU": (b".snd", 8, 4, 1),
}
# Of one byte; none of the last samples of SOUND is the byte 0.
ONE_BYTE = ("ALAW", "ULAW", "PCM_U8", "PCM_S8")
CASES = [
    (container, encoding)
    for container in LENGTHS
    for encoding in ONE_BYTE
    if soundfile.check_format(container, encoding)
]
every = pytest.mark.parametrize("container", LENGTHS)
every_case = pytest.mark.parametrize(("container", "encoding"), CASES)


def _leave_open(container: str, head: bytearray) -> None:
    name, distance, width, *_ = LENGTHS[container]
    address = head.find(name) + distance
    head[address : address + width] = b"\xff" * width


def _parts(container: str, encoding: str, folder: Path) -> tuple[bytes, bytes, np.ndarray]:
    """What comes before the samples, with a length that a pipe leaves open; the samples; as floats."""
    path = folder / "whole"
    soundfile.write(path, SOUND, RATE, format=container, subtype=encoding)
    whole = path.read_bytes()
    head, samples = bytearray(whole[:-COUNT]), whole[-COUNT:]
    _leave_open(container, head)
    return bytes(head), samples, read_audio(path)


@every_case
def test_zeros_that_fill_up_an_open_chunk_are_no_samples(
    container: str, encoding: str, tmp_path: Path
) -> None:
    head, samples, expected = _parts(container, encoding, tmp_path)
    align, path = LENGTHS[container][-1], tmp_path / "piped"
    for count in range(COUNT - 8, COUNT + 1):
        padding = -(len(head) + count) % align
        for zeros in {0, padding}:  # not every encoder fills it up
            path.write_bytes(head + samples[:count] + bytes(zeros))
            assert read_audio(path).tolist() == expected[:count].tolist(), (count, zeros)


@every_case
@pytest.mark.filterwarnings("ignore:.*stand at full scale")
def test_a_zero_that_cannot_fill_up_is_a_sample(
    container: str, encoding: str, tmp_path: Path
) -> None:
    """It ends at an address where nothing may be filled up, or more zeros than that need stand there."""
    head, samples, _ = _parts(container, encoding, tmp_path)
    align, path = LENGTHS[container][-1], tmp_path / "piped"
    odd = next(n for n in range(COUNT - 8, COUNT) if align == 1 or (len(head) + n + 1) % align)
    path.write_bytes(head + samples[:odd] + b"\0")
    assert len(read_audio(path)) == odd + 1
    even = next(n for n in range(COUNT - 8, COUNT) if (len(head) + n) % align == 0)
    path.write_bytes(head + samples[:even] + bytes(8))
    assert len(read_audio(path)) == even + 8 - (align - 1)


@every
def test_a_true_length_is_believed_to_the_last_zero(container: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a", SOUND, RATE, format=container, subtype="ULAW")
    whole = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(whole[:-1] + b"\0")
    assert len(read_audio(tmp_path / "a")) == COUNT


@every
def test_zeros_of_silence_at_an_open_end_stay(container: str, tmp_path: Path) -> None:
    """They sound the same, whether they fill up or are samples."""
    path = tmp_path / "a"
    soundfile.write(path, SOUND, RATE, format=container, subtype="PCM_16")
    whole = bytearray(path.read_bytes())
    _leave_open(container, whole)
    whole[-4:] = bytes(4)
    path.write_bytes(whole)
    assert len(read_audio(path)) == COUNT
