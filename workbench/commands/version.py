"""`workbench version FOLDER`: make of an exported folder a version that devices take into their store."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.errors import WorkbenchError, reason_of
from workbench.files import read_bytes, write_bytes
from workbench.firmware.exporting.exported import exported_firmware
from workbench.firmware.exporting.versions import version_content
from workbench.versions.siphash import KEY_BYTES
from workbench.versions.version import version

_MOST_KEY_BYTES = 4096  # of a file that may hold a key; anything longer is none


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the folder, the key and the numbers of the header."""
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER",
        help="that `workbench export --store` wrote, with a strategy of several versions",
    )  # fmt: skip
    parser.add_argument(
        "--key", type=Path, required=True, metavar="FILE",
        help=f"the product's key: {KEY_BYTES} bytes, or twice as many hexadecimal digits",
    )  # fmt: skip
    parser.add_argument(
        "--sequence", type=int, required=True, metavar="N",
        help="higher than that of any version that the devices had; 0 for the factory's",
    )  # fmt: skip
    parser.add_argument(
        "--board", type=int, default=0, metavar="N", help="of `wb_store_design` (0)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write")


def run(options: argparse.Namespace) -> None:
    """Write it and say what it is; WorkbenchError for a folder without versions, and for what is no key."""
    firmware = exported_firmware(options.folder)
    if firmware.versions == 1:
        raise WorkbenchError(
            f"{options.folder} has its weights compiled in; export it with --store and a strategy of several "
            "versions, as versions"
        )
    made = version(
        version_content(firmware),
        key=key_in(options.key),
        product=firmware.product,
        sequence=options.sequence,
        board=options.board,
    )
    write_bytes(options.out, made)
    print(
        f"{options.out}: version {options.sequence} of product {firmware.product.hex()}, board {options.board}, "
        f"{len(made):,} bytes"
    )


def key_in(file: Path) -> bytes:
    """The key in a file, as bytes or as hexadecimal digits; WorkbenchError where there is none."""
    try:
        data = read_bytes(file, most=_MOST_KEY_BYTES)
    except OSError as error:
        raise WorkbenchError(
            f"cannot read the key {file} ({reason_of(error)}); name a file with {KEY_BYTES} bytes"
        ) from error
    if len(data) == KEY_BYTES:
        return data
    try:
        key = bytes.fromhex(data.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise WorkbenchError(
            f"{file} holds no key; it needs {KEY_BYTES} bytes or {2 * KEY_BYTES} hexadecimal digits"
        )
    return key
