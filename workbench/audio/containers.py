"""Headers of WAV, AIFF and AU files: where the samples are, and whether the file is complete.

libsndfile decodes what it finds of a file that was cut and says nothing. Sources: RIFF and RF64 (EBU
Tech 3306), Sony Wave64, AIFF-C (Apple 1991), AU (Sun).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

_MOST_CHUNKS = 10_000
# A pipe cannot be rewound to fill in a length: encoders leave 0, or values just below or above 2^31,
# 2^32, 2^63 and 2^64 (SoX writes 0x7F000008 into an AIFF, espeak-ng 0x7FFFF000 into a WAV).
_NEAR = 1 << 24
_PLACEHOLDERS = tuple(1 << bits for bits in (31, 32, 63, 64))
_W64_TAIL = {
    b"riff": bytes.fromhex("2e91cf11a5d628db04c10000"),
    b"wave": bytes.fromhex("f3acd3118cd100c04f8edb8a"),
}


class Malformed(Exception):  # noqa: N818
    """A file is not what its first bytes say; the message names the reason."""


class Foreign(Malformed):
    """A whole file, it seems, of a kind that is not decoded here."""


@dataclass(frozen=True)
class SoundData:
    """The samples of a container.

    start: address of the first byte. length: bytes of them in this file. rewrite: libsndfile would
    read another length than this one. fields: (address, width in bytes) of the lengths to correct,
    byteorder `order`; overhead: bytes that such a length counts on top of the samples. padding: how
    many zeros at the end may fill up the chunk, as far as its length, which was left open, tells.
    """

    start: int
    length: int
    rewrite: bool
    fields: tuple[tuple[int, int], ...]
    order: Literal["little", "big"]
    overhead: int
    padding: int


@dataclass(frozen=True)
class _Style:
    """How chunks are written: width of name and length, byte order, alignment, counted header."""

    name: int
    width: int
    order: Literal["little", "big"]
    align: int = 2
    counts_header: bool = False

    def number(self, data: bytes) -> int:
        return int.from_bytes(data, self.order)


_RIFF, _RIFX = _Style(4, 4, "little"), _Style(4, 4, "big")
_AU_BIG, _AU_LITTLE = _Style(4, 4, "big", align=1), _Style(4, 4, "little", align=1)
_W64 = _Style(16, 8, "little", align=8, counts_header=True)


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    field: int  # address of the length
    start: int  # address of the contents
    length: int


def find_data(file: BinaryIO, size: int) -> SoundData | None:
    """Find the samples of an open file of `size` bytes; None for FLAC and Ogg, which check themselves.

    Raises Malformed for other kinds of files, for one without samples and for one that ends before
    the length in its header.
    """
    head = _read(file, 0, 40)
    if len(head) < 12 or (head[:4] == b"riff" and len(head) < 40):
        raise Malformed("it is cut short" if head else "it is empty")
    kind, form = head[:4], head[8:12]
    if kind == b"OggS" and _read(file, 28, 5) == b"\x7fFLAC":
        raise Foreign("it holds FLAC within Ogg")
    if kind == b"OggS" or kind == b"fLaC" or (kind[:3] == b"ID3" and _flac_follows(file, head)):
        return None
    if kind in (b"RIFF", b"RIFX") and form == b"WAVE":
        return _riff(file, size, _RIFX if kind == b"RIFX" else _RIFF)
    if kind == b"RF64" and form == b"WAVE":
        return _rf64(file, size)
    if kind == b"riff" and head[4:16] == _W64_TAIL[kind] and head[24:28] == b"wave":
        return _chunked(file, size, _W64, b"data" + _W64_TAIL[b"wave"], first=40)
    if kind == b"FORM" and form in (b"AIFF", b"AIFC"):
        return _chunked(file, size, _RIFX, b"SSND", first=12, inner=8)
    if kind in (b".snd", b"dns."):
        return _au(file, size, _AU_BIG if kind == b".snd" else _AU_LITTLE)
    raise Foreign("it is no WAV, FLAC, Ogg, AIFF, AU or W64 file")


def corrected(file: BinaryIO, data: SoundData, most_bytes: int) -> bytes:
    """Return the file up to the end of its samples, with their length in the header.

    At most `most_bytes` of the samples are read.
    """
    length = min(data.length, most_bytes)
    header = bytearray(_read(file, 0, data.start))
    for address, width in data.fields:
        value = min(length + data.overhead, (1 << 8 * width) - 1)
        header[address : address + width] = value.to_bytes(width, data.order)
    return bytes(header) + _read(file, data.start, length)


def _riff(file: BinaryIO, size: int, style: _Style) -> SoundData:
    return _chunked(file, size, style, b"data", first=12)


def _rf64(file: BinaryIO, size: int) -> SoundData:
    """RF64: a length of 2^32 - 1 stands for the one in the chunk ds64, which comes first."""
    large = next(_chunks(file, size, _RIFF, 12), None)
    if large is None or large.name != b"ds64" or large.length < 24:
        raise Malformed("it is an RF64 file without the chunk ds64")
    chunk = _named(file, size, _RIFF, b"data", 12)
    announced = chunk.length
    if announced == 0xFFFFFFFF:
        announced = _RIFF.number(_read(file, large.start + 8, 8))
    fields = ((large.start + 8, 8), (chunk.field, 4))
    if announced == 0 and _only_chunks(file, size, _RIFF, chunk.start):
        size = chunk.start
    return _checked(file, size, chunk.start, announced, fields, _RIFF)


def _chunked(
    file: BinaryIO, size: int, style: _Style, name: bytes, *, first: int, inner: int = 0
) -> SoundData:
    """The chunk `name`, whose samples begin `inner` bytes after its own beginning."""
    chunk = _named(file, size, style, name, first)
    header = style.name + style.width if style.counts_header else 0
    offset = 0
    if inner:  # AIFF: samples may begin later, on a block of a disk
        offset = _RIFX.number(_read(file, chunk.start, 4))
    announced = chunk.length - inner - offset
    if chunk.length == 0:
        announced = 0  # a placeholder of the chunk, not of what is in it
    start, fields = chunk.start + inner + offset, ((chunk.field, style.width),)
    if announced == 0 and _only_chunks(file, size, style, start):
        size = start
    return _checked(file, size, start, announced, fields, style, header + inner + offset)


def _au(file: BinaryIO, size: int, style: _Style) -> SoundData:
    start, announced = (style.number(_read(file, at, 4)) for at in (4, 8))
    if start < 24:
        raise Malformed("its samples would begin inside its header")
    return _checked(file, size, start, announced, ((8, 4),), style)


def _checked(
    file: BinaryIO,
    size: int,
    start: int,
    announced: int,
    fields: tuple[tuple[int, int], ...],
    style: _Style,
    overhead: int = 0,
) -> SoundData:
    """The samples, once what is announced was compared with what is there up to address `size`."""
    there = size - start
    placeholder = announced == 0 or _is_placeholder(announced + overhead)
    if there < 0 or announced < 0 or (announced > there and not placeholder):
        raise Malformed(
            f"it is cut short: its header announces {max(announced, 0):,} bytes of sound and "
            f"{max(there, 0):,} are there"
        )
    left_open = placeholder and (announced == 0 or announced > there)
    length = there if left_open else announced
    padding = min(length, _zeros_at_end(file, size, style.align)) if left_open else 0
    # Of a W64 file libsndfile takes what follows the samples for more of them.
    rewrite = placeholder or fields[-1][1] == _W64.width
    return SoundData(start, length, rewrite, fields, style.order, overhead, padding)


def _zeros_at_end(file: BinaryIO, size: int, align: int) -> int:
    """How many zeros before address `size` may be there to make it a multiple of `align`."""
    if size % align:
        return 0
    tail = _read(file, size - (align - 1), align - 1)
    return len(tail) - len(tail.rstrip(b"\0"))


def _is_placeholder(length: int) -> bool:
    return any(abs(length - value) <= _NEAR for value in _PLACEHOLDERS)


def _named(file: BinaryIO, size: int, style: _Style, name: bytes, first: int) -> _Chunk:
    for chunk in _chunks(file, size, style, first):
        if chunk.name == name:
            return chunk
    raise Malformed("it is cut short: there are no samples in it")


def _chunks(file: BinaryIO, size: int, style: _Style, first: int) -> Iterator[_Chunk]:
    """The chunks of a file from address `first` on; those that begin beyond its end are not there."""
    header = style.name + style.width
    at = first
    for _ in range(_MOST_CHUNKS):
        if at + header > size:
            return
        data = _read(file, at, header)
        length = style.number(data[style.name :])
        if length and style.counts_header:
            length -= header
        if length < 0:
            raise Malformed("a chunk of it is shorter than its own header")
        yield _Chunk(data[: style.name], at + style.name, at + header, length)
        at += header + length
        at += -at % style.align
    raise Malformed(f"it has more than {_MOST_CHUNKS:,} chunks")


def _only_chunks(file: BinaryIO, size: int, style: _Style, at: int) -> bool:
    """Whether nothing but whole chunks follows, so that a length of 0 before them is no placeholder."""
    try:
        for chunk in _chunks(file, size, style, at):
            if not (chunk.name[:4].isascii() and chunk.name[:4].decode().isprintable()):
                return False
            at = chunk.start + chunk.length
    except Malformed:
        return False
    return at <= size <= at + style.align - 1


def _flac_follows(file: BinaryIO, head: bytes) -> bool:
    """Whether an ID3v2 tag, which some programs put first, is followed by a FLAC stream."""
    length = 0
    for part in head[6:10]:
        length = length << 7 | part & 0x7F
    return _read(file, 10 + length, 4) == b"fLaC"


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
