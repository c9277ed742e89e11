"""The log in words: one vocabulary, no two findings alike."""

from programs import random_program

from workbench.healing.log import Diagnosis, LogEntry, Remedy, Verdict, in_words, log_lines
from workbench.memory.image import Image


def test_every_finding_has_words_of_its_own() -> None:
    findings = [*Diagnosis, *Remedy, *Verdict]
    assert len({in_words(finding) for finding in findings}) == len(findings)


def test_a_line_says_when_where_what_and_how_it_ended() -> None:
    layout = Image.of(random_program(1)).layout
    entry = LogEntry(250, 0, 0, Diagnosis.MEMORY, Remedy.RESTORE, Verdict.HEALED)
    (line,) = log_lines((entry,), layout, frame_s=0.008)
    names = layout.contents(layout.page(0))
    tensors = ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
    assert line == (
        f"frame    250     2.000 s  crc32_0    0 ({tensors}): memory upset, restored, healed"
    )
