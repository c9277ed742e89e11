"""The demonstration: a voice, the same voice damaged and healed, its firmware; as data and a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from workbench import __version__
from workbench.errors import expect
from workbench.experiments.demo.captions import commands, demo_command, metadata_rows
from workbench.experiments.demo.clips import ClipMaker, clean_clips, flipped_clips, healed_clip
from workbench.experiments.demo.device import run_device
from workbench.experiments.demo.page import render
from workbench.experiments.demo.record import Demonstration
from workbench.experiments.demo.simulated import heal_and_speak, live, upsets_of
from workbench.experiments.demo.stages import Stages
from workbench.experiments.demo.summary import summarise
from workbench.experiments.threads import one_thread
from workbench.experiments.voices.script import script_of
from workbench.experiments.voices.voice import Voice
from workbench.files import output_folder, write_text
from workbench.memory.places import WORKING_SECTIONS

PAGE_FILE, SUMMARY_FILE = "index.html", "summary.json"
_SHARES = (26, 4, 1, 2, 22, 1)  # of the stages: of the time that all of them take


@dataclass(frozen=True)
class DemoPlan:
    """What the demonstration does, beside the word and the seed.

    flips: numbers of flipped bits, one clip each. script: words spoken while upsets arrive, () for those of
    the generator.
    upsets_per_s: of the whole SRAM image, on average. pages_per_frame: that the healer checks.
    """

    flips: tuple[int, ...] = (1, 10, 100, 1000)
    script: tuple[str, ...] = ()
    upsets_per_s: float = 40.0
    pages_per_frame: int = 16


def make_demo(
    voice: Voice, out: Path | str, *, word: str, seed: int, plan: DemoPlan | None = None
) -> Path:
    """Do it all and write the page and its figures to `out`; returns the path of the page.

    What lay there before is left alone until everything is done. Raises WorkbenchError when the
    voice cannot say a word or `out` cannot be written.
    """
    expect(voice, Voice, "what speaks", "a Voice, as open_voice()")
    folder = output_folder(out)
    stages = Stages(_SHARES)
    with one_thread():
        demonstration = demonstrate(
            voice, word=word, seed=seed, plan=plan or DemoPlan(), stages=stages
        )
    with stages.stage("the page"):
        summary = summarise(demonstration)
        page = render(demonstration, summary)
        figures = json.dumps(summary, indent=1, allow_nan=False, ensure_ascii=False)
    write_text(folder / PAGE_FILE, page)
    write_text(folder / SUMMARY_FILE, figures + "\n")
    return folder / PAGE_FILE


def demonstrate(
    voice: Voice, *, word: str, seed: int, plan: DemoPlan, stages: Stages
) -> Demonstration:
    """Everything that the page shows, in the first five stages."""
    word, noun = voice.utterance(word), voice.generator.noun
    with stages.stage(f"the {noun} {voice.spoken(word)!r}: recorded, float, quantised"):
        maker = ClipMaker(voice, word)
        clips = clean_clips(maker, voice.speak_in_float(word))
    with stages.stage(f"flipping {', '.join(f'{count:,}' for count in plan.flips)} bits"):
        flipped, broken = flipped_clips(maker, word, plan.flips, seed=seed)
    with stages.stage("healing the last one"):
        healed, healing = heal_and_speak(voice, broken, word, pages_per_frame=plan.pages_per_frame)
        clips += [*flipped, healed_clip(maker, healed)]
    words = plan.script or voice.generator.script(voice.config)
    with stages.stage(f"{len(words)} {noun}s under {plan.upsets_per_s:g} upsets a second"):
        script = script_of(voice, words)
        upsets = upsets_of(voice, script, upsets_per_s=plan.upsets_per_s, seed=seed)
        simulation = live(
            voice,
            script,
            upsets,
            upsets_per_s=plan.upsets_per_s,
            pages_per_frame=plan.pages_per_frame,
        )
    with stages.stage("firmware: compiling it and running it on emulated cores"):
        device, device_absent = run_device(voice, word, script, upsets, simulation)
    return Demonstration(
        version=__version__,
        command=demo_command(voice, word, seed),
        word=word,
        spoken=voice.spoken(word),
        answer=maker.understood.answer,
        seed=seed,
        scale=voice.generator.scale,
        clips=tuple(clips),
        sections=tuple(voice.image().layout.sections[name] for name in WORKING_SECTIONS),
        healing=healing,
        simulation=simulation,
        device=device,
        device_absent=device_absent,
        recogniser_absent=maker.understood.absent,
        metadata=metadata_rows(voice.metadata),
        hashes={"program": voice.program.content_hash, "image": voice.image().content_hash},
        commands=commands(
            voice,
            word=word,
            seed=seed,
            flipped=flipped,
            simulation=simulation,
            upsets=plan.upsets_per_s * script.frames * voice.frame_s,
        ),
        macs_per_frame=voice.program.macs_per_frame(),
        frame_s=voice.frame_s,
        sample_rate_hz=voice.sample_rate_hz,
    )
