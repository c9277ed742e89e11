"""A folder of results: written shard by shard by a campaign, read as one table.

Layout: manifest.json, shards/*.parquet (SCHEMA of `trial_table`), damaged/ for files that were moved
aside. `pandas.read_parquet("DIR/shards")` and `duckdb.sql("from 'DIR/shards/*.parquet'")` read it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from workbench.audio.scales import Scale, scale_of_text
from workbench.errors import WorkbenchError, described, expect
from workbench.experiments.campaigns.manifest import MANIFEST_FILE, Campaign
from workbench.experiments.campaigns.shards import (
    Damage,
    Found,
    find,
    read_shard,
    same_rows,
    shard_name,
)
from workbench.experiments.campaigns.trial_table import schema_of
from workbench.files import exists, output_folder, path_of, write_bytes
from workbench.memory.faults.plan import Plan
from workbench.memory.image import Image

_SHARDS, _DAMAGED, _LOCK = "shards", "damaged", ".lock"


class Store:
    """A folder that one campaign at a time writes to; a context manager that holds its lock.

    Attributes:
        done: Numbers of the shards that are there.
        damaged: What was unusable when the folder was opened; it was moved to the folder `damaged`, to be computed
            again.
    """

    def __init__(self, folder: Path | str, campaign: Campaign) -> None:
        """Make the folder or go on with it.

        Raises WorkbenchError when it holds the results of another campaign, or of none, when another
        process writes to it, and when it cannot be written.
        """
        expect(campaign, Campaign, "what a folder is to hold", "a Campaign, as campaign_of(...)")
        self.folder = output_folder(folder)
        self.campaign = campaign
        self._lock = _locked(self.folder)
        try:
            self._adopt()
            listing = _find(self.folder, campaign)
            for path in (*listing.leftovers, *self.folder.glob(f".{MANIFEST_FILE}.{8 * '?'}.json")):
                path.unlink(missing_ok=True)
            self.damaged = [self._set_aside(damage) for damage in listing.damaged]
        except BaseException:
            self.close()
            raise
        self.done = set(listing.shards)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others write to the folder."""
        os.close(self._lock)

    def add(self, number: int, data: bytes) -> None:
        """Write the bytes of a shard, all or nothing; WorkbenchError when the disk refuses."""
        write_bytes(self.folder / _SHARDS / shard_name(number, data), data)
        self.done.add(number)

    def _adopt(self) -> None:
        """Leave the manifest as it should be."""
        if exists(self.folder / MANIFEST_FILE):
            present = Campaign.load(self.folder)
            if difference := self.campaign.difference(present):
                raise WorkbenchError(
                    f"{self.folder} holds the results of another campaign ({difference}); choose "
                    "another folder with --out"
                )
            self.campaign.save_again(self.folder)
            return
        if exists(self.folder / _SHARDS):
            raise WorkbenchError(
                f"{self.folder} holds shards without {MANIFEST_FILE}, so nobody knows what they are "
                "of; choose another folder with --out"
            )
        self.campaign.save(self.folder)

    def _set_aside(self, damage: Damage) -> Damage:
        target = self.folder / _DAMAGED / damage.path.name
        try:
            target.parent.mkdir(exist_ok=True)
            damage.path.replace(target)
        except OSError as error:
            raise WorkbenchError(
                f"cannot move {damage.path}, which {damage.why}, to {target} "
                f"({error.strerror or error}); move it yourself"
            ) from error
        return Damage(target, damage.why)


