"""Reading refuses every bad file by name; writing and reading 16-bit codes changes nothing."""

from __future__ import annotations

import io
import shlex
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.audio.sound_files import pcm16, read_audio, wav_bytes, write_wav
from workbench.errors import WorkbenchError, WorkbenchWarning

RATE = 16_000
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


def _write(path: Path, samples: np.ndarray = TONE, rate: int = RATE, **options: str) -> None:
    soundfile.write(path, samples, rate, **options)


def _cut(path: Path, samples: np.ndarray = TONE) -> None:
    _write(path, samples)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])


def _nan(path: Path) -> None:
    samples = TONE.copy()
    samples[100] = np.nan
    _write(path, samples, subtype="FLOAT")


BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("a.wav", lambda path: None, "there is no sound file"),
    "a folder": ("a.wav", lambda path: path.mkdir(), "there is no sound file"),
    "empty": ("a.wav", lambda path: path.write_bytes(b""), "cannot read"),
    "not a sound": ("a.wav", lambda path: path.write_text("hello " * 999), "cannot read"),
    "wav cut": ("a.wav", _cut, "cut short"),
    "flac cut": ("a.flac", _cut, "cannot read"),
    "ogg cut": ("a.ogg", _cut, "cut short"),
    "ogg header only": ("a.ogg", lambda path: path.write_bytes(b"OggS"), "cut short"),
    "wrong rate": (
        "a.wav",
        lambda path: _write(path, rate=44_100),
        "44100 Hz .*`ffmpeg -i .*a.wav -ar 16000",
    ),
    "stereo": ("a.wav", lambda path: _write(path, np.stack([TONE, TONE], 1)), "2 channels"),
    "too short": ("a.wav", lambda path: _write(path, TONE[:799]), "lasts 0.050 s and at least"),
    "too long": ("a.wav", lambda path: _write(path, np.tile(TONE, 31)), "lasts 31.0 s"),
    "silent": ("a.flac", lambda path: _write(path, 0 * TONE), "silent"),
    "not a number": ("a.wav", _nan, "not finite"),
    "not scaled": ("a.wav", lambda path: _write(path, 9999 * TONE, subtype="FLOAT"), "full scale"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    file_name, make, message = BAD[name]
    path = tmp_path / file_name
    make(path)
    with pytest.raises(WorkbenchError, match=message) as refusal:
        read_audio(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("cut", range(1, 20))
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_file_cut_anywhere_is_refused(suffix: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    _write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * cut // 20])
    with pytest.raises(WorkbenchError, match="cannot read"):
        read_audio(path)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_good_file_is_read(suffix: str, tmp_path: Path) -> None:
    _write(tmp_path / f"a.{suffix}")
    samples = read_audio(tmp_path / f"a.{suffix}")
    assert samples.dtype == np.float32
    assert samples.shape == TONE.shape
    assert np.abs(samples - TONE).max() < 0.05


def test_another_rate_can_be_asked_for(tmp_path: Path) -> None:
    _write(tmp_path / "a.wav", rate=8000)
    assert len(read_audio(tmp_path / "a.wav", sample_rate_hz=8000)) == len(TONE)


def test_a_wav_of_unknown_length_is_read(tmp_path: Path) -> None:
    data = bytearray(wav_bytes(TONE))
    data[4:8] = struct.pack("<I", 0xFFFFFFFF)
    (tmp_path / "piped.wav").write_bytes(data)
    assert len(read_audio(tmp_path / "piped.wav")) == len(TONE)


def test_overshoot_is_clipped(tmp_path: Path) -> None:
    _write(tmp_path / "a.wav", 2.4 * TONE, subtype="FLOAT")
    with pytest.warns(
        WorkbenchWarning, match="a.wav: 6,000 of 16,000 samples lie beyond full scale"
    ):
        assert np.abs(read_audio(tmp_path / "a.wav")).max() == 1.0


def test_a_sum_that_was_clipped_before_is_said(tmp_path: Path) -> None:
    _write(tmp_path / "a.wav", np.clip(2.4 * TONE, -1, 1))
    with pytest.warns(WorkbenchWarning, match="samples stand at full scale"):
        read_audio(tmp_path / "a.wav")


def test_touching_full_scale_is_not_clipping(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    _write(tmp_path / "a.wav", 2 * TONE)
    read_audio(tmp_path / "a.wav")
    assert not recwarn.list


@given(hnp.arrays("<i2", st.integers(1, 300)), st.sampled_from([8000, 16_000, 48_000]))
def test_every_code_survives_a_wav(codes: np.ndarray, rate: int) -> None:
    data = wav_bytes(codes / np.float32(32768), rate)
    read, read_rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert read_rate == rate
    assert np.array_equal(read, codes)
    again, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    assert np.array_equal(pcm16(again), codes)


@given(st.floats(-10, 10))
def test_rounding_is_to_the_nearest_code_and_saturates(value: float) -> None:
    code = int(pcm16(np.array([value]))[0])
    assert abs(code - np.clip(32768 * value, -32768, 32767)) <= 0.5


def test_write_wav_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.wav"
    write_wav(path, TONE)
    write_wav(path, -TONE)
    assert np.allclose(read_audio(path), -TONE, atol=2**-15)
    assert [entry.name for entry in path.parent.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("samples", [np.zeros((2, 5)), np.array([0.0, np.inf])])
def test_what_is_no_sound_is_not_written(samples: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="cannot write a sound"):
        write_wav(tmp_path / "a.wav", samples)
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.parametrize("name", ["-loud.wav", "a:b.wav", "it's.wav"])
def test_the_hint_names_the_file_so_that_no_program_takes_it_for_something_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path / name, rate=44_100)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkbenchError) as refusal:
        read_audio(name)
    words = shlex.split(str(refusal.value).split("`")[1])
    assert words[:2] == ["ffmpeg", "-i"] and Path(words[2]) == Path(name)
    assert words[2] == (name if name == "it's.wav" else f"./{name}")
