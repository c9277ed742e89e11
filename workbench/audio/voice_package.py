"""The source of the shipped voice: the Debian package asterisk-core-sounds-en-g722.

Its files are ITU-T G.722 at 64 kbit/s, without a header: each byte is two samples at 16 kHz.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from workbench.audio.debian_packages import run_program, unpacked
from workbench.audio.resources import recordings_folder
from workbench.errors import WorkbenchError
from workbench.files import read_bytes

PACKAGE = "asterisk-core-sounds-en-g722"
VERSION = "1.6.1-1"
INSTALLED = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
_INSTALL = f"install it with `apt-get install {PACKAGE} ffmpeg`"
_CURE = f"{_INSTALL} (the shipped recordings need neither)"


def installed_voice() -> Path:
    """Return the folder of the installed package; WorkbenchError when it is not installed."""
    if not INSTALLED.is_dir():
        raise WorkbenchError(f"the Debian package {PACKAGE} is not installed; {_INSTALL}")
    return INSTALLED


@contextmanager
def any_voice() -> Iterator[Path]:
    """Give the folder of the installed package, or of one downloaded for as long as the block runs.

    Raises WorkbenchError when it is not installed and cannot be downloaded.
    """
    if INSTALLED.is_dir():
        yield INSTALLED
        return
    with tempfile.TemporaryDirectory(prefix="voice-") as name:
        yield _download(Path(name))


def read_manifest(path: Path | None = None) -> dict[str, str]:
    """Return file name below the voice's folder -> SHA-256 of the G.722 file, all 568 of them.

    The file has the format of `sha256sum` and is named after the package's version.
    """
    path = path or recordings_folder() / f"{PACKAGE}_{VERSION}.sha256"
    try:
        lines = read_bytes(path).decode().splitlines()
        pairs = (line.split("  ", 1) for line in lines)
        return {name: digest for digest, name in pairs}
    except (OSError, ValueError) as error:
        raise WorkbenchError(
            f"cannot use the list of the package's files {path} ({error}); "
            "clone the repository again"
        ) from error


def check_source(path: Path, expected_sha256: str) -> None:
    """Compare one G.722 file with the package's version that the workbench was made from.

    Raises WorkbenchError, naming the file, when it is missing or different.
    """
    if not path.is_file():
        raise WorkbenchError(f"{path} is missing from the voice; install {PACKAGE} {VERSION} again")
    if hashlib.sha256(read_bytes(path)).hexdigest() != expected_sha256:
        raise WorkbenchError(
            f"{path} is not the file of {PACKAGE} {VERSION}; install that version of the package"
        )


def decode_g722(paths: Sequence[Path]) -> list[np.ndarray]:
    """Return int16 [samples] at 16 kHz of each G.722 file, decoded by ffmpeg.

    Some dozens are decoded at once: ffmpeg takes 30 times as long to start as to decode one.
    Raises WorkbenchError when ffmpeg is missing or fails, or a length is not two samples a byte.
    """
    command = ["ffmpeg", "-v", "error", "-nostdin"]
    for path in paths:
        command += ["-f", "g722", "-i", str(path)]
    with tempfile.TemporaryDirectory(prefix="voice-") as name:
        outputs = [Path(name) / f"{number}.raw" for number in range(len(paths))]
        for number, output in enumerate(outputs):
            command += ["-map", f"{number}:a", "-f", "s16le", str(output)]
        run_program(command, cure=_CURE)
        decoded = [np.frombuffer(output.read_bytes(), dtype="<i2") for output in outputs]
    for path, samples in zip(paths, decoded, strict=True):
        expected = 2 * path.stat().st_size
        if len(samples) != expected:
            raise WorkbenchError(
                f"ffmpeg decoded {len(samples)} samples of {path} where {expected} are due; "
                "use another version of ffmpeg"
            )
    return decoded


def _download(folder: Path) -> Path:
    """Download and unpack the package below `folder`; return the voice's folder."""
    voice = unpacked(PACKAGE, folder, cure=_CURE) / INSTALLED.relative_to("/")
    if not voice.is_dir():
        raise WorkbenchError(
            f"the package {PACKAGE} does not hold {INSTALLED}; install {PACKAGE} {VERSION}"
        )
    return voice
