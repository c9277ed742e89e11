"""The healer in the demonstration: repair of a damaged image, and a simulation under upsets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.audio.metrics import snr_db
from workbench.experiments.demo.record import Course, Healing, LogLine, Simulation
from workbench.experiments.voices.script import Script, script_of
from workbench.experiments.voices.voice import Voice
from workbench.healing.log import LogEntry, Verdict, in_words
from workbench.healing.overheads import overheads
from workbench.healing.simulation import SimulationResult, simulate
from workbench.healing.strategies.named import crc_scrub, nothing
from workbench.healing.timeline import snr_over_time
from workbench.memory.faults.events import Event
from workbench.memory.faults.poisson import poisson_upsets
from workbench.memory.image import Image
from workbench.memory.layout import Layout
from workbench.memory.places import SRAM_SECTIONS


def heal_and_speak(
    voice: Voice, image: Image, word: str, *, pages_per_frame: int
) -> tuple[np.ndarray, Healing]:
    """One full scrub of a damaged `image` while it speaks, then the sound of `word`.

    Returns the word as it was spoken after that, float32 [samples], and how the healing went.
    """
    strategy = crc_scrub(pages_per_frame)
    scan = overheads(image.layout, strategy).frames_per_scan or 1
    frames = voice.frames(word)
    script = script_of(voice, [word] * (-(-scan // frames) + 1))
    simulation = simulate(image, script.inputs, (), strategy, word_starts=script.starts)
    samples = simulation.samples()
    healing = Healing(
        flips=len(image.flipped()),
        frames=scan,
        seconds=scan * voice.frame_s,
        pages=image.layout.pages,
        pages_restored=sum(entry.verdict == Verdict.HEALED for entry in simulation.log),
    )
    return samples[_first_samples(voice, script)[-1] :], healing


def upsets_of(voice: Voice, script: Script, *, upsets_per_s: float, seed: int) -> tuple[Event, ...]:
    """Random upsets of everything in SRAM: parameters, histories and the healer's own variables."""
    candidates = voice.image().layout.positions(SRAM_SECTIONS)
    mean = upsets_per_s * script.frames * voice.frame_s
    return poisson_upsets(candidates, frames=script.frames, mean_upsets=mean, seed=seed)


def live(
    voice: Voice,
    script: Script,
    upsets: Sequence[Event],
    *,
    upsets_per_s: float,
    pages_per_frame: int,
) -> Simulation:
    """The voice speaks the script three times: undisturbed, under upsets, and with the healer."""
    unhealed = nothing()
    healer = crc_scrub(pages_per_frame)
    calm, damaged, healed = (
        simulate(voice.image(), script.inputs, hits, strategy, word_starts=script.starts)
        for hits, strategy in (((), unhealed), (upsets, unhealed), (upsets, healer))
    )
    layout = voice.image().layout
    return Simulation(
        words=script.utterances,
        spoken=tuple(map(voice.spoken, script.utterances)),
        starts=script.starts,
        frames=len(calm.wrong_bits),
        frame_s=voice.frame_s,
        pages=layout.pages,
        page_bytes=layout.page_bytes,
        pages_per_frame=pages_per_frame,
        upsets_per_s=upsets_per_s,
        upsets=tuple((upset.frame, upset.position) for upset in healed.upsets),
        sites=healed.sites(),
        clean=calm.samples(),
        none=_course(damaged, calm, _first_samples(voice, script)),
        healed=_course(healed, calm, _first_samples(voice, script)),
        log=tuple(log_line(entry, layout) for entry in healed.log),
    )


def log_line(entry: LogEntry, layout: Layout) -> LogLine:
    """A finding of the healer in words."""
    return LogLine(
        frame=entry.frame,
        page=entry.unit,
        holds=layout.contents(layout.watches[entry.area].addresses(entry.unit)),
        diagnosis=in_words(entry.diagnosis),
        remedy=in_words(entry.remedy),
        verdict=in_words(entry.verdict),
    )


def _first_samples(voice: Voice, script: Script) -> list[int]:
    """Where each word of a script begins in its sound."""
    rate = voice.program.signal(voice.program.output).rate
    return [rate * start for start in script.starts]


def _course(simulation: SimulationResult, calm: SimulationResult, starts: list[int]) -> Course:
    samples, clean = simulation.samples(), calm.samples()
    parts = zip(np.split(samples, starts[1:]), np.split(clean, starts[1:]), strict=True)
    return Course(
        samples=samples,
        snr_db=snr_db(samples, clean),
        word_snr_db=tuple(snr_db(part, expected) for part, expected in parts),
        damaged_bits=simulation.wrong_bits,
        error_db=-snr_over_time(simulation, calm),
    )
