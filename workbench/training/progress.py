"""The state of a training run in one safetensors file, so that an interrupted run resumes."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from workbench.errors import WorkbenchError, reason_of
from workbench.files import exists, open_regular, write_bytes
from workbench.training.checkpoint_files import PROGRESS_FILE
from workbench.training.stages import STAGES


@dataclass
class TrainingState:
    """Where a run stands.

    stage: its name in STAGES. step: the next one of this stage. weights: by name, empty while a fresh
    model is where the stage stands. adam: the optimiser's moments by "parameter/moment". losses: of
    every step so far, of all stages. seconds: spent until it was last saved.
    """

    stage: str
    step: int
    weights: dict[str, torch.Tensor]
    adam: dict[str, torch.Tensor]
    losses: list[float]
    seconds: float = 0.0

    def capture(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Copy weights and moments out of a running model."""
        self.weights = copied_weights(model)
        self.adam = {
            f"{name}/{moment}": torch.as_tensor(value).detach().cpu().clone()
            for name, parameter in model.named_parameters()
            for moment, value in optimiser.state.get(parameter, {}).items()
        }

    def restore_weights(self, model: nn.Module) -> None:
        """Copy the weights into a fresh model; nothing happens at the start of a stage.

        Brevitas replaces its scales' parameters when it loads them, so the optimiser comes after.
        """
        if self.weights:
            model.load_state_dict(self.weights)

    def restore_moments(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Copy Adam's moments into a fresh optimiser of `model`."""
        parameters = dict(model.named_parameters())
        for key, value in self.adam.items():
            name, moment = key.rsplit("/", 1)
            parameter = parameters[name]
            moved = value if moment == "step" else value.to(parameter.device)
            optimiser.state[parameter][moment] = moved.clone()


def copied_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """The model's state on the CPU, a tensor of its own for every name, shared ones too."""
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def save_progress(folder: Path, identity: str, state: TrainingState) -> None:
    """Replace the progress file in `folder`; WorkbenchError when it cannot be written."""
    tensors = {f"model:{name}": tensor for name, tensor in state.weights.items()}
    tensors |= {f"adam:{name}": tensor for name, tensor in state.adam.items()}
    notes = {
        "identity": _digest(identity),
        "stage": state.stage,
        "step": str(state.step),
        "seconds": str(state.seconds),
        "losses": json.dumps(state.losses),
    }
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    notes["sha256"] = _checksum(notes, tensors)
    # Not `save_file`: it has an exception of its own for a full disk.
    write_bytes(folder / PROGRESS_FILE, save(tensors, notes))


def load_progress(folder: Path, identity: str) -> TrainingState | None:
    """The state of an earlier run of the same task in `folder`, or None when there is none.

    Raises WorkbenchError when the file is damaged or belongs to another task.
    """
    path = folder / PROGRESS_FILE
    if not exists(path):
        return None
    try:
        open_regular(path).close()
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if notes.pop("sha256", None) != _checksum(notes, tensors):
            raise ValueError("its checksum differs")
        state = TrainingState(
            notes["stage"],
            int(notes["step"]),
            _strip(tensors, "model:"),
            _strip(tensors, "adam:"),
            json.loads(notes["losses"]),
            float(notes["seconds"]),
        )
        if not _is_possible(state):
            raise ValueError("it describes no training")
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise WorkbenchError(
            f"{path} is damaged ({reason_of(error, brief=True)}); delete it to start this training anew"
        ) from error
    if notes.get("identity") != _digest(identity):
        raise WorkbenchError(
            f"{path} belongs to a training with other data, seed or settings, or of another version of your "
            "generator; choose another --out or delete it"
        )
    return state


def _is_possible(state: TrainingState) -> bool:
    losses = state.losses
    return (
        state.stage in STAGES
        and state.step >= 0
        and math.isfinite(state.seconds)
        and isinstance(losses, list)
        and all(type(loss) in (int, float) for loss in losses)
        and all("/" in name for name in state.adam)
    )


def _strip(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _checksum(notes: dict[str, str], tensors: dict[str, torch.Tensor]) -> str:
    """SHA-256 over the contents of a progress file, in a fixed order."""
    digest = hashlib.sha256(json.dumps(notes, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _digest(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()
