"""A strategy in a file, as JSON for what is exported and for reports, and as one line of text.

Layout of files that end in .toml: see `strategy_toml`. Layout of JSON: the fields of `Strategy`, `Guard`,
`Area` and `Policy` by name, remedies by theirs; in a file, "sha256" beside them, see `workbench.sealed`. An
exported folder has them under the key "strategy".
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError, expect, nearest
from workbench.files import path_of, read_bytes, write_text
from workbench.healing.log import Remedy
from workbench.healing.remedies import remedies_by_name
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Strategy
from workbench.healing.strategies.strategy_toml import strategy_from_toml, strategy_to_toml
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.areas import area_of, record_of
from workbench.sealed import DIGEST, json_object, unsealed, write_sealed

JSON, TOML = ".json", ".toml"  # how the names of files end
EXPORTED = "strategy"  # its key in the file of an exported folder
_MOST_BYTES = 2**26  # of a file; the largest ones name every byte that has triple copies
_REMAKE = "write it with `save_strategy`, or export the firmware again"


def strategy_to_json(strategy: Strategy) -> dict[str, Any]:
    """JSON-ready."""
    fields = dataclasses.asdict(dataclasses.replace(strategy, safety=None))
    del fields["safety"]  # a voice is no part of a file
    for guard, made in zip(strategy.guards, fields["guards"], strict=True):
        made["ladder"] = [rung.name for rung in guard.ladder]
    return fields


def strategy_from_json(plain: Any, source: str) -> Strategy:
    """The inverse of `strategy_to_json`; WorkbenchError for what describes no strategy.

    What is left out of a guard, an area or the policy, or the policy itself, has its usual value.
    source: for messages.
    """
    try:
        fields = _fields(plain, Strategy, "the strategy")
        if "guards" not in fields:
            raise WorkbenchError("the strategy lacks the field 'guards'; write it, [] for none")
        expect(fields["guards"], list, "guards of the strategy", "a list of guards")
        guards = tuple(_guard_of(guard, n) for n, guard in enumerate(fields["guards"]))
        policy = Policy(**_fields(fields.get("policy", {}), Policy, "the policy"))
        return Strategy(**{**fields, "guards": guards, "policy": policy})
    except WorkbenchError as error:
        raise WorkbenchError(f"{source}: {error}") from error


def save_strategy(strategy: Strategy, path: Path | str) -> None:
    """Write a strategy to a file, all or nothing.

    Args:
        strategy: Any.
        path: Of the file, which is replaced. A name that ends in .toml gives TOML, to be edited by hand; any
            other, JSON under a digest.

    Raises:
        WorkbenchError: The file cannot be written.
    """
    expect(strategy, Strategy, "what is to be saved", 'a Strategy, as named("crc-scrub")')
    path = path_of(path, "the file of a strategy")
    if path.suffix.lower() == TOML:
        write_text(path, strategy_to_toml(strategy))
    else:
        write_sealed(path, strategy_to_json(strategy))


def load_strategy(path: Path | str) -> Strategy:
    """Read a strategy that `save_strategy` wrote, of an exported folder, or written by hand.

    JSON that was written by hand has no key "sha256", and its values are checked; one that has it must not have
    been edited.

    Args:
        path: Of the file; TOML where its name ends in .toml, else JSON.

    Raises:
        WorkbenchError: The file is missing or damaged, or describes no strategy.
    """
    path = path_of(path, "the file of a strategy")
    try:
        data = read_bytes(path, most=_MOST_BYTES)
    except OSError as error:
        raise WorkbenchError(
            f"cannot read the strategy {path} ({error.strerror or error}); name a file that "
            "`save_strategy` or `workbench export` wrote"
        ) from error
    if path.suffix.lower() == TOML:
        return strategy_from_toml(data, str(path))
    contents = json_object(data, str(path), _REMAKE)
    if DIGEST in contents:
        cure = f'restore it, or delete its line "{DIGEST}" where the edit is meant'
        contents = unsealed(contents, str(path), cure)
    return strategy_from_json(contents.get(EXPORTED, contents), str(path))


def _fields(plain: Any, kind: type[Any], what: str) -> dict[str, Any]:
    """The JSON object `plain`, once it has every field that `kind` needs and none that it lacks."""
    expect(plain, dict, what, "an object with its fields")
    known = {field.name: field for field in dataclasses.fields(kind)}
    for name in plain:
        if name not in known:
            raise WorkbenchError(f"{what} has no field {name!r:.60}; {nearest(name, known)}")
    for name, field in known.items():
        absent = field.default is field.default_factory is dataclasses.MISSING
        if absent and name not in plain:
            raise WorkbenchError(f"{what} lacks the field {name!r}; write it")
    return dict(plain)


def _guard_of(plain: Any, number: int) -> Guard:
    what = f"guard {number} of the strategy"
    fields = _fields(plain, Guard, what)
    area = fields["area"]
    record = record_of(area.get("code")) if isinstance(area, dict) else record_of(None)
    fields["area"] = area_of(_fields(area, record, f"the area of {what}"))
    if "ladder" in fields:
        expect(fields["ladder"], list, "the ladder of a guard", 'a list of names, as ["RESTORE"]')
        fields["ladder"] = tuple(_remedy(name, what) for name in fields["ladder"])
    return Guard(**fields)


def _remedy(name: Any, what: str) -> Remedy:
    known = {**Remedy.__members__, **remedies_by_name(name)}
    if not isinstance(name, str) or name not in known:
        near = nearest(name, known)
        raise WorkbenchError(f"the ladder of {what} has no remedy {name!r:.60}; {near}")
    return known[name]


def summary(strategy: Strategy) -> str:
    """What it does in one line, for instance "pq of 1024 bytes, 1 a frame: correct, restore"."""
    parts = [_guard(guard) for guard in strategy.guards]
    changed = [
        f"{field.name}={getattr(strategy.policy, field.name)}"
        for field in dataclasses.fields(Policy)
        if getattr(strategy.policy, field.name) != field.default
    ]
    spares = [f"{strategy.spare_pages} spare pages"] if strategy.spare_pages else []
    spares += [f"{strategy.versions} versions"] if strategy.versions > 1 else []
    spares += ["a safety voice"] if strategy.safety else []
    return "; ".join([*parts, *spares, *changed]) or "nothing"


def _guard(guard: Guard) -> str:
    area, scans = guard.area, guard.scans
    what = area.kind.text(area)
    if area.second:
        what += f" with {area.second}"
    if area.sections != WORKING_SECTIONS and not area.kind.stream:
        what += f" over {' '.join(area.sections)}"
    if scans:
        every = "a frame" if guard.every_frames == 1 else f"every {guard.every_frames} frames"
        what += f", {guard.per_frame} {every}"
    elif not area.kind.stream:
        what += ", when asked"
    return f"{what}: {', '.join(rung.name.lower() for rung in guard.ladder) or 'only reported'}"
