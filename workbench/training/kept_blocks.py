"""Which blocks a training keeps, as a checkpoint's metadata have it: hexadecimal digits, read without torch.

Layout: `kept_blocks` of `model.json` has, by the name of the layer, a text for every group of four rows, in which
bit b of byte b // 8 says whether block b is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.errors import WorkbenchError

KEPT_BLOCKS = "kept_blocks"  # key in the metadata
PRUNED_SHARE = "prune_blocks"  # the share that was asked for, likewise


def masks_as_texts(masks: Mapping[str, np.ndarray]) -> dict[str, list[str]]:
    """Masks, bool [row groups, blocks] by layer, as the metadata have them."""
    return {
        name: [row.tobytes().hex() for row in np.packbits(mask, axis=1, bitorder="little")]
        for name, mask in masks.items()
    }


def masks_of(metadata: Mapping[str, Any], where: str) -> dict[str, np.ndarray]:
    """uint8 [row groups, bytes] by layer, {} where nothing was pruned; WorkbenchError for what are no masks."""
    texts = metadata.get(KEPT_BLOCKS, {})
    try:
        return {
            name: np.array([list(bytes.fromhex(row)) for row in rows], np.uint8)
            for name, rows in texts.items()
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise WorkbenchError(
            f"{where} has {KEPT_BLOCKS} that cannot be read; restore it, or train again"
        ) from error
