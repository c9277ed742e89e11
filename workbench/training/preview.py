"""What a network that is still being trained sounds like: the weights that were saved last, run on one utterance."""

from __future__ import annotations

import numpy as np
import torch

from workbench.generators.layers import tensor_value
from workbench.integer.lowered_generator import network_inputs
from workbench.training.progress import TrainingState
from workbench.training.stages import FLOAT
from workbench.training.task import Task


def preview(task: Task, state: TrainingState, utterance: str) -> np.ndarray | None:
    """The sound of an utterance, float32 [samples]; None while nothing of this stage is saved.

    Also None for generators whose network gives what a back end makes sound of: that is there once it is lowered.

    Args:
        task: That is trained.
        state: Of it.
        utterance: One of those that the network learns.
    """
    if task.generator.back_end or not state.weights:
        return None
    # Fresh weights are drawn, and the training draws its own.
    with torch.random.fork_rng(devices=[]):
        model = task.generator.network(task.config, quantised=state.stage != FLOAT)
    model.load_state_dict(state.weights)
    given = task.generator.tensors(task.config, [utterance])
    with torch.no_grad():
        output = tensor_value(model.eval()(**network_inputs(task.generator, task.config, given)))
    sound: np.ndarray = output.reshape(-1).clamp(-1, 1).cpu().numpy()
    return sound
