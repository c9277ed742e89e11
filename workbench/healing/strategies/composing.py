"""Guards in one call, with names of remedies as text: what notebooks and strategy files are written in.

guard("pq", "weights", repair=["correct", "restore"], unit_bytes=1024)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workbench.errors import WorkbenchError, described, expect, nearest
from workbench.healing.log import Remedy
from workbench.healing.remedies import remedies_by_name
from workbench.healing.strategies.guard import Guard
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.areas import area_of, settings_of

OF_GUARD = ("per_frame", "every_frames", "stride")  # keywords of `guard` that are not the area's

Repair = str | Remedy | Iterable[str | Remedy]


def guard(code: str, *sections: str, repair: Repair = "restore", **settings: Any) -> Guard:
    """A guard of some sections of the working copy.

    >>> guard("pq", "weights", repair=["correct", "restore"]).ladder[0].name
    'CORRECT'

    Args:
        code: A page code such as "crc32", "pq" or "secded64", or "golden", "abft", "triple", "self-test".
        sections: Neighbours among weights, bias, shift, table, embed, in any order; none for all.
        repair: Remedies in the order in which they are tried, as text in any case; [] only reports.
        settings: Of the area: unit_bytes, keep ("flash" or "ram"), second, columns, addresses, moments; of the guard:
            per_frame, every_frames, stride. See `Area` and `Guard`.

    Raises:
        WorkbenchError: A name is unknown (the message has the nearest one), or the parts do not go together.
    """
    name_of_code = _code(code)
    of_area = settings_of(name_of_code)
    for name in settings:
        if name not in (*of_area, *OF_GUARD):
            near = nearest(name, ("repair", *of_area, *OF_GUARD))
            raise WorkbenchError(f"a guard has no setting {name!r}; {near}")
    area = {name: settings[name] for name in of_area if name in settings}
    return Guard(
        area_of({"code": name_of_code, "sections": _ordered(sections), **area}),
        ladder=_ladder(repair),
        **{name: settings[name] for name in OF_GUARD if name in settings},
    )


def _code(code: object) -> str:
    expect(code, str, "the code of a guard", 'its name, as "crc32"')
    return str(code).strip().lower()


def _ordered(sections: tuple[Any, ...]) -> tuple[str, ...]:
    """Sections in the order of the image; all of the working copy where none is named."""
    for section in sections:
        expect(
            section, str, "a section of a guard", 'names one after the other, as "bias", "shift"'
        )
        if section not in WORKING_SECTIONS:
            raise WorkbenchError(
                f"there is no section {section!r}; {nearest(section, WORKING_SECTIONS)}"
            )
    return tuple(each for each in WORKING_SECTIONS if each in sections) or WORKING_SECTIONS


def _ladder(repair: object) -> tuple[Remedy, ...]:
    single = isinstance(repair, str | Remedy) or not isinstance(repair, Iterable)
    return tuple(_remedy(each) for each in ([repair] if single else repair))  # type: ignore[attr-defined]


def _remedy(name: object) -> Remedy:
    if isinstance(name, Remedy):
        return name
    if not isinstance(name, str):
        raise WorkbenchError(
            f'a remedy is {described(name)}; give its name, as "restore", or a list of names'
        )
    known = {text.lower(): rung for text, rung in remedies_by_name(name.strip()).items()}
    if name.strip().lower() not in known:
        raise WorkbenchError(f"there is no remedy {name!r}; {nearest(name, known)}")
    return known[name.strip().lower()]
