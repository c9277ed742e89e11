"""Run by test_total_under_faults.py in a process with the sanitizers' libraries: simulations full of damage.

Arguments: the compiled library, the seed and number of its random programs.
"""

import sys

import numpy as np
from batches import listening_firmwares, random_firmwares, synthesising_firmwares
from programs import random_inputs

from workbench.firmware.twins.host import HostMachine
from workbench.firmware.twins.twin import Twin

FRAMES, FLIPS = 8, 150


def main(library: str, seed: int, count: int) -> None:
    machine = HostMachine(library)
    firmwares = [*random_firmwares(seed, count), *synthesising_firmwares(), *listening_firmwares()]
    for number, firmware in enumerate(firmwares):
        rng = np.random.default_rng([seed, number])
        twin = Twin(machine, firmware)
        for frame in range(FRAMES):
            twin.flip(rng.integers(0, 8 * firmware.layout.size_bytes, FLIPS).tolist())
            inputs = random_inputs(firmware.program, frame, 1)
            twin.step({name: codes[0] for name, codes in inputs.items()})
    print(f"{len(firmwares)} programs ran through {FRAMES * FLIPS} flips each")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
