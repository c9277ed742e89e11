"""Small valid files of every kind, what reading them gives, and how their digests are made right again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import soundfile
import torch
from programs import random_program
from safetensors import safe_open
from safetensors.torch import load, save, save_file

from workbench.audio.recordings import CHECKSUMS
from workbench.audio.sound_files import read_audio, write_wav
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.shards import encode, shard_name
from workbench.experiments.campaigns.store import Store, open_results
from workbench.experiments.campaigns.trial_table import SCHEMA
from workbench.experiments.records import RecordFile
from workbench.firmware.design import LOG_HEAD_BYTES, RAM, Firmware
from workbench.firmware.emulation.costs import as_json, costs_from, shipped_costs
from workbench.firmware.exporting.exported import exported_firmware, keep
from workbench.firmware.twins.equivalence import schedule_of, schedule_text
from workbench.firmware.twins.log_file import MAGIC, read_log
from workbench.generators.challenge import GENERATOR
from workbench.generators.challenge.configuration import ChallengeConfig
from workbench.generators.challenge.network import Challenge
from workbench.healing.log import Remedy
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.healing.strategies.strategy_file import save_strategy, strategy_to_json
from workbench.integer.storage import load_program
from workbench.memory.faults.plan import Plan, TrialId
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area
from workbench.sealed import digest_of, sealed
from workbench.training.checkpoint import load_checkpoint, save_checkpoint
from workbench.training.checkpoint_files import (
    METADATA_FILE,
    PROGRAM_FILE,
    WEIGHTS_FILE,
    read_metadata,
)
from workbench.training.progress import (
    TrainingState,
    _checksum,
    load_progress,
    save_progress,
)
from workbench.training.stored_program import program_of, read_stored
from workbench.training.train import calibrate

PROGRAM = random_program(9, 5)  # small, with an embedding, convolutions, sums and a table
IMAGE = Image.of(PROGRAM)
STRATEGY = Strategy(
    "own",
    (
        Guard(Area("pq", ("weights",), 16, keep="ram", second="crc16"), 3, (Remedy.RESTORE,)),
        Guard(Area("triple", addresses=(1, 2, 60)), 1, (Remedy.CORRECT,)),
        Guard(Area("self-test", moments=2), 1, (), every_frames=9),
    ),
    Policy(persistence=2, heals=9, validate=True),
)
TONE = (0.5 * np.sin(np.arange(900) / 3)).astype(np.float32)
PLANS = (
    "each=flip,frame=3,seed=0", "flips=3,seed=4,section=weights+bias,operator=op1+op2,bit=7",
    "stuck=2,at=either,seed=1", "bits=3+77,seed=0", "ber=0.001,seed=0", "retention=0.01,zeros=0.25,seed=3",
    "weak=0.54,chip=vc707,at=0,seed=0", "burst=4,seed=18446744073709551615", "mbu=3,seed=0",
    "transient=3,frames=4,seed=0,section=accumulator", "arrive=1e-05,frames=4,seed=2",
)  # fmt: skip


def seal_json(folder: Path, path: Path) -> None:
    contents = json.loads(path.read_bytes())
    if isinstance(contents, dict):
        path.write_text(json.dumps(sealed(contents)))


def write_image(folder: Path) -> None:
    IMAGE.flip([3, 4000]).save(folder / "a.image")


def write_image_of_areas(folder: Path) -> None:
    STRATEGY.image(PROGRAM).save(folder / "a.image")


def image_in(folder: Path) -> object:
    image = Image.load(folder / "a.image")
    image.clean().to_program()
    return image.content_hash, len(image.flipped()), str(image.site(9)), image.layout.pages


def write_mask(folder: Path) -> None:
    ProtectionMask.of(IMAGE, range(0, 300, 7)).save(folder / "a.mask")


def mask_in(folder: Path) -> object:
    mask = ProtectionMask.load(folder / "a.mask")
    with suppress(WorkbenchError):  # of another image
        mask.names(IMAGE)
    return mask.digest, mask.share


def program_in(folder: Path) -> object:
    return load_program(folder / "a.program").content_hash


@cache
def _model() -> Challenge:
    torch.manual_seed(3)
    config = ChallengeConfig(("a", "b"), frames=4, channels=(4, 4, 4), upsampling=(2, 2, 2),
                             embedding=2, trunk_dilations=(1,), upper_dilations=())  # fmt: skip
    model = Challenge(config, quantised=True)
    calibrate(model, GENERATOR.tensors(model.config, model.config.words))
    return model.eval()


def write_checkpoint(folder: Path) -> None:
    save_checkpoint(GENERATOR, _model(), {"seed": 3, "losses": [1.5, 0.25]}, folder)


def checkpoint_in(folder: Path) -> object:
    model, metadata = load_checkpoint(folder)
    state = {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}
    return model.config, json.dumps(metadata, sort_keys=True), state


def write_stored(folder: Path) -> None:
    write_checkpoint(folder)
    program_of(folder, read_metadata(folder))


def stored_in(folder: Path) -> object:
    return read_stored(folder / PROGRAM_FILE, read_metadata(folder)).content_hash


def seal_checkpoint(folder: Path, path: Path) -> None:
    """Make mutated metadata or mutated weights fit the files beside them."""
    metadata = json.loads((folder / METADATA_FILE).read_bytes())
    digest = digest_of({key: metadata.get(key) for key in ("generator", "config")})
    weights = folder / WEIGHTS_FILE
    with suppress(Exception):  # tensors that cannot be loaded stay as they are
        weights.write_bytes(save(load(weights.read_bytes()), {"configuration_sha256": digest}))
    metadata["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    (folder / METADATA_FILE).write_text(json.dumps(sealed(metadata)))


def write_progress(folder: Path) -> None:
    weights = {"a.weight": torch.arange(12.0).reshape(3, 4), "b": torch.tensor(3)}
    adam = {"a.weight/step": torch.tensor(2.0), "a.weight/exp_avg": torch.zeros(3, 4)}
    save_progress(folder, "task", TrainingState("qat", 2, weights, adam, [1.5, 1.25], 3.5))


def progress_in(folder: Path) -> object:
    state = load_progress(folder, "task")
    if state is None:
        return None
    tensors = {**state.weights, **state.adam}
    numbers = (
        state.stage,
        state.step + 0,
        state.seconds + 0.0,
        [each + 0.0 for each in state.losses],
    )
    return numbers, {name: (tensor.dtype, tensor.tolist()) for name, tensor in tensors.items()}


def seal_progress(folder: Path, path: Path) -> None:
    with safe_open(path, framework="pt") as file:
        notes = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    notes.pop("sha256", None)
    save_file(tensors, path, {**notes, "sha256": _checksum(notes, tensors)})


# Of no image in particular, so that kept shards stay theirs.
CAMPAIGN = Campaign("flips=2,seed=1", "0" * 64, "1" * 64, ("one", "two"), "2" * 64, 12, 12)


def write_results(folder: Path) -> None:
    rng = np.random.default_rng(1)
    with Store(folder, CAMPAIGN) as store:
        for number in range(CAMPAIGN.shards):
            table = pa.table([_column(each.type, rng) for each in SCHEMA], schema=SCHEMA)
            store.add(number, encode(table, number=number, campaign=CAMPAIGN.identity))


def _column(kind: pa.DataType, rng: np.random.Generator) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(rng.choice(["weights", "bias", "op1"], CAMPAIGN.trials)).cast(kind)
    return pa.array(rng.integers(0, 99, CAMPAIGN.trials)).cast(kind)


def results_in(folder: Path) -> object:
    results = open_results(folder)
    return results.campaign, results.plan, results.table().to_pylist()


def rename_shard(folder: Path, path: Path) -> None:
    number = int(path.name.partition("-")[0])
    path.rename(path.with_name(shard_name(number, path.read_bytes())))


def _record_file(folder: Path) -> RecordFile:
    return RecordFile(folder, "own-single", "dependencies")


def write_record(folder: Path) -> None:
    _record_file(folder).write(
        {"strategy": "own", "harm": 0.5, "harm_of_devices": [0.5], "x": None}
    )


def record_in(folder: Path) -> object:
    record = _record_file(folder).read()
    if record is None:
        raise WorkbenchError("it is measured again")
    return record


def write_strategy(folder: Path) -> None:
    save_strategy(STRATEGY, folder / "a.json")


def write_strategy_by_hand(folder: Path) -> None:
    (folder / "a.json").write_text(json.dumps(strategy_to_json(STRATEGY)))


def write_exported(folder: Path) -> None:
    keep(_firmware(), folder)


@cache
def _firmware() -> Firmware:
    return Firmware.of(STRATEGY.image(PROGRAM), strategy=STRATEGY, weights=RAM, prefix="own")


def exported_in(folder: Path) -> object:
    firmware = exported_firmware(folder)
    return firmware.build_name, firmware.prefix, firmware.strategy


def write_log(folder: Path) -> None:
    build, count = _firmware().build, 70
    words = np.array([MAGIC, *build, count], "<u4")
    head = np.repeat(words, 3).tobytes().ljust(LOG_HEAD_BYTES, b"\0")
    ring = np.random.default_rng(2).integers(0, 4, _firmware().log_bytes - len(head), np.uint8)
    (folder / "a.bin").write_bytes(b"noise" + head + ring.tobytes() + b"noise")


def log_in(folder: Path) -> object:
    return read_log((folder / "a.bin").read_bytes(), _firmware(), "a.bin")


def write_costs(folder: Path) -> None:
    (folder / "a.json").write_text(as_json(list(shipped_costs().values())[:3], program=PROGRAM))


def costs_in(folder: Path) -> object:
    return [(row, row.remedy) for row in costs_from((folder / "a.json").read_bytes(), "a.json")]


def write_checksums(folder: Path) -> None:
    entry = {"samples": 3, "pcm_sha256": "0" * 64, "file_sha256": "1" * 64}
    contents = {"sample_rate_hz": 16_000, "recordings": {"digits/0": entry, "digits/1": entry}}
    (folder / CHECKSUMS).write_text(json.dumps(contents))


def write_package_list(folder: Path) -> None:
    (folder / "a.sha256").write_text(f"{'0' * 64}  digits/0.g722\n{'1' * 64}  digits/1.g722\n")


def write_plans(folder: Path) -> None:
    (folder / "a.txt").write_text("\n".join(str(Plan.parse(plan)) for plan in PLANS))


def write_identifiers(folder: Path) -> None:
    lines = (str(TrialId.of(IMAGE, "öne+two", Plan.parse(plan), 17)) for plan in PLANS)
    (folder / "a.txt").write_text("\n".join(lines), encoding="utf-8")


def write_schedule(folder: Path) -> None:
    (folder / "a.txt").write_text("12:4711,30:99=1,0:5=0")


def schedule_in(folder: Path) -> object:
    schedule = schedule_of(_text(folder / "a.txt"))
    assert schedule_of(schedule_text(schedule)) == schedule
    return schedule


def lines_in(folder: Path, kind: type[Plan] | type[TrialId]) -> object:
    places = []
    for line in _text(folder / "a.txt").split("\n"):
        with suppress(WorkbenchError):
            places.append(kind.parse(line))
            assert kind.parse(str(places[-1])) == places[-1]
    return places


def _text(path: Path) -> str:
    """As a command line gives it, with bytes that are no UTF-8 in disguise."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def write_a_wav(folder: Path) -> None:
    write_wav(folder / "a.wav", TONE)


def write_sound(ending: str) -> Callable[[Path], None]:
    return lambda folder: soundfile.write(folder / f"a.{ending}", TONE, 16_000)


def sound_in(ending: str) -> Callable[[Path], object]:
    return lambda folder: read_audio(folder / f"a.{ending}").tobytes()
