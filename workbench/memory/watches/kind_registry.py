"""The kinds of guards and monitors by name, and the areas of a layout with their addresses.

A kind of one's own is a `Kind` with its `Watch`, in a file of its own, and an entry in KINDS; a page
code is a `Code` and an entry `Pages(name, code)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workbench.errors import WorkbenchError, expect
from workbench.memory.codes.ecc import ECC, InPlace
from workbench.memory.codes.signatures import SIGNATURES, Code
from workbench.memory.places import Places
from workbench.memory.watches.areas import KINDS, SHIPPED, Area, Kind
from workbench.memory.watches.checksum_rows import Sums
from workbench.memory.watches.fade import Fade
from workbench.memory.watches.feature_drift import FeatureDrift, PageHinkley
from workbench.memory.watches.flash import Flash
from workbench.memory.watches.golden import Golden
from workbench.memory.watches.groups import Groups
from workbench.memory.watches.hidden_markers import HiddenMarkers
from workbench.memory.watches.input_check import InputCheck
from workbench.memory.watches.input_gain import InputGain
from workbench.memory.watches.input_rhythm import InputRhythm
from workbench.memory.watches.input_voice import InputVoice
from workbench.memory.watches.kl_watch import KlDivergence
from workbench.memory.watches.modes import MODES, Modes
from workbench.memory.watches.pages import Pages
from workbench.memory.watches.qt_ewma import QtEwma
from workbench.memory.watches.self_test import SelfTest
from workbench.memory.watches.sound_sanity import SoundSanity
from workbench.memory.watches.triple import Triple
from workbench.memory.watches.watch import Watch
from workbench.memory.watches.watchdog import Watchdog
from workbench.memory.watches.words import WordsInPlace

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


def _of_code(code: Code) -> Kind:
    if isinstance(code, InPlace):
        return WordsInPlace(code.name, code)
    kind = Groups if code.interleaved else Pages
    return kind(code.name, code, signature=code.name in SIGNATURES)


def register(kinds: Iterable[Kind]) -> None:
    """Enter kinds under their names, which areas and files call their codes by.

    One of one's own takes the place of an earlier one, as in a notebook cell that is run twice. Raises
    WorkbenchError for what is no kind, for a name that is no short word, and for one that ships.
    """
    cure = 'a list of kinds, as [Pages("adler32", Adler32())]'
    expect(kinds, Iterable, "what is to be registered", cure)
    entered = list(kinds)
    for kind in entered:
        expect(
            kind,
            Kind,
            "one of the kinds to be registered",
            'a Kind, as Pages("adler32", Adler32())',
        )
        if not (isinstance(kind.name, str) and _NAME.fullmatch(kind.name)):
            raise WorkbenchError(
                f"a kind cannot be called {kind.name!r}; give a short word of a-z, 0-9 and hyphens"
            )
        if kind.name in SHIPPED:
            raise WorkbenchError(
                f"the kind {kind.name} ships with the workbench; choose another name"
            )
    KINDS.update((kind.name, kind) for kind in entered)


_HERE = [_of_code(code) for code in (*SIGNATURES.values(), *ECC.values())]
_HERE += [Golden("golden"), Sums("abft"), Triple("triple"), SelfTest("self-test"), Fade("fade")]
_HERE += [HiddenMarkers("hidden-markers"), SoundSanity("sound-sanity"), KlDivergence("kl-watch")]
_HERE += [Watchdog("watchdog"), InputCheck("input-check"), InputGain("input-gain")]
_HERE += [InputRhythm("input-rhythm"), InputVoice("input-voice")]
_HERE += [QtEwma("qt-ewma"), FeatureDrift("feature-cusum"), PageHinkley("page-hinkley")]
_HERE += [Flash("flash"), Modes(MODES)]
register(_HERE)
SHIPPED.update(kind.name for kind in _HERE)


def watches(areas: tuple[Area, ...], layout: Places) -> list[Watch]:
    """The areas of a layout whose working sections are laid out."""
    return [
        area.kind.watch(area, layout, f"{area.code}_{number}") for number, area in enumerate(areas)
    ]
