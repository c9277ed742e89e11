"""What a header announces is believed only as far as the file goes: every container, every length."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from workbench.audio import sound_files
from workbench.audio.sound_files import read_audio
from workbench.errors import WorkbenchError, WorkbenchWarning

RATE, COUNT = 16_000, 2_000
CODES = (9000 * np.sin(np.arange(COUNT) / 7)).astype("<i2")
BYTES = 2 * COUNT
W64 = {
    "riff": b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000"),
    **{
        name: name.encode().ljust(4) + bytes.fromhex("f3acd3118cd100c04f8edb8a")
        for name in ("wave", "fmt", "data", "LIST")
    },
}
# The usual ones, what SoX, espeak-ng, arecord, ffmpeg and libsndfile write into a pipe.
PIPES = (0, 0x7F000008, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFF000, 0xFFFFFFFF)
LARGE_PIPES = (*PIPES, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def _riff(length: int, order: str = "<", tail: bytes = b"", whole: int | None = None) -> bytes:
    codes = CODES.astype(f"{order}i2").tobytes()
    fmt = struct.pack(f"{order}4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    end = struct.pack(f"{order}I", 36 + BYTES + len(tail) if whole is None else whole)
    head = (b"RIFF" if order == "<" else b"RIFX") + end + b"WAVE" + fmt + b"data"
    return head + struct.pack(f"{order}I", length) + codes + tail


def _rifx(length: int, tail: bytes = b"") -> bytes:
    return _riff(length, ">", tail)


def _rf64(length: int, tail: bytes = b"") -> bytes:
    size = 72 + BYTES + len(tail) if length == BYTES else 0
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, size, length, 0, 0)
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    unknown = b"\xff" * 4
    return b"RF64" + unknown + b"WAVE" + ds64 + fmt + b"data" + unknown + CODES.tobytes() + tail


def _w64(length: int, tail: bytes = b"") -> bytes:
    fmt = W64["fmt"] + struct.pack("<QHHIIHH", 40, 1, 1, RATE, 2 * RATE, 2, 16)
    counted = length + 24 if length == BYTES else length
    whole = struct.pack("<Q", 104 + BYTES + len(tail) if length == BYTES else 0)
    data = W64["data"] + struct.pack("<Q", counted) + CODES.tobytes()
    return W64["riff"] + whole + W64["wave"] + fmt + data + tail


def _aiff(length: int, tail: bytes = b"") -> bytes:
    known = length == BYTES
    rate = struct.pack(">HQ", 0x400C, RATE << 50)  # 80-bit extended
    comm = struct.pack(">4sIhIh", b"COMM", 18, 1, COUNT if known else 0, 16) + rate
    counted = length + 8 if known else length
    ssnd = struct.pack(">4sIII", b"SSND", counted, 0, 0) + CODES.astype(">i2").tobytes() + tail
    whole = struct.pack(">I", 4 + len(comm) + len(ssnd) if known else 0)
    return b"FORM" + whole + b"AIFF" + comm + ssnd


def _aifc(length: int, tail: bytes = b"") -> bytes:
    plain = _aiff(length, tail)
    comm = struct.pack(">I", 18 + 6) + plain[20:38] + b"NONE\0\0"
    return plain[:8] + b"AIFC" + b"COMM" + comm + plain[38:]


def _au(length: int, order: str = ">") -> bytes:
    magic = b".snd" if order == ">" else b"dns."
    head = struct.pack(f"{order}5I", 24, length, 3, RATE, 1)
    return magic + head + CODES.astype(f"{order}i2").tobytes()


def _chunk(order: str = "<") -> bytes:
    return b"LIST" + struct.pack(f"{order}I", 400) + bytes(400)


WRITERS: dict[str, tuple[Callable[[int], bytes], tuple[int, ...]]] = {
    "wav": (_riff, PIPES),
    "rifx.wav": (_rifx, PIPES),
    "rf64.wav": (_rf64, LARGE_PIPES),
    "w64": (_w64, LARGE_PIPES),
    "aiff": (_aiff, PIPES),
    "aifc": (_aifc, PIPES),
    "au": (_au, PIPES),
    "little.au": (lambda length: _au(length, "<"), PIPES),
}
TAILS = {
    "wav": lambda: _riff(BYTES, tail=_chunk()),
    "rifx.wav": lambda: _rifx(BYTES, _chunk(">")),
    "rf64.wav": lambda: _rf64(BYTES, _chunk()),
    "w64": lambda: _w64(BYTES, W64["LIST"] + struct.pack("<Q", 424) + bytes(400)),
    "aiff": lambda: _aiff(BYTES, b"ANNO" + _chunk(">")[4:]),
}
every = pytest.mark.parametrize("name", WRITERS)


def _codes(path: Path) -> list[int]:
    return np.rint(read_audio(path) * 32768).astype(int).tolist()


def _refusal(path: Path) -> str:
    with pytest.raises(WorkbenchError) as refusal:
        read_audio(path)
    assert str(path) in str(refusal.value) and "\n" not in str(refusal.value)
    return str(refusal.value)


@every
def test_an_intact_file_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{name}"
    path.write_bytes(WRITERS[name][0](BYTES))
    assert _codes(path) == CODES.tolist()


@every
def test_a_placeholder_is_read_to_the_end(name: str, tmp_path: Path) -> None:
    path, (write, pipes) = tmp_path / f"a.{name}", WRITERS[name]
    for length in pipes:
        path.write_bytes(write(length))
        assert _codes(path) == CODES.tolist(), hex(length)


@every
def test_a_length_that_is_not_there_is_cut_short(name: str, tmp_path: Path) -> None:
    path, write = tmp_path / f"a.{name}", WRITERS[name][0]
    whole = write(BYTES)
    for kept in (len(whole) // 2, len(whole) - 1, len(whole) - BYTES, 40, 20, 11, 3):
        path.write_bytes(whole[:kept])
        assert "cut short" in _refusal(path)
    for length in (BYTES + 400, 2 * BYTES, 1 << 30, 3 << 30):  # real lengths, however large
        path.write_bytes(write(length))
        assert "cut short" in _refusal(path), length
    path.write_bytes(b"")
    assert "empty" in _refusal(path)


@every
def test_a_placeholder_with_nothing_behind_it_is_too_short(name: str, tmp_path: Path) -> None:
    path, (write, pipes) = tmp_path / f"a.{name}", WRITERS[name]
    path.write_bytes(write(pipes[-1])[:-BYTES])
    assert "lasts 0.000 s" in _refusal(path)


@pytest.mark.parametrize("name", TAILS)
@pytest.mark.parametrize("cut", [0, 1, 200, 399, 404])
def test_a_complete_sound_with_a_cut_trailing_chunk_is_read(
    name: str, cut: int, tmp_path: Path
) -> None:
    path, whole = tmp_path / f"a.{name}", TAILS[name]()
    path.write_bytes(whole[: len(whole) - cut])
    assert _codes(path) == CODES.tolist()


@given(st.integers(0, 0xFFFFFFFF))
def test_a_wav_length_is_true_or_a_placeholder_or_refused(length: int) -> None:
    near = min(abs(length - (1 << bits)) for bits in (31, 32)) <= 1 << 24
    file = io.BytesIO(_riff(length))
    size = len(file.getvalue())
    try:
        data = sound_files.find_data(file, size)
    except sound_files.Malformed as error:
        assert length > BYTES and not near and "cut short" in str(error)
        return
    assert data is not None and data.length == (BYTES if near or not length else length)


def test_no_sound_at_all_is_not_a_placeholder(tmp_path: Path) -> None:
    """A length of 0 is real where whole chunks follow it."""
    data = bytearray(_riff(0, tail=_chunk() + b"id3 " + struct.pack("<I", 3) + b"abc"))
    del data[44 : 44 + BYTES]
    (tmp_path / "a.wav").write_bytes(data)
    assert "lasts 0.000 s" in _refusal(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"RIFF\x10\0\0\0AVI LIST" + bytes(40), "it is no WAV, FLAC, Ogg"),
        (b"ID3\3\0\0\0\0\0\0" + _riff(BYTES), "it is no WAV, FLAC, Ogg"),
        (b"RF64" + _riff(BYTES)[4:], "without the chunk ds64"),
        (b"RIFF\0\0\0\0WAVE" + bytes(100_000), "more than 10,000 chunks"),
        (b".snd" + struct.pack(">5I", 3, 40, 3, RATE, 1) + bytes(40), "inside its header"),
        (_riff(BYTES)[:20] + b"\x99" + _riff(BYTES)[21:], "cannot read"),
        (_riff(BYTES)[:22] + b"\0\4" + _riff(BYTES)[24:], "1024 channels"),
        (_riff(BYTES)[:24] + bytes(4) + _riff(BYTES)[28:], "cannot read"),
        (_w64(BYTES).replace(struct.pack("<Q", 40), struct.pack("<Q", 7)), "its own header"),
    ],
)
def test_other_files_are_refused_by_name(data: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(data)
    assert reason in _refusal(tmp_path / "a.wav")


def test_another_kind_under_the_name_of_a_wav_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", CODES, RATE, format="MP3")
    assert "it is no WAV" in (said := _refusal(tmp_path / "a.wav"))
    assert "`ffmpeg -i " in said


def test_what_is_not_decoded_within_a_container_is_refused_with_a_cure(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.mp3", CODES, RATE, format="MP3")
    frames = (tmp_path / "a.mp3").read_bytes()
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 1, RATE, 8000, 1, 0, 12, 1, 2, 576, 1, 0)
    body = (
        b"WAVEfmt "
        + struct.pack("<I", len(form))
        + form
        + b"data"
        + struct.pack("<I", len(frames))
        + frames
    )
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    page = b"OggS" + bytes(22) + b"\1\x33" + b"\x7fFLAC" + bytes(46)
    (tmp_path / "b.ogg").write_bytes(page)
    for name, words in (
        ("a.wav", "holds MPEG_LAYER_III within WAV"),
        ("b.ogg", "it holds FLAC within Ogg"),
    ):
        said = _refusal(tmp_path / name)
        assert words in said and "convert it, for example with `ffmpeg -i " in said


_SEEDS = [write(BYTES) for write, _ in WRITERS.values()] + [write() for write in TAILS.values()]


@given(
    st.sampled_from(_SEEDS),
    st.lists(st.tuples(st.integers(0, 130), st.binary(max_size=8)), min_size=1, max_size=4),
    st.integers(0, BYTES),
)
def test_an_altered_file_is_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory,
    seed: bytes,
    changes: list[tuple[int, bytes]],
    cut: int,
) -> None:
    data = bytearray(seed)
    for address, value in changes:
        data[address : address + len(value)] = value
    path = tmp_path_factory.getbasetemp() / "altered.wav"
    path.write_bytes(data[: len(data) - cut])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WorkbenchWarning)
        try:
            assert np.isfinite(read_audio(path)).all()
        except WorkbenchError as error:
            assert str(path) in str(error) and "\n" not in str(error)


@pytest.mark.parametrize(
    "encoding", ["GSM610", "IMA_ADPCM", "MS_ADPCM", "ULAW", "PCM_24", "G721_32"]
)
def test_every_encoding_of_a_wav_is_decoded(encoding: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", CODES, RATE, subtype=encoding)
    assert 0 <= len(read_audio(tmp_path / "a.wav")) - COUNT < 1024  # whole blocks


def _flac(samples: np.ndarray, announced: int | None = None) -> bytes:
    """A FLAC stream whose header announces another number of samples; 0 stands for unknown."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format="FLAC")
    data = bytearray(buffer.getvalue())
    if announced is not None:
        data[21:26] = ((data[21] >> 4) << 36 | announced).to_bytes(5, "big")
        data[26:42] = bytes(16)  # no MD5 either
    return bytes(data)


