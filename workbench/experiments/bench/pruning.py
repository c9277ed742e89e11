"""What leaving out blocks of weights saves a core: instructions a frame of layers and of a whole network.

Which blocks are kept decides no instruction that counts, so that they are chosen at random and nothing is trained. What the
sound loses is another question, which trained checkpoints answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from workbench.errors import WorkbenchError
from workbench.files import replacing
from workbench.firmware.boards import Core
from workbench.firmware.design import RAM, Firmware
from workbench.firmware.emulation.emulate import emulated_machine
from workbench.firmware.twins.twin import Twin, frames_of
from workbench.healing.strategies.named import nothing
from workbench.integer.operators import Conv
from workbench.integer.operators.pruned import LEAST_BLOCKS, block_grid, kept_of
from workbench.integer.program import Program
from workbench.integer.pruning import pruned_program
from workbench.integer.reference import run
from workbench.memory.image import Image

SHARES = (0.25, 0.5, 0.75)  # of the blocks that are left out
PRUNED_LAYERS = ("fc128", "conv64", "conv32d3", "pointwise64", "transposed")  # of `kernel_layers`
_SEED = 1


@dataclass(frozen=True)
class Savings:
    """Figures of a program, dense as ordinary convolutions and then at each of SHARES.

    Attributes:
        name: Of the program.
        macs: Multiply-accumulates a frame.
        instructions: A frame, mean.
    """

    name: str
    macs: tuple[int, ...]
    instructions: tuple[float, ...]

    @property
    def times_fewer(self) -> tuple[float, ...]:
        """Instructions of the dense program over those at each of SHARES."""
        dense, *pruned = self.instructions
        return tuple(dense / each for each in pruned)

    @property
    def line(self) -> tuple[float, float]:
        """Instructions of no multiply-accumulate, and of one: the straight line through the pruned ones."""
        slope, rest = np.polyfit(self.macs[1:], self.instructions[1:], 1)
        return float(rest), float(slope)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"times_fewer": self.times_fewer}


def pruned_at_random(program: Program, share: float, *, least: int = LEAST_BLOCKS) -> Program:
    """The same program, of whose blocks of weights this share is left out, the same number of every four rows.

    Args:
        program: Of ordinary convolutions.
        share: From 0 to less than 1.
        least: Convolutions with fewer blocks of four rows stay as they are.

    Raises:
        WorkbenchError: No convolution can be pruned.
    """
    rng = np.random.default_rng(_SEED)
    masks = {}
    for conv in program.operators:
        if not isinstance(conv, Conv) or conv.groups > 1 or conv.weight_bits != 8:
            continue
        grid = block_grid(conv.weight)
        blocks = 0 if grid is None else grid.shape[1]
        kept = kept_of(blocks, share)
        if grid is not None and blocks >= least and kept < blocks:
            chosen = rng.permuted(np.tile(np.arange(blocks) < kept, (len(grid), 1)), axis=1)
            masks[conv.name] = np.packbits(chosen, axis=1, bitorder="little")
    if not masks:
        raise WorkbenchError(
            f"no convolution of {program.name} can be pruned in blocks; they need 8-bit weights, one group and "
            f"{least} blocks of four rows"
        )
    return pruned_program(program, masks)


def savings(
    name: str,
    program: Program,
    inputs: Mapping[str, np.ndarray],
    core: Core,
    *,
    least: int = LEAST_BLOCKS,
) -> Savings:
    """Run a program on an emulated core, dense and at each of SHARES.

    Args:
        name: Of the figures.
        program: Of ordinary convolutions.
        inputs: Codes [1, frames * rate, channels] by name.
        core: Any with an emulator.
        least: As of `pruned_at_random`.

    Raises:
        WorkbenchError: No convolution can be pruned, a code differs from the reference, or there is no compiler or emulator.
    """
    programs = [program, *(pruned_at_random(program, share, least=least) for share in SHARES)]
    firmwares = [
        Firmware.of(Image.of(each), strategy=nothing(), weights=RAM, prefix=f"pruned{number}")
        for number, each in enumerate(programs)
    ]
    machine = emulated_machine(firmwares, core)
    means = []
    for firmware in firmwares:
        twin = Twin(machine, firmware)
        heard, counts = [], []
        for codes in frames_of(firmware, inputs):
            heard.append(twin.step(codes))
            counts.append(machine.instructions)
        expected = run(firmware.program, inputs)[program.output][0]
        if (np.concatenate(heard) != expected).any():
            raise WorkbenchError(
                f"{name} on an emulated {core.title} differs from the reference; please report it"
            )
        means.append(float(np.mean(counts)))
    macs = tuple(each.macs_per_frame() for each in programs)
    return Savings(name, macs, tuple(means))


def draw_savings(path: Path, rows: Sequence[Savings], voices: Sequence[Mapping[str, Any]]) -> None:
    """Replace the PNG file `path`.

    Args:
        path: Of the picture.
        rows: Whose ratios the left half shows.
        voices: Trained ones in the right half: name, instructions and pesq_nb each; may be empty.
    """
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    shares = [0.0, *SHARES]
    left.plot(
        shares,
        [1 / (1 - share) for share in shares],
        ":",
        color="0.6",
        label="as many as are left out",
    )
    for row in rows:
        left.plot(shares, [1.0, *row.times_fewer], "o-", markersize=3, label=row.name)
    left.set_xlabel("share of blocks left out")
    left.set_ylabel("times fewer instructions than dense")
    left.legend(frameon=False, fontsize=7)
    for voice in voices:
        at = voice["instructions"] / 1000, voice["pesq_nb"] or 0.0
        right.plot(*at, "o", color="#2f5d8a")
        right.annotate(voice["name"], at, (4, 4), textcoords="offset points", fontsize=8)
    right.set_xlabel("thousand instructions a frame")
    right.set_ylabel("PESQ-NB")
    right.margins(0.2)
    for axes in (left, right):
        axes.grid(color="0.9")
    with replacing(path) as target, target.open("wb") as file:
        figure.savefig(file, format="png", dpi=120)
