"""What faults do to people who use a voice, and what healing spares them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError, expect, nearest, whole_number
from workbench.experiments.applications.assistance import heard_on_page, refuse_fixed_words
from workbench.experiments.applications.avatar import Viewer
from workbench.experiments.applications.exposure import exposures
from workbench.experiments.applications.liveness import Listener, SafetyListener
from workbench.experiments.applications.shares import Measured, Shares, shares_of, table_rows
from workbench.experiments.voices.voice import Voice, open_voice
from workbench.face.shown import html_table, need_pandas, text_table
from workbench.face.working import counting
from workbench.healing.strategies.strategy import Strategy

if TYPE_CHECKING:
    import pandas as pd

RATE, HEALER = "low-earth-orbit", "pq-scrub"


@dataclass(frozen=True, repr=False)
class Experiences:
    """What becomes of the users of devices; a table in a notebook.

    Args:
        rows: For each exposure, first without and then with the healer, and last with a safety voice as well if there is one.
    """

    rows: tuple[Shares, ...]

    def to_pandas(self) -> pd.DataFrame:
        """A row an exposure and way of healing; needs pandas, from the extra `tables`.

        safety: share of the devices in which the safety voice speaks; nothing where there is none.
        """
        need_pandas()
        import pandas as pd

        return pd.DataFrame(
            {
                "exposure": row.exposure, "strategy": row.strategy, "safety": row.safety,
                "wrong_bits": row.wrong_bits, **row.shares,
            }
            for row in self.rows
        )  # fmt: skip

    def _repr_html_(self) -> str:
        return html_table(table_rows(self.rows))

    def __repr__(self) -> str:
        return text_table(table_rows(self.rows))


def _liveness(voice: Voice) -> Measured:
    return Listener(voice).experience


def _assistance(voice: Voice) -> Measured:
    refuse_fixed_words(voice)
    return partial(heard_on_page, voice)


def _avatar(voice: Voice) -> Measured:
    return Viewer(voice).experience


def _saved(
    name: str, voice: Voice, safety: Voice | None
) -> Callable[[int], Mapping[str, float]] | None:
    expect(safety, (Voice, type(None)), "the safety voice", "a Voice, or None")
    if safety is None:
        return None
    if name != "liveness":
        raise WorkbenchError(f"{name} has no safety voice, which says digits; leave safety out")
    return SafetyListener(voice, safety).experience


# Name -> the generator that it is for, and what its users experience.
_APPLICATIONS = {
    "liveness": ("challenge", _liveness),
    "avatar": ("viseme", _avatar),
    "assistance": ("speech", _assistance),
}


def users(
    name: str,
    voice: Voice | None = None,
    healer: str | Strategy = HEALER,
    *,
    upsets: Iterable[int] = (100, 1000),
    years: Iterable[float] = (),
    rate: str = RATE,
    devices: int = 4,
    seed: int = 0,
    safety: Voice | None = None,
) -> Experiences:
    """Expose devices to faults, let them speak, and tell what their users experience.

    Args:
        name: "liveness", users who are locked out since they do not understand the digits of a challenge;
            "avatar", the share of the time in which a face is visibly wrong; "assistance", numbers that are heard wrongly when a wearable reads out its sensors.
        voice: Of the devices; None for the one that ships.
        healer: Beside none: a strategy, its name or its file.
        upsets: Numbers of bits of the working copy that flip together, a minute before the speech.
        years: That devices run at `rate` before they speak.
        rate: Of upsets, as `workbench lifetime` takes it.
        devices: Of each.
        seed: Another one draws other faults.
        safety: Of "liveness": a far smaller voice, which speaks where the healer knows of damage that it could not
            repair; None for none.

    Raises:
        WorkbenchError: Something is unknown or does not fit, or the recogniser is missing.
    """
    expect(name, str, "an application", "its name, as 'liveness'")
    if name not in _APPLICATIONS:
        raise WorkbenchError(f"there is no application {name!r}; {nearest(name, _APPLICATIONS)}")
    usual, measured_by = _APPLICATIONS[name]
    expect(
        voice, (Voice, type(None)), "the voice of an application", f"a Voice, as wb.load({usual!r})"
    )
    if whole_number(devices, "the number of devices") < 1:
        raise WorkbenchError(f"{devices} devices cannot be measured; give at least 1")
    voice = voice or open_voice(generator=usual)
    saved = _saved(name, voice, safety)
    cases = exposures(tuple(upsets), tuple(years), rate)
    with counting("Listening", total=(3 if saved else 2) * len(cases), unit="case") as bar:
        rows = []
        for row in shares_of(
            voice, measured_by(voice), cases, healer, devices=devices, seed=seed, safety=saved
        ):
            rows.append(row)
            bar.update()
    return Experiences(tuple(rows))
