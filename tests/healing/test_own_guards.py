"""Kinds and remedies of an installed package: an entry point is enough for strategy files that name them."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import WorkbenchError
from workbench.experiments.voices.voice import open_voice
from workbench.healing import log
from workbench.healing.log import Remedy
from workbench.healing.remedies import REMEDIES, Action
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.strategy_file import load_strategy, summary
from workbench.memory.codes.signatures import DualSum, Xor
from workbench.memory.watches.areas import KINDS, Area
from workbench.memory.watches.kind_registry import register
from workbench.memory.watches.own import GROUP, load_own
from workbench.memory.watches.pages import Pages

MODULE = """
from workbench.healing.log import own_remedy
from workbench.healing.remedies import REMEDIES, Action
from workbench.memory.codes.signatures import Xor
from workbench.memory.watches.areas import KINDS
from workbench.memory.watches.pages import Pages

KINDS["parcel"] = Pages("parcel", Xor(), signature=True)
REMEDIES[own_remedy(77, "WRAP", "wrapped")] = Action(lambda *unit: False)
"""
STRATEGY = """
name = "mine"

[[guard]]
code = "parcel"
repair = ["wrap", "restore"]
unit_bytes = 64
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which a package is installed, and what it registers gone afterwards."""
    kinds, remedies, own = dict(KINDS), dict(REMEDIES), dict(log._OWN)
    information = tmp_path / "parcels-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: parcels\nVersion: 1\n")
    (information / "entry_points.txt").write_text(f"[{GROUP}]\nparcels = parcels_of_guards\n")
    monkeypatch.syspath_prepend(tmp_path)
    load_own.cache_clear()
    yield tmp_path
    load_own.cache_clear()
    KINDS.clear()
    REMEDIES.clear()
    log._OWN.clear()
    KINDS.update(kinds)
    REMEDIES.update(remedies)
    log._OWN.update(own)


def test_a_strategy_file_may_name_them(site: Path) -> None:
    (site / "parcels_of_guards.py").write_text(MODULE)
    (site / "mine.toml").write_text(STRATEGY)
    mine = load_strategy(site / "mine.toml")
    assert summary(mine) == "parcel of 64 bytes, 1 a frame: wrap, restore"
    assert Area("crc32", second="parcel").second == "parcel"


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        (Pages("parcel", Xor()), "what is to be registered is"),
        ([Xor()], "one of the kinds to be registered is"),
        ([Pages("two words", Xor())], "a kind cannot be called 'two words'"),
        ([Pages("crc32", Xor())], "the kind crc32 ships with the workbench"),
    ],
)
def test_what_is_no_kind_is_not_registered(site: Path, kinds: Any, message: str) -> None:
    before = dict(KINDS)
    with pytest.raises(WorkbenchError, match=message):
        register(kinds)
    assert before == KINDS
    register([Pages("parcel", Xor())])
    register([Pages("parcel", Xor(), signature=True)])  # the same cell again, changed
    assert Area("crc32", second="parcel").second == "parcel"


def test_an_image_has_the_newest_kind(site: Path) -> None:
    voice = open_voice()
    contents = []
    for code in (Xor(), DualSum(), Xor()):
        # As a cell of a notebook, changed and run again.
        register([Pages("parcel", code, signature=True)])
        area = Area("crc32", ("shift",), second="parcel")
        strategy = Strategy("mine", (Guard(area, 1, (Remedy.RESTORE,)),))
        image = voice.image(strategy)
        assert image.data.tolist() == strategy.image(voice.program).data.tolist()
        assert voice.image(strategy) is image
        contents.append(image.data.tobytes())
    assert contents[0] == contents[2] != contents[1]


def never(*unit: object) -> bool:
    return False


def test_workers_learn_what_a_notebook_registered(site: Path) -> None:
    """What is pickled is opened in a process that knows only what ships."""
    register([Pages("parcel", Xor(), signature=True)])
    wrap = log.own_remedy(78, "FOLD", "folded")
    REMEDIES[wrap] = Action(never)
    strategy = Strategy("mine", (Guard(Area("parcel"), 1, (wrap, Remedy.RESTORE)),))
    packed = pickle.dumps(strategy)
    del KINDS["parcel"], REMEDIES[wrap], log._OWN[78], Remedy._value2member_map_[78]
    opened = pickle.loads(packed)
    assert opened == strategy and repr(opened) == repr(strategy)
    (guard,) = opened.guards
    assert guard.area.kind.name == "parcel" and guard.actions[0].apply is never
    packed = pickle.dumps(Area("crc32", second="parcel"))
    del KINDS["parcel"]
    assert pickle.loads(packed).second == "parcel" and "parcel" in KINDS


def test_a_package_that_cannot_be_imported_is_named(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    information = site / "parcels-1.dist-info" / "entry_points.txt"
    information.write_text(f"[{GROUP}]\nparcels = broken_parcels\n")
    (site / "broken_parcels.py").write_text("import no_such_module_at_all\n")
    with pytest.raises(WorkbenchError, match=r"guards broken_parcels .*ModuleNotFoundError"):
        Area("parcel")
