"""A training task: a generator's configuration, its recordings, and its recipe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import nn

from workbench.audio.recordings import nfc
from workbench.errors import WorkbenchError, nearest, reason_of
from workbench.generators.generator import Generator
from workbench.generators.recipe import Recipe
from workbench.integer.lowered_generator import network_inputs
from workbench.memory.codes.ecc import IN_PLACE
from workbench.own_code import own_digest
from workbench.training.hardening import Hardening
from workbench.training.progress import copied_weights

_NO_HARDENING = Hardening()
# That the metadata have where there are some.
_CAUSES = ("sparsity", "prune_blocks", "code_words", "origin", "own_code", "hardening")


@dataclass
class Task:
    """What is trained.

    inputs: what the network's forward takes for each lesson, [lessons, ...] by argument. targets: what it is to
    give, float32 [lessons, ...]. device: as torch names it, e.g.
    "cpu" or "cuda". code_words: code whose words the weights are to become, see `code_words`; "" for none.
    start: a finished network to go on from. sparsity: share of the weights of every layer that become zero
    before quantisation and stay so. hardening: against faults, see `hardening`. prune_blocks: share of the blocks of
    weights that may be left out, see `blocks`.
    """

    generator: Generator
    config: Any
    inputs: dict[str, torch.Tensor]
    targets: torch.Tensor
    recipe: Recipe
    seed: int
    device: str
    code_words: str = ""
    start: nn.Module | None = None
    sparsity: float = 0.0
    hardening: Hardening = _NO_HARDENING
    prune_blocks: float = 0.0

    @property
    def data(self) -> dict[str, Any]:
        """What the recordings were, for the checkpoint's metadata."""
        return {
            "recordings": len(self.targets),
            "samples_each": self.targets.shape[1],
            "float32_sha256": hashlib.sha256(self.targets.numpy().tobytes()).hexdigest(),
        }

    @property
    def causes(self) -> dict[str, Any]:
        """What decides the weights beside generator and configuration, for the checkpoint's metadata."""
        words = {"code_words": self.code_words} if self.code_words else {}
        words |= {"origin": self.origin} if self.code_words or self.start else {}
        sparse = {"sparsity": self.sparsity} if self.sparsity else {}
        sparse |= {"prune_blocks": self.prune_blocks} if self.prune_blocks else {}
        own = {"own_code": self.own_code} if self.own_code else {}
        hard = {"hardening": self.hardening.causes} if self.hardening.causes else {}
        return {
            "recipe": asdict(self.recipe), "seed": self.seed, "data": self.data, **sparse, **words, **own, **hard,
        }  # fmt: skip

    @property
    def own_code(self) -> str:
        """Digest of what a generator of one's own does; "" for one that ships."""
        return own_digest([type(self.generator)])

    def made(self, metadata: Mapping[str, Any]) -> bool:
        """Whether a checkpoint with these metadata is what this task makes."""
        mine = {"generator": self.generator.name, "config": asdict(self.config), **self.causes}
        told = {name: metadata.get(name) for name in {*mine, *_CAUSES}}
        return told == {name: json.loads(json.dumps(mine.get(name))) for name in told}

    @property
    def identity(self) -> str:
        """What must be equal for a run to be continued rather than refused."""
        more: tuple[Any, ...] = (self.code_words, self.origin) if self.code_words else ()
        more += (self.sparsity,) if self.sparsity else ()
        more += (self.prune_blocks, "blocks", self.origin) if self.prune_blocks else ()
        more += (self.own_code,) if self.own_code else ()
        more += (str(self.hardening),) if self.hardening.causes else ()
        more += (self.origin,) if self.hardening.causes and self.start else ()
        what = (self.generator.name, asdict(self.config), asdict(self.recipe))
        return repr((*what, self.seed, self.data, *more))

    @property
    def origin(self) -> str:
        """SHA-256 of the weights that it starts from; "" when it starts from nothing."""
        if self.start is None:
            return ""
        digest = hashlib.sha256()
        for name, tensor in sorted(copied_weights(self.start).items()):
            digest.update(name.encode() + tensor.numpy().tobytes())
        return digest.hexdigest()