@dataclass(frozen=True)
class Results:
    """Results to be read; see `open_results`."""

    folder: Path
    campaign: Campaign
    shards: dict[int, Path]

    @cached_property
    def plan(self) -> Plan:
        """Which trials these are."""
        return Plan.parse(self.campaign.plan)

    @property
    def protection(self) -> str:
        """Digest of the protection mask that the trials had, "" for none."""
        return self.campaign.protection

    def check(self, image: Image) -> None:
        """Raise WorkbenchError unless the trials hit `image`."""
        if image.content_hash != self.campaign.image:
            raise WorkbenchError(
                f"{self.folder} holds the trials of image {self.campaign.image[:12]} and this one is "
                f"{image.content_hash[:12]}; name its checkpoint or image"
            )

    @cached_property
    def scale(self) -> Scale:
        """That the classes of its trials go by."""
        return scale_of_text(self.campaign.scale)

    @property
    def fidelity(self) -> str:
        """The column with the fidelity on that scale."""
        return "fidelity_db" if self.campaign.scale else "snr_db"

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The table of each shard in order, or these columns of it."""
        names = list(columns) if columns is not None else None
        for path in self.shards.values():
            yield read_shard(path, names).replace_schema_metadata(None)

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows, a row a trial, by word and number, or these columns of them."""
        schema = schema_of(self.scale)
        names = schema.names if columns is None else list(columns)
        empty = pa.schema([schema.field(name) for name in names]).empty_table()
        return pa.concat_tables([empty, *self.tables(columns)]).unify_dictionaries()


def open_results(folder: Path | str, *, whole: bool = True) -> Results:
    """Check the results in a folder and give them to read; nothing is changed.

    Args:
        folder: That a campaign wrote.
        whole: Whether shards may not be missing.

    Raises:
        WorkbenchError: Shards are missing or damaged, or the folder has no results.
    """
    folder = path_of(folder, "the folder of results")
    campaign = Campaign.load(folder)
    listing = _find(folder, campaign)
    if listing.damaged:
        raise WorkbenchError(
            f"{listing.damaged[0].path} {listing.damaged[0].why}; run the same `workbench campaign` "
            "again, which redoes it"
        )
    missing = campaign.shards - len(listing.shards)
    if whole and missing:
        raise WorkbenchError(
            f"{folder} is not whole: {missing} of {campaign.shards} shards are missing; run the same "
            "`workbench campaign` again to go on, or merge the other parts"
        )
    return Results(folder, campaign, listing.shards)


def read_results(folder: Path | str) -> pa.Table:
    """All rows of the results in `folder`; WorkbenchError as `open_results`."""
    return open_results(folder).table()


def merge(folders: Iterable[Path | str], out: Path | str) -> list[Damage]:
    """Put the shards of several folders of one campaign into `out`, each once; the sources stay.

    Damaged shards are left out and returned. Raises WorkbenchError when the campaigns differ or two
    folders contradict each other, before anything is written, and when `out` cannot be written.
    """
    if isinstance(folders, str | os.PathLike) or not isinstance(folders, Iterable):
        raise WorkbenchError(
            f"what is to be merged is {described(folders)}; give a list of folders"
        )
    sources = [path_of(folder, "a folder of results") for folder in folders]
    if not sources:
        raise WorkbenchError("there is nothing to merge; name the folders of the parts")
    campaign = Campaign.load(sources[0])
    chosen: dict[int, Path] = {}
    damaged: list[Damage] = []
    for source in sources:
        if difference := campaign.difference(Campaign.load(source)):
            raise WorkbenchError(
                f"cannot merge {source} with {sources[0]}, it is of another campaign ({difference}); "
                "merge parts of one campaign"
            )
        listing = _find(source, campaign)
        damaged += listing.damaged
        for number, path in listing.shards.items():
            _agreed(chosen.setdefault(number, path), path)
    with Store(out, campaign) as store:
        for number in store.done & set(chosen):
            _agreed(_find(store.folder, campaign).shards[number], chosen[number])
        for number in sorted(set(chosen) - store.done):
            store.add(number, chosen[number].read_bytes())
    return damaged


def _agreed(one: Path, other: Path) -> None:
    if one.name != other.name and not same_rows(one, other):
        raise WorkbenchError(
            f"{one} and {other} contradict each other, so one of the machines or disks is faulty; run "
            "this shard again on both"
        )


def _find(folder: Path, campaign: Campaign) -> Found:
    return find(folder / _SHARDS, campaign)


def _locked(folder: Path) -> int:
    """A descriptor that holds the folder's lock; the system lets go of it when the process ends."""
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise WorkbenchError(
            f"cannot write {folder / _LOCK} ({error.strerror or error}); remove it, or choose another "
            "folder with --out"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise WorkbenchError(
            f"another campaign is writing to {folder}; wait for it, or choose another folder with --out"
        ) from error
    return lock
