"""The kinds of guards and monitors in C by their class, and what a step has for its monitors.

A kind of one's own is an entry of KINDS_IN_C; one that derives from a kind with an entry, and leaves
its watch as it is, needs none.
"""

from __future__ import annotations

from collections.abc import Iterator

from workbench.errors import WorkbenchError
from workbench.firmware.design import Firmware
from workbench.firmware.guards.checksum_rows import SumsInC
from workbench.firmware.guards.fade import FadeInC
from workbench.firmware.guards.flash import FlashInC
from workbench.firmware.guards.frame_features import DriftInC, QuantInC
from workbench.firmware.guards.golden import GoldenInC
from workbench.firmware.guards.hidden_markers import MarkersInC
from workbench.firmware.guards.in_c import Guarded, InC
from workbench.firmware.guards.input_check import InputsInC
from workbench.firmware.guards.input_gain import GainInC
from workbench.firmware.guards.input_rhythm import RhythmInC
from workbench.firmware.guards.input_voice import VoiceInC
from workbench.firmware.guards.kl_watch import KlInC
from workbench.firmware.guards.modes import ModesInC
from workbench.firmware.guards.pages import PagesInC
from workbench.firmware.guards.self_test import SelfTestInC
from workbench.firmware.guards.sound_sanity import SanityInC
from workbench.firmware.guards.triple import TripleInC
from workbench.firmware.guards.watchdog import WatchdogInC
from workbench.firmware.operators import Call, call_of
from workbench.integer.operators import Operator
from workbench.memory.watches.areas import Kind
from workbench.memory.watches.checksum_rows import Sums
from workbench.memory.watches.fade import Fade
from workbench.memory.watches.feature_drift import FeatureDrift
from workbench.memory.watches.flash import Flash
from workbench.memory.watches.golden import Golden
from workbench.memory.watches.groups import Groups
from workbench.memory.watches.hidden_markers import HiddenMarkers
from workbench.memory.watches.input_check import InputCheck
from workbench.memory.watches.input_gain import InputGain
from workbench.memory.watches.input_rhythm import InputRhythm
from workbench.memory.watches.input_voice import InputVoice
from workbench.memory.watches.kl_watch import KlDivergence
from workbench.memory.watches.modes import Modes
from workbench.memory.watches.pages import Pages
from workbench.memory.watches.qt_ewma import QtEwma
from workbench.memory.watches.self_test import SelfTest
from workbench.memory.watches.sound_sanity import SoundSanity
from workbench.memory.watches.triple import Triple
from workbench.memory.watches.watchdog import Watchdog

KINDS_IN_C: dict[type[Kind], InC] = {
    Pages: PagesInC(),
    Groups: PagesInC(),
    Golden: GoldenInC(),
    Fade: FadeInC(),
    Sums: SumsInC(),
    Triple: TripleInC(),
    SelfTest: SelfTestInC(),
    HiddenMarkers: MarkersInC(),
    SoundSanity: SanityInC(),
    KlDivergence: KlInC(),
    Watchdog: WatchdogInC(),
    QtEwma: QuantInC(),
    FeatureDrift: DriftInC(),
    Flash: FlashInC(),
    Modes: ModesInC(),
    InputCheck: InputsInC(),
    InputGain: GainInC(),
    InputRhythm: RhythmInC(),
    InputVoice: VoiceInC(),
}


def kind_in_c(kind: Kind) -> InC:
    """The entry of a kind, or of what it derives from and whose watch it shares.

    Raises WorkbenchError for a kind without one: another watch means another thing in C.
    """
    for each in type(kind).__mro__:
        if each in KINDS_IN_C and issubclass(each, Kind) and each.watch is type(kind).watch:
            return KINDS_IN_C[each]
    raise WorkbenchError(
        f"the guard {kind.name} has no C; write it and enter it in KINDS_IN_C of "
        "workbench.firmware.guards.guard_registry"
    )


def guarded(firmware: Firmware) -> list[tuple[InC, Guarded]]:
    """All guards of a firmware, in their order."""
    return [
        (kind_in_c(guard.area.kind), Guarded(firmware, number, guard, watch))
        for number, (guard, watch) in enumerate(firmware.guards)
    ]


def headers() -> set[str]:
    """Files of the runtime that all kinds together need."""
    return {name for entry in KINDS_IN_C.values() for name in entry.headers}


def _monitors(firmware: Firmware) -> Iterator[tuple[InC, Guarded]]:
    for entry, each in guarded(firmware) if firmware.heals else ():
        if each.guard.area.kind.stream:
            yield entry, each


def monitor_locals(firmware: Firmware) -> list[str]:
    """Declarations of a step."""
    return [line for entry, each in _monitors(firmware) for line in entry.locals(each)]


def before_frame(firmware: Firmware) -> list[str]:
    """What monitors do once the inputs are there: first those that change them."""
    found = sorted(
        _monitors(firmware), key=lambda pair: not pair[1].guard.area.kind.corrects_inputs
    )
    return [line for entry, each in found for line in entry.before_frame(each)]


def watched_operator(firmware: Firmware, call: Call, arguments: str) -> list[str]:
    """The lines that compute a convolution whose sums a monitor sees; none where none does.

    Raises WorkbenchError where several monitors would compute it.
    """
    given = {
        each.guard.area.code: lines
        for entry, each in _monitors(firmware)
        if (lines := entry.operator(each, call, arguments))
    }
    if len(given) > 1:
        raise WorkbenchError(
            f"{' and '.join(given)} both compute the operator {call.operator.name} in C, to see its sums; leave "
            "one of these monitors out"
        )
    return next(iter(given.values()), [])


def after_operator(firmware: Firmware, operator: Operator) -> list[str]:
    """What monitors see of the signal that an operator has computed."""
    call = call_of(firmware, operator)
    return [
        line for entry, each in _monitors(firmware) for line in entry.after_operator(each, call)
    ]


def after_heal(firmware: Firmware) -> list[str]:
    """What changes the output before it leaves the device."""
    return [line for entry, each in guarded(firmware) for line in entry.after_heal(each)]


def after_frame(firmware: Firmware) -> list[str]:
    """What monitors do once the output is there, in the order of the guards."""
    return [line for entry, each in _monitors(firmware) for line in entry.after_frame(each)]