NOISE = np.random.default_rng(0).integers(-9000, 9000, COUNT * 8).astype("<i2")


def test_a_flac_from_a_pipe_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_bytes(_flac(NOISE, 0))
    assert _codes(tmp_path / "a.flac") == NOISE.tolist()
    (tmp_path / "a.flac").write_bytes(b"ID3\3\0\0\0\0\0\x0a" + bytes(10) + _flac(NOISE))
    assert _codes(tmp_path / "a.flac") == NOISE.tolist()


@pytest.mark.parametrize("announced", [len(NOISE), 0])
def test_a_flac_that_was_cut_is_refused(announced: int, tmp_path: Path) -> None:
    whole = _flac(NOISE, announced)
    for part in range(1, 8):
        (tmp_path / "a.flac").write_bytes(whole[: len(whole) * part // 8 + 5])
        assert "cannot read" in _refusal(tmp_path / "a.flac")


@pytest.mark.parametrize("announced", [(1 << 36) - 1, 200 * 60 * RATE])
def test_what_a_flac_announces_is_checked_before_it_is_decoded(
    announced: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.flac").write_bytes(_flac(CODES, announced))
    monkeypatch.setattr(sound_files._Forwards, "read", None)  # nothing can be decoded
    assert f"lasts {announced / RATE:.1f} s" in _refusal(tmp_path / "a.flac")


def test_a_flac_of_unknown_length_is_decoded_no_further_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.flac").write_bytes(_flac(np.zeros(120 * RATE, "<i2"), 0))
    decoded: list[int] = []
    read = sound_files._Forwards.read

    def counted(self: soundfile.SoundFile, frames: int, **options: object) -> np.ndarray:
        decoded.append(frames)
        return np.asarray(read(self, frames, **options))

    monkeypatch.setattr(sound_files._Forwards, "read", counted)
    assert "at most 30 s" in _refusal(tmp_path / "a.flac")
    assert sum(decoded) < 36 * RATE
