"""Batched engine: many faulty variants of one program at once, equal to the reference bit for bit.

A clean product serves all trials; what a fault changed is added as a sparse difference. Layout:
activations [trials, time, channel], with one trial as long as nothing differs. Codes are whole
numbers in float32 and sums whole numbers in float32 or float64, always below 2**24 or 2**53, where
floating point is exact in any order of summation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch

from workbench.errors import WorkbenchError, reason_of
from workbench.integer.changes import Changes
from workbench.integer.engine_kernels import (
    ConvKernel,
    Fields,
    clean_array,
    rescale,
    tensors,
    variants,
)
from workbench.integer.engine_steps import step_trials
from workbench.integer.operators import Add, Concat, Conv, Embed, Operator, Rescale, Table
from workbench.integer.program import Program
from workbench.integer.pruned_changes import dense_changes
from workbench.integer.pruning import dense_program
from workbench.integer.reference import inputs_of_trials
from workbench.integer.signals import code_dtype

# (operator, tensor) -> what it remembers.
States = dict[tuple[str, str], torch.Tensor]
_KERNELS = (Conv, Add, Rescale, Table, Embed, Concat)


class Engine:
    """A program prepared for batches on a torch device ("cpu" or "cuda"; the CPU when None).

    Attributes:
        trials_at_once: How many trials it computes together fastest.
    """

    def __init__(self, program: Program, device: str | torch.device | None = None) -> None:
        self.program = program
        self.device = checked_device(device or "cpu")
        # Their activations stay in a processor's cache, or give all of a GPU work.
        self.trials_at_once = 8 if self.device.type == "cpu" else 256
        self._running = dense_program(program)
        self._kernels = {
            operator.name: ConvKernel(operator, program.sources(operator)[0].bits, self.device)
            for operator in self._running.operators
            if type(operator) is Conv
        }
        self._arrays = {
            operator.name: clean_array(array, self.device)
            for operator, _, array in program.parameters()
            if type(operator) in (Rescale, Table, Embed)
        }
        self._fields = {(operator.name, field) for operator, field, _ in program.parameters()}
        self._last_reader = {
            name: operator.name for operator in program.operators for name in operator.sources
        }

    def stream(self, trials: int = 1) -> EngineStream:
        """`trials` silent variants that advance together."""
        return EngineStream(self, trials)

    def execute(
        self,
        values: dict[str, torch.Tensor],
        states: States,
        changes: Changes,
        trials: int,
        recorded: Iterable[str],
    ) -> None:
        """Run all operators over `values` and `states`, both changed in place.

        Signals that nobody reads any more are dropped unless they are in `recorded`.
        """
        unknown = set(changes) - self._fields
        if unknown:
            raise WorkbenchError(
                f"program {self.program.name} has no parameter {'.'.join(sorted(unknown)[0])}; "
                "a change names an operator and one of its arrays"
            )
        recorded = set(recorded)
        changes = dense_changes(self.program, changes)
        for operator in self._running.operators:
            sources = [values[name] for name in operator.sources]
            fields = {
                field: changes[operator.name, field]
                for field in operator.PARAMETERS
                if (operator.name, field) in changes
            }
            values[operator.target] = self._apply(operator, sources, states, fields, trials)
            for name in set(operator.sources) - recorded:
                if self._last_reader[name] == operator.name:
                    del values[name]

    def _apply(
        self,
        operator: Operator,
        sources: list[torch.Tensor],
        states: States,
        fields: Fields,
        trials: int,
    ) -> torch.Tensor:
        if type(operator) not in _KERNELS:
            return self._step(operator, sources, states, fields, trials)
        x = sources[0]
        if isinstance(operator, Conv):
            return self._conv(operator, x, states, fields, trials)
        if isinstance(operator, Add):
            return (x + sources[1]).clamp_(operator.low, operator.high)
        if isinstance(operator, Concat):
            return torch.cat(_same_batch(sources), dim=2)
        (field,) = operator.PARAMETERS
        array = variants(self._arrays[operator.name], fields.get(field), trials)
        if isinstance(operator, Rescale):
            return rescale(operator, x, array)
        if isinstance(operator, Table):
            table = array.to(torch.float32)  # [1 or trials, 256]
            return table[_trial_index(table)[:, :, None], x.to(torch.int64) + 128]
        if isinstance(operator, Embed):
            rows = array.reshape(-1, *operator.rows.shape).to(torch.float32)
            return rows[_trial_index(rows), x[:, :, 0].clamp(0, len(operator.rows) - 1)]
        raise AssertionError(operator)

    def _step(
        self,
        operator: Operator,
        sources: list[torch.Tensor],
        states: States,
        fields: Fields,
        trials: int,
    ) -> torch.Tensor:
        """An operator that has no kernel here."""
        names = [tensor.name for tensor in operator.state(self.program.sources(operator))]
        codes, after = step_trials(
            operator,
            [_integers(x) for x in sources],
            {name: _integers(states[operator.name, name]) for name in names},
            fields,
            trials,
        )
        for name, state in after.items():
            old = states[operator.name, name]
            states[operator.name, name] = torch.from_numpy(state).to(old.device, old.dtype)
        return torch.from_numpy(codes).to(self.device, torch.float32)

    def _conv(
        self,
        conv: Conv,
        x: torch.Tensor,
        states: States,
        fields: Fields,
        trials: int,
    ) -> torch.Tensor:
        length = x.shape[1]
        if conv.history:
            name = conv.name, "history"
            x = torch.cat(_same_batch([states[name], x]), dim=1)
            states[name] = x[:, x.shape[1] - conv.history :].clone()
        return self._kernels[conv.name](x, length, fields, trials)


class EngineStream:
    """Trials that run in step: feed them frames, they remember what the next frames need.

    states: [1 or trials, *shape] of whole numbers, as `Program.states` names them, float32, or float64 where they
    are 32 bits wide; one row of trials stands for all while they agree.
    """

    def __init__(self, engine: Engine, trials: int) -> None:
        self.engine = engine
        self.trials = trials
        self.states: States = {}
        self.reset()

    def reset(self) -> None:
        """Silence: every state of every trial becomes zero."""
        for operator, tensor in self.engine.program.states():
            dtype = torch.float64 if tensor.bits > 16 else torch.float32
            zero = torch.zeros(1, *tensor.shape, dtype=dtype, device=self.engine.device)
            self.states[operator.name, tensor.name] = zero

    def step(self, inputs: Mapping[str, np.ndarray], changes: Changes | None = None) -> np.ndarray:
        """Run whole frames; codes of the output, [trials, frames * rate, channels].

        inputs: as for the reference, shared ([1, ...]) or one for each trial ([trials, ...]).
        changes: how the trials' parameters differ from the clean program's during these frames.
        Raises WorkbenchError when an input or a name in `changes` does not fit.
        """
        output = self.engine.program.output
        return self.signals(inputs, changes, names=(output,))[output]

    def signals(
        self,
        inputs: Mapping[str, np.ndarray],
        changes: Changes | None = None,
        *,
        names: tuple[str, ...] | None = None,
    ) -> dict[str, np.ndarray]:
        """As `step`, but the codes of the signals `names`, of all when None."""
        program = self.engine.program
        recorded = names or tuple(signal.name for signal in program.signals)
        values = {
            name: self._tensor(name, codes)
            for name, codes in inputs_of_trials(program, inputs, self.trials).items()
        }
        with torch.inference_mode():
            self.engine.execute(values, self.states, changes or {}, self.trials, recorded)
        return {name: self._codes(name, values[name]) for name in recorded if name in values}

    def read_state(self, operator: str, tensor: str, trial: int) -> np.ndarray:
        """A state of one trial: int64 [*shape]."""
        state = self.states[operator, tensor]
        return state[trial if len(state) > 1 else 0].cpu().numpy().astype(np.int64)

    def write_states(self, changes: Changes) -> None:
        """Put new values into states, by (operator, tensor)."""
        for name, change in changes.items():
            state = self.states[name]
            flat = state.expand(self.trials, *state.shape[1:]).reshape(self.trials, -1).clone()
            trial, element, value = tensors(change, state.device)
            flat[trial, element] = value.to(flat.dtype)
            self.states[name] = flat.reshape(self.trials, *state.shape[1:])

    def _tensor(self, name: str, codes: np.ndarray) -> torch.Tensor:
        indexes = self.engine.program.signal(name).bits == 32
        dtype = np.int64 if indexes else np.float32
        return torch.from_numpy(codes.astype(dtype)).to(self.engine.device)

    def _codes(self, name: str, codes: torch.Tensor) -> np.ndarray:
        dtype = code_dtype(self.engine.program.signal(name).bits)
        plain = codes.cpu().numpy().astype(dtype)
        return np.broadcast_to(plain, (self.trials, *plain.shape[1:]))


def _integers(x: torch.Tensor) -> np.ndarray:
    return x.cpu().numpy().astype(np.int64)


def _trial_index(each: torch.Tensor) -> torch.Tensor:
    """0, 1, ... as [trials, 1], to index the first axis of `each` beside another index."""
    return torch.arange(each.shape[0], device=each.device)[:, None]


def _same_batch(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    batch = max(x.shape[0] for x in tensors)
    return [x.expand(batch, -1, -1) for x in tensors]


def checked_device(device: str | torch.device) -> torch.device:
    """The device of torch that is called so; WorkbenchError where it is not there or cannot compute."""
    try:
        torch.zeros(1, device=device).item()  # there are devices that can store but not compute
        chosen = torch.device(device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = reason_of(error, brief=True).partition(". ")[0]
        raise WorkbenchError(f"cannot compute on {device!r} ({reason}); use cpu or cuda") from error
    if chosen.type == "cpu" and chosen.index:  # torch takes any number
        raise WorkbenchError(f"cannot compute on {device!r} (the processor is one device); use cpu")
    return chosen
