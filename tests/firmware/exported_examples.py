"""What the examples of an exported `challenge` say."""

import re
from pathlib import Path

import numpy as np
from voices import voice

from workbench.integer.reference import run


def spoken_by_examples(folder: Path) -> np.ndarray:
    """Codes of one utterance, int16 [frames * rate]."""
    source = (folder / "examples" / "bare_metal.c").read_text()
    row = re.search(r"in_word\[0\] = (\d+);", source)
    assert row
    program, word = voice().program, voice().utterances[int(row[1])]
    return run(program, voice().inputs(word))[program.output][0][:, 0]
