"""Shards of results: a Parquet file for a range of trials of one utterance, named by a hash.

Layout: NUMBER-HASH.parquet, six decimal digits and the first 16 hexadecimal digits of the SHA-256 of
the file; its Parquet metadata repeat its number and the campaign that it belongs to.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.audio.scales import scale_of_text
from workbench.errors import WorkbenchError, reason_of
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.trial_table import SCHEMA, schema_of
from workbench.files import is_file, read_bytes

_HASH_DIGITS = 16
_NAME = re.compile(r"(\d{6,})-([0-9a-f]{16})\.parquet")
_LEFTOVER = re.compile(rf"\.{_NAME.pattern}\.\w+\.parquet")  # as `replacing` calls what it writes
_ASCENDING = ("trial", "position", "element")  # half of a file if they were not stored as steps
_UTTERANCE, _WORD = "utterance", "word"  # the latter in shards of an earlier version
_EARLIER_SCHEMA = pa.schema(
    [field.with_name(_WORD) if field.name == _UTTERANCE else field for field in SCHEMA]
)
_NUMBER, _CAMPAIGN = b"shard", b"campaign"
# Arrow's own exceptions, and those of Python that some of its errors are.
_UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError)


class Damage(NamedTuple):
    """A file among the shards that cannot be used, and why, as the end of a sentence."""

    path: Path
    why: str

    def __str__(self) -> str:
        return f"{self.path.name} {self.why}"


class Found(NamedTuple):
    """What is in a folder of shards.

    shards: the usable ones by number, ascending. damaged: others of that kind. leftovers: temporary
    files of writers that were killed; other names with a dot are somebody else's and left alone.
    """

    shards: dict[int, Path]
    damaged: list[Damage]
    leftovers: list[Path]


def encode(table: pa.Table, *, number: int, campaign: str) -> bytes:
    """The bytes of a shard file."""
    named = table.replace_schema_metadata({_NUMBER: str(number), _CAMPAIGN: campaign})
    ascending = [name for name in _ASCENDING if name in table.column_names]
    sink = pa.BufferOutputStream()
    pq.write_table(
        named,
        sink,
        compression="zstd",
        use_dictionary=[name for name in table.column_names if name not in ascending],
        column_encoding=dict.fromkeys(ascending, "DELTA_BINARY_PACKED"),
    )
    return sink.getvalue().to_pybytes()


def shard_name(number: int, data: bytes) -> str:
    """What a shard with these bytes is called."""
    return f"{number:06d}-{_digest(data)}.parquet"


def find(folder: Path, campaign: Campaign) -> Found:
    """Read and check every file in `folder`, which need not exist; nothing is changed.

    Of two files with one number and equal rows the first is used and the other one damaged; when their rows
    differ, both are. Raises WorkbenchError for a file that cannot be read.
    """
    good: dict[int, Path] = {}
    damaged: list[Damage] = []
    leftovers: list[Path] = []
    contradicted: set[int] = set()
    for path in sorted(folder.glob("*")) + sorted(folder.glob(".*")):
        if not is_file(path):
            continue
        if path.name.startswith("."):
            if _LEFTOVER.fullmatch(path.name):
                leftovers.append(path)
            continue
        number, why = _examined(path, campaign)
        if why:
            damaged.append(Damage(path, why))
        elif number not in good:
            good[number] = path
        elif same_rows(path, good[number]):
            damaged.append(Damage(path, f"repeats {good[number].name}"))
        else:
            contradicted.add(number)
            damaged.append(Damage(path, f"contradicts {good[number].name}"))
    for number in contradicted:
        damaged.append(Damage(good.pop(number), "contradicts another file of its number"))
    return Found(dict(sorted(good.items())), damaged, leftovers)


def same_rows(one: Path, other: Path) -> bool:
    """Whether two valid shards have the same rows, for any version of the writer."""
    return read_shard(one).equals(read_shard(other))


def read_shard(path: Path, columns: list[str] | None = None) -> pa.Table:
    """The table of a good shard, or these columns of it, by the names of today; WorkbenchError when it cannot be read."""
    try:
        earlier = _UTTERANCE not in pq.read_schema(path).names
        names = [_WORD if earlier and name == _UTTERANCE else name for name in columns or ()]
        table = pq.read_table(path, columns=None if columns is None else names)
        if earlier:
            given = table.column_names
            table = table.rename_columns([_UTTERANCE if n == _WORD else n for n in given])
        table.validate(full=True)  # texts that are no UTF-8, lengths and indexes that do not fit
    except _UNREADABLE as error:
        raise WorkbenchError(
            f"cannot read {path} ({reason_of(error, brief=True):.200}); remove it and run the same `workbench campaign` "
            "again, which redoes it"
        ) from error
    return table


def _examined(path: Path, campaign: Campaign) -> tuple[int, str]:
    """Its number and what is wrong with it, "" for nothing."""
    match = _NAME.fullmatch(path.name)
    if not match:
        return -1, "is no shard by its name"
    number = int(match[1])
    try:
        data = read_bytes(path)
    except OSError as error:
        raise WorkbenchError(
            f"cannot read {path} ({error.strerror or error}); check the folder and the disk"
        ) from error
    if _digest(data) != match[2]:
        return number, "was cut short or altered"
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        schema, rows = file.schema_arrow, file.metadata.num_rows
    except _UNREADABLE:
        return number, "is no Parquet file"
    metadata = schema.metadata or {}
    if metadata.get(_CAMPAIGN) != campaign.identity.encode():
        return number, "belongs to another campaign"
    if metadata.get(_NUMBER) != str(number).encode() or number >= campaign.shards:
        return number, "has the name of another shard"
    own = schema_of(scale_of_text(campaign.scale))
    if not (schema.equals(own) or (own is SCHEMA and schema.equals(_EARLIER_SCHEMA))):
        return number, "has other columns than a shard"
    if rows != (expected := len(campaign.shard(number).indexes)):
        return number, f"has {rows:,} rows and not {expected:,}"
    return number, ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]