def make_task(
    generator: Generator,
    recordings: Mapping[str, Any],
    *,
    recipe: Recipe,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    device: str | None = None,
    code_words: str = "",
    start: Any = None,
    sparsity: float = 0.0,
    hardening: Hardening = _NO_HARDENING,
    prune_blocks: float = 0.0,
) -> Task:
    """Shape the generator after `recordings`, as its `training_set` gives them.

    settings: fields of its configuration that are to have these values. device: None takes CUDA when there is
    one. start: goes with `code_words`, `prune_blocks` or `hardening`; its utterances are what is trained. sparsity,
    prune_blocks: from 0 to less than 1, and one alone of these two, `code_words` and `hardening`. Raises WorkbenchError when there is no
    recording, one is too long or missing, or seed, setting, device, code or share cannot be.
    """
    if not recordings:
        raise WorkbenchError("there is no recording to train on; name a folder with --data")
    recordings = {nfc(name): samples for name, samples in recordings.items()}
    if not 0 <= seed < 2**64:
        raise WorkbenchError(f"there is no seed {seed}; choose one from 0 to 2**64 - 1")
    if code_words and code_words not in IN_PLACE:
        raise WorkbenchError(
            f"weights cannot be words of {code_words!r}; {nearest(code_words, IN_PLACE)}"
        )
    if not 0 <= sparsity < 1 or (sparsity and code_words):
        raise WorkbenchError(
            f"a share of {sparsity:g} of the weights cannot be zero; choose 0 to less than 1, and 0 for weights "
            "that become code words"
        )
    if code_words and hardening.causes:
        raise WorkbenchError(
            "bit errors and clipping would move weights off their code words; train for one of the two"
        )
    if not 0 <= prune_blocks < 1 or (prune_blocks and (code_words or sparsity or hardening.causes)):
        raise WorkbenchError(
            f"a share of {prune_blocks:g} of the blocks cannot be left out; choose 0 to less than 1, and 0 for weights "
            "that become code words, are sparse already or learn to bear errors"
        )
    if start is not None:
        if not code_words and not prune_blocks and not hardening.causes:
            raise WorkbenchError(
                "a finished training goes on only for code words, blocks, bit errors or clipping; name one of these"
            )
        taught = generator.learnt(start.config, recordings)
        missing = [name for name in taught if nfc(name) not in recordings]
        if missing:
            raise WorkbenchError(
                f"there is no recording of {missing[0]!r}, which the checkpoint says; name the folder "
                "that it was trained on with --data"
            )
        recordings, config = {name: recordings[nfc(name)] for name in taught}, start.config
    else:
        chosen = _checked_settings(generator, settings or {})
        config = generator.configure(recordings, recipe, chosen)
        for name in generator.learnt(config, recordings):
            if name not in recordings:
                raise WorkbenchError(
                    f"there is no recording of {name!r}; {nearest(name, recordings)}"
                )
    given, targets = generator.lessons(config, recordings)
    inputs = network_inputs(generator, config, given)
    device = _checked_device(device)
    return Task(
        generator, config, {name: each.to(device) for name, each in inputs.items()},
        torch.from_numpy(targets), recipe, seed, device, code_words, start, sparsity, hardening, prune_blocks,
    )  # fmt: skip


def _checked_settings(generator: Generator, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    known = [field.name for field in fields(generator.configuration)]
    for name, value in settings.items():
        if name not in known:
            raise WorkbenchError(
                f"the generator {generator.name} has no {name}; {nearest(name, known)}"
            )
        if not generator.allows(name, value):
            raise WorkbenchError(
                f"the generator {generator.name} cannot be built with {name} {value!r:.40}; choose another"
            )
    return settings


def _checked_device(device: str | None) -> str:
    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device).item()  # there are devices that can store but not compute
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = reason_of(error, brief=True)
        raise WorkbenchError(f"cannot train on {device!r} ({reason}); use --device cpu") from error
    return device
