"""The firmware of a voice, written to a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from workbench.experiments.voices.feeding import feeding_of
from workbench.experiments.voices.voice import Voice
from workbench.firmware.design import Firmware
from workbench.firmware.exporting.export import export
from workbench.generators.dictionary import Dictionary
from workbench.healing.strategies.strategy import Strategy

_VECTORS = 2  # utterances that become golden vectors


class Written(NamedTuple):
    """vectors: titles of the golden vectors. dictionary: what it can say without a host; None where it cannot."""

    firmware: Firmware
    vectors: tuple[str, ...]
    dictionary: Dictionary | None


def write_firmware(
    voice: Voice,
    healer: str | Strategy,
    folder: Path | str,
    *,
    weights: str,
    prefix: str,
    say: Iterable[str] | str | None = None,
) -> Written:
    """Write it, with two utterances as golden vectors.

    Args:
        voice: What is exported.
        healer: A strategy, its name or its file, or "none".
        folder: To write to; new, empty, or an earlier export.
        weights: "ram" or "flash".
        prefix: Of all names in C.
        say: Utterances that it can say; None for the usual ones.

    Raises:
        WorkbenchError: Something is unknown or does not go together, or the folder cannot be written.
    """
    strategy, _ = voice.healer(healer)
    said = voice.all_inputs(say)
    vectors = {voice.spoken(word): said[word] for word in list(said)[:_VECTORS]}
    dictionary = voice.generator.dictionary(voice.config, tuple(said))
    firmware = export(
        voice.image(healer), folder, vectors=vectors, strategy=strategy, weights=weights,
        prefix=prefix, feeding=feeding_of(voice), dictionary=dictionary,
    )  # fmt: skip
    return Written(firmware, tuple(vectors), dictionary)
