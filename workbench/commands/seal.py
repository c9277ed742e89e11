"""`workbench seal FOLDER`: put what an earlier version wrote without a digest under one."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.manifest import MANIFEST_FILE, seal_manifest
from workbench.experiments.voices.voice import open_voice
from workbench.files import exists
from workbench.training.checkpoint_files import METADATA_FILE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the folder."""
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="a checkpoint, or the results of a campaign"
    )


def run(options: argparse.Namespace) -> None:
    """Seal it and tell what it is, to be compared with what is known of it.

    Raises WorkbenchError for other folders, damaged files, and what is under a digest already.
    """
    folder: Path = options.folder
    if exists(folder / METADATA_FILE):
        from workbench.training.checkpoint import seal_checkpoint  # needs torch

        seal_checkpoint(folder)
        program = open_voice(folder).program.content_hash
        print(f"{folder} is sealed as it was; its program is {program[:12]}")
    elif exists(folder / MANIFEST_FILE):
        campaign = seal_manifest(folder)
        print(f"{folder} is sealed as it was; its trials hit image {campaign.image[:12]}")
    else:
        raise WorkbenchError(
            f"{folder} holds neither a checkpoint ({METADATA_FILE}) nor results of a campaign "
            f"({MANIFEST_FILE}); name a folder with one of them"
        )
