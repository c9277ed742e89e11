"""Train, break, heal and flash tiny generative audio models, exact to the bit.

    import workbench as wb

    voice = wb.load("challenge")
    image = voice.image(healer="pq-scrub")
    bad = image.flip(operator="up2", tensor="weight", bits=7, count=10, seed=1)
    wb.listen(voice.speak("seven", bad))

What `__all__` names is public: it keeps its meaning from one minor version to the next. Nothing is imported
before its name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from workbench import layers as layers
    from workbench.errors import WorkbenchError as WorkbenchError
    from workbench.errors import WorkbenchWarning as WorkbenchWarning
    from workbench.experiments.monitors.calibration import Calibration as Calibration
    from workbench.experiments.monitors.calibration import calibrate as calibrate
    from workbench.experiments.voices.faulty_speech import hear as hear
    from workbench.experiments.voices.voice import Voice as Voice
    from workbench.face.ageing import aged as aged
    from workbench.face.campaigns import campaign as campaign
    from workbench.face.campaigns import summary as summary
    from workbench.face.comparing import Comparison as Comparison
    from workbench.face.comparing import compare as compare
    from workbench.face.comparing import simulate as simulate
    from workbench.face.emulating import Emulated as Emulated
    from workbench.face.emulating import emulate as emulate
    from workbench.face.exporting import Exported as Exported
    from workbench.face.exporting import export as export
    from workbench.face.hearing import listen as listen
    from workbench.face.hearing import replay as replay
    from workbench.face.loading import generator_names as generator_names
    from workbench.face.loading import load as load
    from workbench.face.loading import strategy_names as strategy_names
    from workbench.face.loading import unpruned as unpruned
    from workbench.face.mapping import map_bits as map_bits
    from workbench.face.mapping import quality_curve as quality_curve
    from workbench.face.own import voice_of as voice_of
    from workbench.face.publishing import paper as paper
    from workbench.face.seeing import avatar as avatar
    from workbench.face.training import train as train
    from workbench.face.updating import UpdateCuts as UpdateCuts
    from workbench.face.updating import update_cuts as update_cuts
    from workbench.face.users import Experiences as Experiences
    from workbench.face.users import users as users
    from workbench.face.watching import watch as watch
    from workbench.generators.generator import Generator as Generator
    from workbench.generators.generator_registry import register as register
    from workbench.generators.inputs import RowIndexes as RowIndexes
    from workbench.generators.inputs import Samples as Samples
    from workbench.healing.log import Remedy as Remedy
    from workbench.healing.strategies.composing import guard as guard
    from workbench.healing.strategies.policy import Policy as Policy
    from workbench.healing.strategies.strategy import Guard as Guard
    from workbench.healing.strategies.strategy import Strategy as Strategy
    from workbench.healing.strategies.strategy_file import load_strategy as load_strategy
    from workbench.healing.strategies.strategy_file import save_strategy as save_strategy
    from workbench.integer.lowering.lower import lower as lower
    from workbench.integer.storage import load_program as load_program
    from workbench.integer.storage import save_program as save_program
    from workbench.memory.faults.plan import Plan as Plan
    from workbench.memory.faults.plan import TrialId as TrialId
    from workbench.memory.faults.protection import ProtectionMask as ProtectionMask
    from workbench.memory.image import Image as Image
    from workbench.memory.watches.areas import Area as Area
    from workbench.panels.app import App as App
    from workbench.panels.behaviour_panel import BehaviourPanel as BehaviourPanel
    from workbench.panels.bit_lab import BitLab as BitLab
    from workbench.panels.compare_healing import HealingPanel as HealingPanel
    from workbench.panels.criticality_map import CriticalityMap as CriticalityMap
    from workbench.panels.firmware import FirmwarePanel as FirmwarePanel
    from workbench.panels.hear_flips import FlipPanel as FlipPanel
    from workbench.panels.notebook_files import results_folder as results_folder
    from workbench.panels.player import player as player
    from workbench.panels.strategy_bench import StrategyBench as StrategyBench
    from workbench.panels.training_monitor import TrainingMonitor as TrainingMonitor
    from workbench.panels.versions_panel import VersionsPanel as VersionsPanel

# Name -> the module that has it, or that it is.
_MODULES = {
    "App": "panels.app",
    "Area": "memory.watches.areas",
    "BehaviourPanel": "panels.behaviour_panel",
    "BitLab": "panels.bit_lab",
    "Calibration": "experiments.monitors.calibration",
    "Comparison": "face.comparing",
    "CriticalityMap": "panels.criticality_map",
    "Emulated": "face.emulating",
    "Experiences": "face.users",
    "Exported": "face.exporting",
    "FirmwarePanel": "panels.firmware",
    "FlipPanel": "panels.hear_flips",
    "Generator": "generators.generator",
    "Guard": "healing.strategies.strategy",
    "HealingPanel": "panels.compare_healing",
    "Image": "memory.image",
    "Plan": "memory.faults.plan",
    "Policy": "healing.strategies.policy",
    "ProtectionMask": "memory.faults.protection",
    "Remedy": "healing.log",
    "RowIndexes": "generators.inputs",
    "Samples": "generators.inputs",
    "Strategy": "healing.strategies.strategy",
    "StrategyBench": "panels.strategy_bench",
    "TrainingMonitor": "panels.training_monitor",
    "TrialId": "memory.faults.plan",
    "UpdateCuts": "face.updating",
    "VersionsPanel": "panels.versions_panel",
    "Voice": "experiments.voices.voice",
    "WorkbenchError": "errors",
    "WorkbenchWarning": "errors",
    "aged": "face.ageing",
    "avatar": "face.seeing",
    "calibrate": "experiments.monitors.calibration",
    "campaign": "face.campaigns",
    "compare": "face.comparing",
    "emulate": "face.emulating",
    "export": "face.exporting",
    "generator_names": "face.loading",
    "guard": "healing.strategies.composing",
    "hear": "experiments.voices.faulty_speech",
    "layers": "layers",
    "listen": "face.hearing",
    "load": "face.loading",
    "load_program": "integer.storage",
    "load_strategy": "healing.strategies.strategy_file",
    "lower": "integer.lowering.lower",
    "map_bits": "face.mapping",
    "paper": "face.publishing",
    "player": "panels.player",
    "quality_curve": "face.mapping",
    "register": "generators.generator_registry",
    "replay": "face.hearing",
    "results_folder": "panels.notebook_files",
    "save_program": "integer.storage",
    "save_strategy": "healing.strategies.strategy_file",
    "simulate": "face.comparing",
    "strategy_names": "face.loading",
    "summary": "face.campaigns",
    "train": "face.training",
    "unpruned": "face.loading",
    "update_cuts": "face.updating",
    "users": "face.users",
    "voice_of": "face.own",
    "watch": "face.watching",
}

__all__ = [*_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    """Import the module of a public name and remember what it has."""
    if name not in _MODULES:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULES[name]}")
    value = module if _MODULES[name] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
