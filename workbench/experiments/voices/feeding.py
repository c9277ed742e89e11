"""Feeding an exported generator: its inputs in the frames of an utterance, as C and in words."""

from __future__ import annotations

import numpy as np

from workbench.experiments.voices.voice import Voice
from workbench.firmware.design import c_type
from workbench.firmware.exporting.export import Feeding
from workbench.firmware.names import Names
from workbench.generators.generator import SOUND

_MOST_CODES = 2048  # of an input of one utterance, that the example spells out


def feeding_of(voice: Voice) -> Feeding:
    """How to make this voice speak; the example says its last utterance."""
    names, said = Names(), voice.utterances[-1]
    fill, meanings, columns = [], [], {}
    for name in voice.program.inputs:
        c_name = f"in_{names.of(name)}"
        codes = [voice.inputs(word)[name][0] for word in voice.utterances]  # [rows, channels] each
        line, meaning = _input(voice, name, c_name, codes)
        fill += line
        meanings.append(meaning)
        if _is_constant(codes):
            columns[c_name] = [int(each[0, 0]) for each in codes]
    noun, frames = voice.generator.noun, voice.frames(said)
    output = voice.program.signal(voice.program.output)
    given = (
        f"{output.rate} samples of sound at {voice.sample_rate_hz:,} Hz"
        if voice.generator.output == SOUND
        else f"{output.channels} shapes of a face, {1000 * voice.generator.delay_s:g} ms after the sound"
    )
    lasting = (
        f"Every {noun} has {frames} frames, 0 to {frames - 1}"
        if len({voice.frames(word) for word in voice.utterances}) == 1
        else f"The {noun} of the example has {frames} frames"
    )
    notes = (
        f"{'; '.join(meanings)}.\n{lasting}, {frames * voice.frame_s:.3g} s; a frame gives {given}."
        f"{_table(voice, columns)}"
    )
    return Feeding(frames=frames, fill=tuple(fill), notes=notes)


def _input(voice: Voice, name: str, c_name: str, codes: list[np.ndarray]) -> tuple[list[str], str]:
    """Lines of C that fill one input in frame `frame`, and what it means."""
    noun, signal, last = voice.generator.noun, voice.program.signal(name), codes[-1]
    kind = c_type(signal.bits)
    if _is_constant(codes):
        line = f"{c_name}[0] = {int(last[0, 0])}; /* which {noun}: see the table below */"
        return [line], f"`{c_name}` is the {noun}, the same in all of its frames"
    counted = np.arange(len(last))[:, None]
    if signal.rate == 1 and all(np.array_equal(each, counted[: len(each)]) for each in codes):
        line = f"{c_name}[0] = ({kind})frame;"
        return [line], f"`{c_name}` is the number of the frame in the {noun}"
    meaning = f"`{c_name}` has codes of its own in every frame"
    if last.size > _MOST_CODES:
        return [f"/* fill {c_name} with the codes of the frame */"], meaning
    each, values = signal.rate * signal.channels, ", ".join(map(str, last.reshape(-1).tolist()))
    lines = [
        f"static const {kind} {c_name}_codes[] = {{{values}}};",
        f"for (uint32_t i = 0; i < {each}u; i++) {{",
        f"    {c_name}[i] = {c_name}_codes[{each}u * frame + i];",
        "}",
    ]
    return lines, meaning


def _is_constant(codes: list[np.ndarray]) -> bool:
    """Whether one number stands for each utterance."""
    return all(each.shape[1] == 1 and (each == each[0]).all() for each in codes)


def _table(voice: Voice, columns: dict[str, list[int]]) -> str:
    """Which numbers say what, "" where no input is one number."""
    if not columns:
        return ""
    head = " | ".join(f"`{name}`" for name in columns)
    rows = "".join(
        f"\n| {' | '.join(map(str, numbers))} | {_cell(voice.spoken(word))} |"
        for *numbers, word in zip(*columns.values(), voice.utterances, strict=True)
    )
    return f"\n\n| {head} | says |\n{'|---' * (len(columns) + 1)}|{rows}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
