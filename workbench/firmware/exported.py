"""What an exported folder keeps for the workbench: image and strategy, so that its device's log can be read.

Layout: `strategy.json` names the prefix and describes the strategy; `PREFIX.image` is the memory image.
"""

from __future__ import annotations

import json
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.files import write_text
from workbench.firmware.names import checked_prefix
from workbench.firmware.plan import RAM, Firmware
from workbench.healing.strategy_file import described, strategy_described
from workbench.memory.image import Image

STRATEGY_FILE = "strategy.json"


def keep(firmware: Firmware, folder: Path) -> None:
    """Write both into the folder of a firmware that heals."""
    firmware.image.save(folder / _image_file(firmware.prefix))
    told = {"prefix": firmware.prefix, "strategy": described(firmware.strategy)}
    write_text(folder / STRATEGY_FILE, json.dumps(told, indent=1) + "\n")


def exported_firmware(folder: Path) -> Firmware:
    """The firmware that was exported to `folder`.

    Raises WorkbenchError where there is none that heals, or files that do not go together.
    """
    path = folder / STRATEGY_FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        prefix, strategy = str(told["prefix"]), told["strategy"]
    except OSError as error:
        raise WorkbenchError(
            f"{folder} holds no exported firmware that heals ({error.strerror}: {STRATEGY_FILE}); name "
            "the folder that `workbench export` wrote"
        ) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WorkbenchError(
            f"{path} describes no strategy ({error}); export the firmware again"
        ) from error
    checked_prefix(prefix)
    image = Image.load(folder / _image_file(prefix))
    return Firmware.of(
        image, strategy=strategy_described(strategy, str(path)), weights=RAM, prefix=prefix
    )


def _image_file(prefix: str) -> str:
    return f"{prefix}.image"
