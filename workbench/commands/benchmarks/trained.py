"""Several trainings of one generator, a folder each."""

from __future__ import annotations

from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import as_argument
from workbench.training.checkpoint_files import METADATA_FILE


def voices_below(folder: Path) -> dict[str, Voice]:
    """Checkpoints in the folders of `folder` by their names, sorted; WorkbenchError where there is none."""
    folders = sorted(each.parent for each in folder.glob(f"*/{METADATA_FILE}"))
    if not folders:
        raise WorkbenchError(
            f"there is no checkpoint in a folder of {as_argument(folder)}; train some with "
            f"`workbench train challenge --out {as_argument(folder / 'NAME')}`"
        )
    return {each.name: open_voice(each) for each in folders}
