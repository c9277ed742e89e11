"""Every reader of files and texts of the workbench: one line each in READERS, which the fuzz test runs.

A new reader is added by a line there, and a function that makes a small valid file where none fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import small_files as small
import small_speech as speech

from workbench.audio.recordings import CHECKSUMS, read_checksums
from workbench.audio.transcripts import transcripts
from workbench.audio.voice_package import read_manifest
from workbench.experiments.campaigns.manifest import MANIFEST_FILE
from workbench.firmware.exporting.exported import STRATEGY_FILE
from workbench.generators.speech.alignments import read_alignments
from workbench.healing.strategies.strategy_file import load_strategy, save_strategy
from workbench.integer.storage import save_program
from workbench.memory.faults.plan import Plan, TrialId
from workbench.training.checkpoint_files import (
    METADATA_FILE,
    PROGRAM_FILE,
    WEIGHTS_FILE,
    read_metadata,
)
from workbench.training.progress import PROGRESS_FILE

BYTES, TEXT, JSON, CONTAINER, TENSORS = "bytes", "text", "json", "container", "tensors"


@dataclass(frozen=True)
class Reader:
    """A reader, and what is mutated before it reads.

    make: writes a valid file into a folder, and what else is read beside it. file: a pattern that names
    the mutated one. read: reads the folder, and gives something that is equal for equal contents.
    kinds: how the file is mutated; containers get their digest anew. seal: makes all digests right again
    after a mutation, so that what lies behind them is read. free: whether other contents may be valid
    without a digest; else, only what is equal may be read. weight: how many parts of all mutations are
    this reader's.
    """

    make: Callable[[Path], object]
    file: str
    read: Callable[[Path], object]
    kinds: tuple[str, ...]
    seal: Callable[[Path, Path], object] | None = None
    free: bool = False
    weight: int = 10


READERS = {
    "program": Reader(
        lambda folder: save_program(small.PROGRAM, folder / "a.program"), "a.program", small.program_in,
        (BYTES, CONTAINER), weight=20,
    ),
    "image": Reader(small.write_image, "a.image", small.image_in, (BYTES, CONTAINER), weight=12),
    "image-of-areas": Reader(
        small.write_image_of_areas, "a.image", small.image_in, (CONTAINER,), weight=12
    ),
    "mask": Reader(small.write_mask, "a.mask", small.mask_in, (BYTES, CONTAINER), weight=12),
    "lexicon": Reader(speech.write_lexicon, "a.words", speech.lexicon_in, (BYTES, CONTAINER), weight=8),
    "durations": Reader(
        speech.write_durations, "a.json", speech.durations_in, (TEXT, JSON), small.seal_json, weight=6
    ),
    "alignments": Reader(
        speech.write_alignments, "*.json", read_alignments, (TEXT, JSON), small.seal_json, weight=4
    ),
    "transcripts": Reader(
        speech.write_transcripts, "a.txt", lambda folder: transcripts(folder / "a.txt"), (TEXT,), free=True, weight=2,
    ),
    "metadata": Reader(
        small.write_checkpoint, METADATA_FILE, lambda folder: repr(sorted(read_metadata(folder).items())),
        (TEXT, JSON), small.seal_json, weight=10,
    ),
    "checkpoint": Reader(
        small.write_checkpoint, METADATA_FILE, small.checkpoint_in, (JSON,), small.seal_checkpoint, weight=1
    ),
    "weights": Reader(
        small.write_checkpoint, WEIGHTS_FILE, small.checkpoint_in, (BYTES, TENSORS), small.seal_checkpoint, weight=2
    ),
    "stored-program": Reader(
        small.write_stored, PROGRAM_FILE, small.stored_in, (BYTES, CONTAINER), weight=4
    ),
    "progress": Reader(
        small.write_progress, PROGRESS_FILE, small.progress_in, (BYTES, TENSORS), small.seal_progress, weight=10
    ),
    "manifest": Reader(small.write_results, MANIFEST_FILE, small.results_in, (TEXT, JSON), small.seal_json, weight=10),
    "shard": Reader(small.write_results, "shards/*", small.results_in, (BYTES,), small.rename_shard, weight=5),
    "record": Reader(small.write_record, "records/*", small.record_in, (TEXT, JSON), small.seal_json, weight=8),
    "strategy": Reader(
        small.write_strategy, "a.json", lambda folder: load_strategy(folder / "a.json"), (TEXT, JSON),
        small.seal_json, weight=12,
    ),
    "strategy-by-hand": Reader(
        small.write_strategy_by_hand, "a.json", lambda folder: load_strategy(folder / "a.json"), (TEXT, JSON),
        free=True, weight=20,
    ),
    "strategy-toml": Reader(
        lambda folder: save_strategy(small.STRATEGY, folder / "a.toml"), "a.toml",
        lambda folder: load_strategy(folder / "a.toml"), (TEXT,), free=True, weight=10,
    ),
    "exported": Reader(
        small.write_exported, STRATEGY_FILE, small.exported_in, (TEXT, JSON), small.seal_json, weight=6
    ),
    "exported-image": Reader(
        small.write_exported, "own.image", small.exported_in, (BYTES, CONTAINER), weight=6
    ),
    "log": Reader(small.write_log, "a.bin", small.log_in, (BYTES,), free=True, weight=10),
    "costs": Reader(small.write_costs, "a.json", small.costs_in, (TEXT, JSON), free=True, weight=10),
    "checksums": Reader(small.write_checksums, CHECKSUMS, read_checksums, (TEXT, JSON), free=True, weight=10),
    "package-list": Reader(
        small.write_package_list, "a.sha256", lambda folder: read_manifest(folder / "a.sha256"), (TEXT,),
        free=True, weight=4,
    ),
    "plans": Reader(
        small.write_plans, "a.txt", lambda folder: small.lines_in(folder, Plan), (TEXT,), free=True, weight=10
    ),
    "identifiers": Reader(
        small.write_identifiers, "a.txt", lambda folder: small.lines_in(folder, TrialId), (TEXT,), free=True,
        weight=10,
    ),
    "schedule": Reader(small.write_schedule, "a.txt", small.schedule_in, (TEXT,), free=True, weight=4),
    "wav": Reader(small.write_a_wav, "a.wav", small.sound_in("wav"), (BYTES,), free=True, weight=6),
    "flac": Reader(small.write_sound("flac"), "a.flac", small.sound_in("flac"), (BYTES,), free=True, weight=6),
    "ogg": Reader(small.write_sound("ogg"), "a.ogg", small.sound_in("ogg"), (BYTES,), free=True, weight=3),
    **{
        ending: Reader(
            small.write_sound(ending), f"a.{ending}", small.sound_in(ending), (BYTES,), free=True, weight=2
        )
        for ending in ("rf64", "w64", "aiff", "au")
    },
}  # fmt: skip
