"""What a process of a campaign does: open image and words once, then run shard after shard.

Only plain data travels: bytes of files, arrays, text, a plan. Nothing here needs Brevitas or a generator.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from workbench.audio.metrics import log_mel_db
from workbench.audio.scales import BY_SNR, MASKED, scale_of_text
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.shards import encode
from workbench.experiments.campaigns.trial_table import trial_table
from workbench.experiments.voices.listening import Listener
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image
from workbench.memory.sampling import counter_words
from workbench.memory.trials.laboratory import Laboratory

_WORDS_OPEN = 2  # at a time; shards go through the words in order
_SOUNDS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Work:
    """All that a process on any machine needs.

    plan: that of the campaign, whose fault model a process need not know by name. image: the file's
    bytes. inputs: by word and name, [1, rows, channels]. mask: bytes of the protection mask's file,
    b"" for none. device: of torch, as of `Laboratory`.
    """

    campaign: Campaign
    plan: Plan
    image: bytes
    inputs: dict[str, dict[str, np.ndarray]]
    mask: bytes = b""
    device: str | None = None

    @classmethod
    def of(
        cls,
        campaign: Campaign,
        image: Image,
        inputs: dict[str, dict[str, np.ndarray]],
        mask: ProtectionMask | None,
        device: str | None = None,
    ) -> Work:
        """Pack what is open."""
        plan = Plan.parse(campaign.plan)
        packed = _file_bytes(mask) if mask else b""
        return cls(campaign, plan, _file_bytes(image), inputs, packed, device)


class _Bench:
    """What a process keeps open for a campaign."""

    def __init__(self, work: Work) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "file"
            file.write_bytes(work.image)
            self.image = Image.load(file)
            file.write_bytes(work.mask)
            self.mask = ProtectionMask.load(file) if work.mask else None
        self.campaign = work.campaign
        self.key = work.campaign, work.plan, work.device
        if self.image.content_hash != self.campaign.image:
            raise WorkbenchError(
                "image hash mismatch: a worker reads the image differently; install one version of the "
                "workbench on all machines"
            )
        self.sites = Sites(self.image)
        self.plan = work.plan
        self.listener = lru_cache(maxsize=1)(
            lambda: Listener(
                self.campaign.utterances,
                choices=self.campaign.choices,
                pesq=not self.campaign.scale,
            )
        )
        self.laboratory = lru_cache(maxsize=_WORDS_OPEN)(
            lambda word: Laboratory(self.image, work.inputs[word], device=work.device)
        )

    def shard(self, number: int) -> bytes:
        shard = self.campaign.shard(number)
        laboratory = self.laboratory(shard.utterance)
        table = trial_table(
            laboratory,
            self.sites,
            utterance=shard.utterance,
            plan=self.plan,
            indexes=shard.indexes,
            mask=self.mask,
            scale=scale_of_text(self.campaign.scale),
        )
        if self.campaign.log_mel:
            table = self._measured(table, laboratory)
        if self.campaign.listen:
            table = self._heard(table, laboratory, shard.utterance)
        return encode(table, number=number, campaign=self.campaign.identity)

    def _measured(self, table: pa.Table, laboratory: Laboratory) -> pa.Table:
        """The table with log_mel_db of its chosen trials, and their quality by both measures."""
        trial = table["trial"].to_numpy()
        chosen = chosen_trials(self.campaign, "log-mel", self.campaign.log_mel, trial)
        quality = np.array(table["quality"].to_pylist(), object)
        distance = np.where(chosen & (quality == MASKED), 0.0, np.nan)
        rows = np.flatnonzero(chosen & (quality != MASKED))
        snr_db = table["snr_db"].to_numpy()
        for start in range(0, len(rows), _SOUNDS_AT_ONCE):
            part = rows[start : start + _SOUNDS_AT_ONCE]
            for row, measured in zip(part, self._distances(trial[part], laboratory), strict=True):
                distance[row] = measured
                quality[row], _ = BY_SNR.verdict(snr_db=float(snr_db[row]), log_mel_db=measured)
        return _replaced(
            table,
            log_mel_db=pa.array(distance, mask=np.isnan(distance)),
            quality=pa.array(quality.tolist(), pa.string()).dictionary_encode(),
        )

    def _heard(self, table: pa.Table, laboratory: Laboratory, word: str) -> pa.Table:
        """The table with recognised and pesq_nb of its chosen trials."""
        trial = table["trial"].to_numpy()
        recognised, quality = np.full((2, len(trial)), np.nan)
        rows = np.flatnonzero(chosen_trials(self.campaign, "listen", self.campaign.listen, trial))
        clean = self.image.program.sound(laboratory.clean)
        for start in range(0, len(rows), _SOUNDS_AT_ONCE):
            part = rows[start : start + _SOUNDS_AT_ONCE]
            sounds = self._sounds(trial[part], laboratory)
            recognised[part], quality[part] = self.listener().hear(sounds, clean, word)
        return _replaced(
            table,
            recognised=pa.array(recognised, mask=np.isnan(recognised)),
            pesq_nb=pa.array(quality, mask=np.isnan(quality)),
        )

    def _distances(self, trials: np.ndarray, laboratory: Laboratory) -> list[float]:
        clean = self.image.program.sound(laboratory.clean)
        rate, sounds = round(self.image.program.sample_rate_hz), self._sounds(trials, laboratory)
        return [log_mel_db(sound, clean, sample_rate_hz=rate) for sound in sounds]

    def _sounds(self, trials: np.ndarray, laboratory: Laboratory) -> list[np.ndarray]:
        events = self.plan.events(self.sites, trials)
        if self.mask:
            events = self.mask.drop(events)
        return [self.image.program.sound(c) for c in laboratory.sounds(events, len(trials))]


def _replaced(table: pa.Table, **columns: pa.Array) -> pa.Table:
    """`table` with other columns under these names, in its schema."""
    for name, column in columns.items():
        where = table.schema.get_field_index(name)
        field = table.schema.field(where)
        table = table.set_column(where, field, column.cast(field.type))
    return table


def run_shard(work: Work, number: int) -> bytes:
    """The file of a shard; WorkbenchError as `trial_table`."""
    # The plan too: a notebook may have registered a newer version of a fault model, whose text is the same.
    if not _open or _open[0].key != (work.campaign, work.plan, work.device):
        _open[:] = [_Bench(work)]
    return _open[0].shard(number)


_open: list[_Bench] = []  # at most one


def chosen_trials(campaign: Campaign, what: str, count: int, trials: np.ndarray) -> np.ndarray:
    """Mask of the trials that also get the expensive metric `what`: bool [n], for trials int64 [n].

    Each is chosen with the probability count / trials, by words that depend on `what`, plan and number.
    """
    if count >= campaign.trials:
        return np.ones(len(trials), bool)
    words = counter_words(f"{what} {campaign.plan}", trials, 1)[:, 0]
    return words < np.uint64((count << 64) // campaign.trials)


def _file_bytes(thing: Image | ProtectionMask) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        thing.save(Path(folder) / "file")
        return (Path(folder) / "file").read_bytes()
