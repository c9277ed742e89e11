"""What the examples of an exported `challenge` say, and commands that build them."""

import re
import subprocess
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


def run_command(*words: str | Path, cwd: Path) -> str:
    """What a command prints that must succeed."""
    done = subprocess.run([*map(str, words)], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
