"""Files, strategies, simulations and panels that are given another kind of thing: one sentence that names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from voices import voice

from workbench.audio.recordings import load_recordings
from workbench.audio.sound_files import read_audio, write_wav
from workbench.errors import WorkbenchError
from workbench.experiments.campaigns.campaign_run import campaign_of
from workbench.experiments.campaigns.class_calibration import heard_classes
from workbench.experiments.campaigns.store import Store, merge, open_results
from workbench.experiments.campaigns.summary import summary
from workbench.experiments.demo.demo import make_demo
from workbench.experiments.fleets.healed_speech import healed_speech
from workbench.experiments.maps.worst_bits import worst_bits
from workbench.experiments.voices.quality import quality_of_recordings, quality_of_voice
from workbench.experiments.voices.script import script_of
from workbench.files import output_folder, write_text
from workbench.healing.simulation import simulate, simulate_many
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.named import named
from workbench.healing.strategies.strategy import Guard, Policy, Strategy
from workbench.healing.strategies.strategy_file import load_strategy, save_strategy
from workbench.healing.strategies.variants import strategy_variants
from workbench.integer.storage import load_program
from workbench.memory.codes.in_place import in_place_program
from workbench.memory.faults.arrivals import read_rate
from workbench.memory.faults.events import Event
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.image import Image
from workbench.memory.watches.areas import Area
from workbench.panels.compare_healing import HealingPanel
from workbench.panels.hear_flips import FlipPanel
from workbench.training.checkpoint import load_checkpoint


def _simulation(**changed: Any) -> Any:
    arguments = {
        "image": voice().image(), "inputs": voice().inputs("7"), "upsets": (), "strategy": named("none"),
    }  # fmt: skip
    return simulate(**{**arguments, **changed})


NO_LIST = r"what happens to a device is 3 \(int\); give a list of events"
CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "image in a number": (lambda: Image.load(3), r"the file of the kind image is 3 \(int\); give its path"),
    "image to a number": (lambda: voice().image().save(3), r"a file is 3 \(int\); give its path"),
    "program in nothing": (lambda: load_program(None), r"the file of the kind program is None"),
    "mask in a number": (lambda: ProtectionMask.load(3), r"the file of the kind protect is 3"),
    "checkpoint in a number": (lambda: load_checkpoint(3), "the folder of a checkpoint is 3"),
    "results in a number": (lambda: open_results(3), "the folder of results is 3"),
    "results of a number": (lambda: merge([3], "a"), "a folder of results is 3"),
    "sound in a number": (lambda: read_audio(3), "the file of a sound is 3"),
    "sound to a number": (lambda: write_wav(3, voice().speak("7")), "a file is 3"),
    "recordings in a number": (lambda: load_recordings(3), "a folder of recordings is 3"),
    "folder": (lambda: output_folder(3), "a folder is 3"),
    "text": (lambda: write_text(None, ""), "a file is None"),
    "strategy in a number": (lambda: load_strategy(3), r"the file of a strategy is 3 \(int\); give its path"),
    "name for a strategy": (lambda: save_strategy("x", Path("a.json")), r"what is to be saved is 'x' \(str\); give a Str"),
    "strategy by number": (lambda: named(3), r"the name of a strategy is 3 \(int\); give text"),
    "strategy by list": (lambda: named([]), r"the name of a strategy is \[\] \(list\)"),
    "strategy for a voice": (lambda: named("crc-scrub", voice()), "fitted to is of the type Voice; give a Program"),
    "image for a voice": (lambda: named("crc-scrub").image(voice()), "to protect is of the type Voice; give a Program"),
    "layout for a voice": (lambda: named("crc-scrub").layout(voice()), "to protect is of the type Voice"),
    "guard of a name": (lambda: Guard("crc32"), r"the area of a guard is 'crc32' \(str\); give an Area"),
    "guards of an area": (lambda: Strategy("a", (Area("crc32"),)), "one of the guards .* of the type Area; give a Guard"),
    "policy of a dictionary": (lambda: Strategy("a", policy={}), r"the policy of a strategy is \{\} \(dict\)"),
    "policy": (lambda: Policy(validate=1), r"validate of a policy is 1 \(int\); give True or False"),
    "simulation of a voice": (lambda: _simulation(image=voice()), "the memory of a device is of the type Voice; give an Image"),
    "simulation under a name": (lambda: _simulation(strategy="none"), r"the healer is 'none' \(str\); give a Strategy"),
    "simulation with numbers": (lambda: _simulation(upsets=[3]), r"one of the events of a device is 3 \(int\); give Event"),
    "simulation with a number": (lambda: _simulation(upsets=3), NO_LIST),
    "simulation with half frames": (lambda: _simulation(upsets=[Event(1.5, 3)]), r"the frame of an event is 1\.5 \(float\)"),
    "simulation with a bit's name": (lambda: _simulation(upsets=[Event(1, "a")]), r"the position of an event is 'a'"),
    "simulation with another action": (lambda: _simulation(upsets=[Event(1, 2, -1)]), r"the action of an event is -1 \(int\)"),
    "simulation with word starts": (lambda: _simulation(word_starts=3), "word_starts is 3"),
    "simulations with a number": (
        lambda: simulate_many(voice().image(), voice().inputs("7"), 3, named("none")), "the list of schedules is 3"),
    "panel of flips": (lambda: FlipPanel(3), r"the voice of a panel is 3 \(int\); give a Voice"),
    "panel of healing": (lambda: HealingPanel(3), r"the voice of a panel is 3 \(int\); give a Voice"),
    "panel with a number": (lambda: HealingPanel(voice(), 3), r"what is to be compared is 3 \(int\)"),
    "strategies by number": (
        lambda: strategy_variants([3], voice().program, {}), r"a strategy is 3 \(int\); give a Strategy, a name"),
    "healed speech": (lambda: healed_speech(voice().image(), None, None), "what speaks is of the type Image"),
    "classes": (lambda: heard_classes(voice().image(), sounds=2), "what is to be heard is of the type Image"),
    "quality": (lambda: quality_of_voice(voice().image()), "what is to be measured is of the type Image"),
    "merged number": (lambda: merge(3, "a"), r"what is to be merged is 3 \(int\); give a list of folders"),
    "merged folder": (lambda: merge("a", "b"), r"what is to be merged is 'a' \(str\); give a list of folders"),
    "merged path": (lambda: merge(Path("a"), "b"), "what is to be merged is of the type"),
    "store of a plan": (lambda: Store("never-made", Plan.parse("flips=3")), "a folder is to hold is of the type Plan"),
    "summary of a number": (lambda: summary(3), r"what is to be summed up is 3 \(int\)"),
    "summary of folders": (lambda: summary(["a"]), r"one of what is to be summed up is 'a' \(str\)"),
    "campaign on a voice": (
        lambda: campaign_of(voice(), {}, Plan.parse("flips=3"), trials=1), "to damage is of the type Voice"),
    "campaign of words": (
        lambda: campaign_of(voice().image(), ["7"], Plan.parse("flips=3"), trials=1), r"what is said is \['7'\]"),
    "campaign of a text": (
        lambda: campaign_of(voice().image(), {"7": voice().inputs("7")}, "flips=3", trials=1), "happen is 'flips=3'"),
    "worst bits of a voice": (lambda: worst_bits(voice(), {}, [1], bits=1), "be damaged is of the type Voice"),
    "worst bits of words": (lambda: worst_bits(voice().image(), ["7"], [1], bits=1), r"what is said is \['7'\]"),
    "script of an image": (lambda: script_of(voice().image(), ["7"]), "what speaks is of the type Image"),
    "script of a text": (lambda: script_of(voice(), "31"), r"what is said is '31' \(str\); give a list"),
    "script of a number": (lambda: script_of(voice(), 3), r"what is said is 3 \(int\)"),
    "demo of an image": (lambda: make_demo(voice().image(), "never", word="7", seed=0), "what speaks is of the type"),
    "rate of a number": (lambda: read_rate(3), r"a rate of upsets is 3 \(int\); give text"),
    "fitted name": (lambda: fitted("crc-scrub", voice().program), r"to be fitted is 'crc-scrub' \(str\)"),
    "words in an image": (lambda: in_place_program(voice().image(), "secded64"), "moved to words is of the type Image"),
    "quality of recordings": (lambda: quality_of_recordings(3), "what has recordings is 3"),
}  # fmt: skip


@pytest.mark.parametrize("case", CALLS)
def test_a_wrong_call_gets_one_sentence(case: str) -> None:
    call, words = CALLS[case]
    with pytest.raises(WorkbenchError, match=words) as refusal:
        call()
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300
