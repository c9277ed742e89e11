"""Batched engine: many faulty variants of one program at once, equal to the reference bit for bit.

A clean product serves all trials; what a fault changed is added as a sparse difference. Layout:
activations [trials, time, channel], with one trial as long as nothing differs. Codes are whole
numbers in float32 and sums whole numbers in float32 or float64, always below 2**24 or 2**53, where
floating point is exact in any order of summation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch

from workbench.errors import WorkbenchError, reason_of
from workbench.integer.engine_kernels import (
    Change,
    Changes,
    ConvKernel,
    Fields,
    clean_array,
    rescale,
    tensors,
    variants,
)
from workbench.integer.program import (
    Add,
    Concat,
    Conv,
    Embed,
    Operator,
    Program,
    Rescale,
    Table,
    code_dtype,
)
from workbench.integer.reference import checked_inputs, convolutions_with_history


class Engine:
    """A program prepared for batches on a torch device ("cpu" or "cuda"; the CPU when None)."""

    def __init__(self, program: Program, device: str | torch.device | None = None) -> None:
        self.program = program
        self.device = _checked_device(device or "cpu")
        self._kernels = {
            operator.name: ConvKernel(operator, program.sources(operator)[0].bits, self.device)
            for operator in program.operators
            if isinstance(operator, Conv)
        }
        self._arrays = {
            operator.name: clean_array(array, self.device)
            for operator, _, array in program.parameters()
            if not isinstance(operator, Conv)
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
        histories: dict[str, torch.Tensor],
        changes: Changes,
        trials: int,
        kept: Iterable[str],
    ) -> None:
        """Run all operators over `values` and `histories`, both changed in place.

        Signals that nobody reads any more are dropped unless they are in `kept`.
        """
        unknown = set(changes) - self._fields
        if unknown:
            raise WorkbenchError(
                f"program {self.program.name} has no parameter {'.'.join(sorted(unknown)[0])}; "
                "a change names an operator and one of its arrays"
            )
        kept = set(kept)
        for operator in self.program.operators:
            sources = [values[name] for name in operator.sources]
            fields = {
                field: changes[operator.name, field]
                for field in operator.PARAMETERS
                if (operator.name, field) in changes
            }
            values[operator.target] = self._apply(operator, sources, histories, fields, trials)
            for name in set(operator.sources) - kept:
                if self._last_reader[name] == operator.name:
                    del values[name]

    def _apply(
        self,
        operator: Operator,
        sources: list[torch.Tensor],
        histories: dict[str, torch.Tensor],
        fields: Fields,
        trials: int,
    ) -> torch.Tensor:
        x = sources[0]
        if isinstance(operator, Conv):
            return self._conv(operator, x, histories, fields, trials)
        if isinstance(operator, Add):
            return (x + sources[1]).clamp_(operator.low, operator.high)
        if isinstance(operator, Concat):
            return torch.cat(_same_batch(sources), dim=2)
        field = operator.PARAMETERS[0]
        array = variants(self._arrays[operator.name], fields.get(field), trials)
        if isinstance(operator, Rescale):
            return rescale(operator, x, array)
        if isinstance(operator, Table):
            table = array.to(torch.float32)  # [1 or trials, 256]
            return table[_trial_index(table)[:, :, None], x.to(torch.int64) + 128]
        if isinstance(operator, Embed):
            rows = array.reshape(-1, *operator.rows.shape).to(torch.float32)
            return rows[_trial_index(rows), x[:, :, 0].clamp(0, len(operator.rows) - 1)]
        raise WorkbenchError(f"operator {operator.name}: unknown kind {operator.kind!r}")

    def _conv(
        self,
        conv: Conv,
        x: torch.Tensor,
        histories: dict[str, torch.Tensor],
        fields: Fields,
        trials: int,
    ) -> torch.Tensor:
        length = x.shape[1]
        if conv.history:
            x = torch.cat(_same_batch([histories[conv.name], x]), dim=1)
            histories[conv.name] = x[:, x.shape[1] - conv.history :].clone()
        return self._kernels[conv.name](x, length, fields, trials)


class EngineStream:
    """Trials that run in step: feed them frames, they remember what the next frames need.

    histories: for each convolution that looks back, its last input rows, float32
    [1 or trials, rows, in] of whole numbers; one row of trials stands for all while they agree.
    """

    def __init__(self, engine: Engine, trials: int) -> None:
        self.engine = engine
        self.trials = trials
        self.histories: dict[str, torch.Tensor] = {}
        self.reset()

    def reset(self) -> None:
        """Silence: every history of every trial becomes zero."""
        for conv, source in convolutions_with_history(self.engine.program):
            shape = (1, conv.history, source.channels)
            self.histories[conv.name] = torch.zeros(shape, device=self.engine.device)

    def silence(self, trials: Sequence[int]) -> None:
        """Every history of these trials becomes zero."""
        for name, rows in self.histories.items():
            rows = rows.expand(self.trials, -1, -1).clone()
            rows[list(trials)] = 0
            self.histories[name] = rows

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
        kept = names or tuple(signal.name for signal in program.signals)
        values = {
            name: self._tensor(name, codes)
            for name, codes in checked_inputs(program, inputs).items()
        }
        with torch.inference_mode():
            self.engine.execute(values, self.histories, changes or {}, self.trials, kept)
        return {name: self._codes(name, values[name]) for name in kept if name in values}

    def read_history(self, name: str, trial: int) -> np.ndarray:
        """The rows that convolution `name` remembers in one trial: int64 [rows, in]."""
        rows = self.histories[name]
        return rows[trial if len(rows) > 1 else 0].cpu().numpy().astype(np.int64)

    def write_histories(self, changes: Mapping[str, Change]) -> None:
        """Put new values into histories, by the name of the convolution (flat [rows, in])."""
        for name, change in changes.items():
            rows = self.histories[name]
            flat = rows.expand(self.trials, -1, -1).reshape(self.trials, -1).clone()
            trial, element, value = tensors(change, rows.device)
            flat[trial, element] = value.to(flat.dtype)
            self.histories[name] = flat.reshape(self.trials, *rows.shape[1:])

    def _tensor(self, name: str, codes: np.ndarray) -> torch.Tensor:
        if codes.shape[0] not in (1, self.trials):
            raise WorkbenchError(
                f"input {name!r} is for {codes.shape[0]} trials and there are {self.trials}; "
                "give one for all or one each"
            )
        indexes = self.engine.program.signal(name).bits == 32
        dtype = np.int64 if indexes else np.float32
        return torch.from_numpy(codes.astype(dtype)).to(self.engine.device)

    def _codes(self, name: str, codes: torch.Tensor) -> np.ndarray:
        dtype = code_dtype(self.engine.program.signal(name).bits)
        plain = codes.cpu().numpy().astype(dtype)
        return np.broadcast_to(plain, (self.trials, *plain.shape[1:]))


def _trial_index(each: torch.Tensor) -> torch.Tensor:
    """0, 1, ... as [trials, 1], to index the first axis of `each` beside another index."""
    return torch.arange(each.shape[0], device=each.device)[:, None]


def _same_batch(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    batch = max(x.shape[0] for x in tensors)
    return [x.expand(batch, -1, -1) for x in tensors]


def _checked_device(device: str | torch.device) -> torch.device:
    try:
        torch.zeros(1, device=device).item()  # there are devices that can store but not compute
        return torch.device(device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = reason_of(error, brief=True).partition(". ")[0]
        raise WorkbenchError(f"cannot compute on {device!r} ({reason}); use cpu or cuda") from error
