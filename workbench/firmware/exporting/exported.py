"""Files in an exported folder for the workbench: image and strategy, so that its device's log can be read.

Layout: `strategy.json`, a sealed JSON object, names the prefix and the build and describes the strategy;
`PREFIX.image` is the memory image.
"""

from __future__ import annotations

import re
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.files import exists, is_file, is_folder, path_of, read_bytes
from workbench.firmware.design import RAM, Firmware
from workbench.firmware.names import checked_prefix
from workbench.healing.strategies.strategy_file import (
    EXPORTED,
    strategy_from_json,
    strategy_to_json,
)
from workbench.memory.image import Image
from workbench.sealed import read_sealed, write_sealed

STRATEGY_FILE = "strategy.json"
_AGAIN = "export the firmware again"
_HASH = re.compile(rb'^#define \w+_HASH "[0-9a-f]{64}"$', re.MULTILINE)  # in PREFIX.h
_README = b"computed by the workbench's plain reference executor"


def refuse_foreign(folder: Path | str) -> None:
    """Raise WorkbenchError where `folder` has files and no earlier export, whose files may be replaced.

    An export is known by the hash in its PREFIX.h; a README.md beside it must be an export's too.
    Hidden files do not count.
    """
    folder = path_of(folder, "the folder of the firmware")
    if not is_folder(folder):
        return
    try:
        if all(path.name.startswith(".") for path in folder.iterdir()):
            return
        readme = folder / "README.md"
        own = not exists(readme) or _README in read_bytes(readme)
        if own and any(_HASH.search(read_bytes(path)) for path in folder.glob("*.h")):
            return
    except OSError as error:
        raise WorkbenchError(
            f"cannot read the folder {folder} ({error.strerror or error}); choose another with --out"
        ) from error
    raise WorkbenchError(
        f"the folder {folder} holds files that are no earlier export and could be replaced; choose an "
        "empty or a new folder with --out"
    )


def left_over(folder: Path | str, firmware: Firmware, *, says: bool) -> list[str]:
    """Files in `folder` that earlier exports wrote and the last, of `firmware`, did not; sorted names.

    They stay, since two models may share a folder. says: whether the last export has a dictionary.
    """
    folder = path_of(folder, "the folder of the firmware")
    headers = [path for path in folder.glob("*.h") if _HASH.search(read_bytes(path))]
    names = {name for path in headers for name in _files_of(path.stem)} | {STRATEGY_FILE}
    name = firmware.prefix
    names -= {*_files_of(name), STRATEGY_FILE}
    if not firmware.heals:
        names |= {_image_file(name), STRATEGY_FILE}
    if not says:
        names |= {f"{name}_say.h", f"{name}_say.c"}
    if firmware.versions == 1:
        names.add(f"{name}_shipped.c")
    return sorted(each for each in names if is_file(folder / each))


def keep(firmware: Firmware, folder: Path) -> None:
    """Write both into the folder of a firmware that heals."""
    firmware.image.save(folder / _image_file(firmware.prefix))
    write_sealed(
        folder / STRATEGY_FILE,
        {
            "prefix": firmware.prefix,
            "build": firmware.build_name,
            EXPORTED: strategy_to_json(firmware.strategy),
        },
    )


def exported_firmware(folder: Path) -> Firmware:
    """The firmware that was exported to `folder`.

    Raises WorkbenchError where there is none that heals, or files that do not go together.
    """
    folder = path_of(folder, "the folder of an exported firmware")
    path = folder / STRATEGY_FILE
    try:
        contents = read_sealed(path, _AGAIN)
        prefix, build = checked_prefix(str(contents["prefix"])), contents["build"]
        strategy = strategy_from_json(contents[EXPORTED], str(path))
    except OSError as error:
        raise WorkbenchError(
            f"{folder} holds no exported firmware that heals ({error.strerror}: {STRATEGY_FILE}); name "
            "the folder that `workbench export` wrote"
        ) from error
    except KeyError as error:
        raise WorkbenchError(f"{path} lacks the field {error}; {_AGAIN}") from error
    image = Image.load(folder / _image_file(prefix))
    firmware = Firmware.of(image, strategy=strategy, weights=RAM, prefix=prefix)
    if firmware.build_name != build:
        raise WorkbenchError(
            f"{path} belongs to build {build!r:.40} and the image beside it makes "
            f"{firmware.build_name}; {_AGAIN}"
        )
    return firmware


def _files_of(prefix: str) -> list[str]:
    """Files whose names have the prefix."""
    checks = (f"check/{prefix}_{part}" for part in ("check.c", "vectors.c", "vectors.h"))
    own = (f"{prefix}{end}" for end in (".h", ".c", "_say.h", "_say.c", "_shipped.c"))
    return [*own, *checks, _image_file(prefix)]


def _image_file(prefix: str) -> str:
    return f"{prefix}.image"
