"""Opening voices, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Collection
from os import PathLike, sep
from pathlib import Path

from workbench.audio.resources import checkpoint_folder
from workbench.errors import WorkbenchError, expect, nearest
from workbench.experiments.voices.modes import in_mode, refuse_unpruned
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.face.working import working
from workbench.files import is_folder
from workbench.generators.generator_registry import DEFAULT, is_known, names
from workbench.healing.strategies.variants import NAMES


def load(
    source: Path | str = DEFAULT,
    *,
    data: Path | str | None = None,
    wide_biases: bool = False,
) -> Voice:
    """Open a trained voice.

    Args:
        source: Name of a generator, for the voice that ships with it; the folder of a checkpoint; or, where there is no
            such folder, another checkpoint that ships, as "challenge/int4".
        data: Folder of its recordings, where they are not those that ship.
        wide_biases: Store every bias in 4 bytes; by default the biases of an operator take 2 where all of them fit.
            The samples are the same, the bits that faults can hit are not.

    Raises:
        WorkbenchError: There is no such generator or checkpoint, or files are damaged.
    """
    expect(
        source,
        (str, PathLike),
        "the voice to load",
        f"a generator's name, as {DEFAULT!r}, or a folder",
    )
    with working("Opening the voice"):
        if isinstance(source, str) and is_known(source):
            return open_voice(generator=source, data=data, wide_biases=wide_biases)
        if isinstance(source, str) and sep not in source and not is_folder(Path(source)):
            raise WorkbenchError(
                f"there is no generator and no folder {source!r}; {nearest(source, names())}"
            )
        if isinstance(source, str) and not is_folder(Path(source)):
            shipped = checkpoint_folder(source)
            source = shipped if is_folder(shipped) else source
        return open_voice(source, data, wide_biases=wide_biases)


def generator_names() -> tuple[str, ...]:
    """The generators that are known here: those that ship, of installed packages, and registered ones."""
    return names()


def strategy_names() -> tuple[str, ...]:
    """The healing strategies that have a name; not each of them suits every generator."""
    return NAMES


def unpruned(voice: Voice, layers: Collection[str] | str) -> Voice:
    """A voice pruned in blocks with some of its layers un-pruned, as a switch in its memory would make it.

    Args:
        voice: Of a checkpoint that was trained with `--prune-blocks`.
        layers: Names of exactly the layers whose weights in reserve count; () for none, "all" for all.

    Raises:
        WorkbenchError: The voice is not pruned, or has no such layer.
    """
    expect(voice, Voice, "what is to be un-pruned", "a Voice, as wb.load(...)")
    expect(layers, Collection, "the layers", 'their names, or "all"')
    known = refuse_unpruned(voice.program)
    return in_mode(
        voice, known if layers == "all" else [layers] if isinstance(layers, str) else layers
    )
