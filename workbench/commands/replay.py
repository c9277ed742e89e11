"""`workbench replay`: the sound and the fault events of any trial, from its identifier."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

import numpy as np

from workbench.commands.common import add_checkpoint, add_image, chosen_voice, image_of
from workbench.errors import WorkbenchError
from workbench.experiments.voices.outputs import compared, in_words, output_name, write_output
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.files import write_text
from workbench.generators.generator_registry import names
from workbench.memory.faults.events import ACTIONS, Events
from workbench.memory.faults.plan import TrialId
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites, TransientPlace
from workbench.memory.places import Place
from workbench.memory.trials.truth import play

_OUT = "out/replay"
_EVENTS_SHOWN = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the trial, its checkpoint, and where the sound goes."""
    parser.add_argument("trial", metavar="ID", help="the identifier that was printed for a trial")
    add_image(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--protect", type=Path, metavar="FILE", help="the mask that the trial ran under"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"the sound to write ({_OUT}.wav), or the face ({_OUT}.csv)",
    )
    parser.add_argument(
        "--events", type=Path, metavar="FILE", help="write all events there, one a line"
    )


def run(options: argparse.Namespace) -> None:
    """Play the trial on the plain reference, write its sound and print its events and the distance of the sounds.

    Raises WorkbenchError for what is no identifier, a trial of another image or generator, and a file
    that cannot be written.
    """
    trial = TrialId.parse(options.trial)
    voice = _voice_of(trial, options)
    image = image_of(options.image, voice)
    out = options.out or Path(output_name(_OUT, voice))
    sites = Sites(image)
    mask = ProtectionMask.load(options.protect) if options.protect else None
    events = trial.events(sites, mask)
    inputs = voice.inputs(trial.utterance)
    calm = events.of_trials(1, 1)
    clean, codes = play(voice.image(), inputs, calm), play(image, inputs, events)
    lines = event_lines(events, sites)
    if options.events:
        write_text(options.events, "".join(f"{line}\n" for line in lines))
    sound = image.program.rendered(codes)
    write_output(out, sound, voice)

    print(f"trial {trial.index} of {trial.plan}, saying {voice.spoken(trial.utterance)!r}")
    print(f"events: {len(lines):,}{_earlier(len(image.flipped()))}")
    for line in lines[:_EVENTS_SHOWN]:
        print(f"  {line}")
    if len(lines) > _EVENTS_SHOWN:
        print(f"  and {len(lines) - _EVENTS_SHOWN:,} more; --events FILE writes them all")
    print(_compared(codes, clean))
    print(in_words(compared(sound, image.program.rendered(clean), voice)))
    print(f"the {voice.generator.output} is in {out}")


def _voice_of(trial: TrialId, options: argparse.Namespace) -> Voice:
    """That which is named; where none is, of those that generators ship the one whose memory the trial hit."""
    if not (options.checkpoint or options.image):
        for name in names():
            with suppress(WorkbenchError):  # it ships none, or its trial is not this one
                voice = open_voice(generator=name, wide_biases=options.wide_biases)
                trial.check(voice.image())
                return voice
    return chosen_voice(options)


def event_lines(events: Events, sites: Sites) -> list[str]:
    """Every event in words: frame, what happens, and the bit by name, meaning and address."""
    number, element, _ = sites.locate(events.position)
    lines = []
    for place, index, frame, position, action in zip(
        number, element, events.frame, events.position, events.action, strict=True
    ):
        meaning = _meaning(sites, sites.places[place], int(index)) if place >= 0 else ""
        stored = position < sites.transients.first
        address = f"address {position >> 3} bit {position & 7}" if stored else "not stored"
        inside = ", ".join(filter(None, (meaning, address)))
        lines.append(
            f"frame {frame}: {ACTIONS[action]} {sites.site(int(position))} "
            f"(position {position}: {inside})"
        )
    return lines


def _meaning(sites: Sites, place: Place | TransientPlace, element: int) -> str:
    """Which channel, tap, ... an element is: "phase 0, channel 3, tap 1, input 2"."""
    axes = place.axes if isinstance(place, TransientPlace) else sites.layout.axes(place)
    index = np.unravel_index(element, place.shape)
    if len(axes) != len(index):
        return ""
    return ", ".join(f"{axis} {i}" for axis, i in zip(axes, index, strict=True))


def _earlier(flipped: int) -> str:
    return f", after {flipped:,} bits that the image had flipped already" if flipped else ""


def _compared(codes: np.ndarray, clean: np.ndarray) -> str:
    error = codes.astype(np.int64) - clean.astype(np.int64)
    differs = np.flatnonzero(error.any(axis=1))
    if not len(differs):
        return "masked: every sample is the same"
    return (
        f"{len(differs):,} of {len(codes):,} samples differ, the first is number {differs[0]:,}, "
        f"the largest error is {np.abs(error).max():,} codes"
    )
