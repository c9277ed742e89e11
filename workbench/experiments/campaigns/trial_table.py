"""Trials as a table: a row per trial, its first event by name and its outcome.

Reference: none. Layout: SCHEMA, Arrow; the class of quality is decided by the SNR alone, or by the spectrum on a scale of that kind.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from workbench.audio.scales import BY_SNR, QUALITIES, ByError, BySpectrum, Scale
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.trials.laboratory import Laboratory
from workbench.memory.trials.measured import measured

HEARD = ("log_mel_db", "recognised", "pesq_nb")  # measured in a part of the trials
_NAMES = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    {
        "utterance": _NAMES,
        "trial": pa.int64(),
        "events": pa.int32(),
        "frame": pa.int32(),
        "position": pa.int64(),
        "operator": _NAMES,
        "tensor": _NAMES,
        "element": pa.int32(),
        "bit": pa.int8(),
        "reached": _NAMES,
        "first_sample": pa.int32(),
        "differing_samples": pa.int32(),
        "max_error": pa.int32(),
        "rms_error": pa.float32(),
        "error_energy": pa.int64(),
        "snr_db": pa.float32(),
        "log_mel_db": pa.float32(),
        "recognised": pa.float32(),
        "pesq_nb": pa.float32(),
        "quality": _NAMES,
    }
)


_BY_SPECTRUM = pa.schema([*SCHEMA, ("mfcc_dtw", pa.float32()), ("fidelity_db", pa.float32())])
_BY_ERROR = pa.schema([*SCHEMA, ("fidelity_db", pa.float32())])


def schema_of(scale: Scale) -> pa.Schema:
    """Columns of trials whose classes go by a scale: SCHEMA, and more than that where it is not the SNR."""
    if isinstance(scale, ByError):
        return _BY_ERROR
    return _BY_SPECTRUM if isinstance(scale, BySpectrum) else SCHEMA


def trial_table(
    laboratory: Laboratory,
    sites: Sites,
    *,
    utterance: str,
    plan: Plan,
    indexes: np.ndarray,
    mask: ProtectionMask | None = None,
    scale: Scale = BY_SNR,
) -> pa.Table:
    """Run some trials of a plan and describe them.

    The columns frame to bit are those of a trial's first event; without one, frame and position are -1 and the
    others null, as they are for padding. `reached` is the last operator whose output differs, null where none does
    or the engine does not know.

    Args:
        laboratory: Of the image and the utterance.
        sites: Of the same image.
        utterance: What the laboratory's inputs say.
        plan: Which trials there are.
        indexes: Numbers of the trials, int64 [n].
        mask: Events on bytes that it protects do not happen, and `events` does not count them.
        scale: That classes go by.

    Returns:
        A table with the columns of `schema_of(scale)` and n rows in that order.

    Raises:
        WorkbenchError: Plan or mask do not fit the image.
    """
    events = plan.events(sites, indexes)
    if mask:
        mask.check(sites.image)
        events = mask.drop(events)
    trials = len(indexes)
    made = measured(laboratory, events, trials, scale=scale)
    outcomes = made.outcomes
    count = np.bincount(events.trial, minlength=trials)
    hit = count > 0
    first = np.searchsorted(events.trial, np.arange(trials))[hit]
    frame, position = np.full((2, trials), -1)
    frame[hit], position[hit] = events.frame[first], events.position[first]
    place, element, bit = np.full((3, trials), -1)
    place[hit], element[hit], bit[hit] = sites.locate(position[hit])
    nameless = place < 0
    codes = np.where(outcomes["first"] < 0, 0, scale.quality(made.fidelity_db))
    columns = {
        "utterance": _dictionary(np.zeros(trials, np.int32), [utterance]),
        "trial": np.asarray(indexes, np.int64),
        "events": count,
        "frame": frame,
        "position": position,
        "operator": _dictionary(place, [each.operator for each in sites.places], nameless),
        "tensor": _dictionary(place, [each.tensor for each in sites.places], nameless),
        "element": pa.array(element, mask=nameless),
        "bit": pa.array(bit, mask=nameless),
        "reached": _dictionary(
            outcomes["reached"],
            [operator.name for operator in sites.program.operators],
            outcomes["reached"] < 0,
        ),
        "first_sample": outcomes["first"],
        "differing_samples": outcomes["differing"],
        "max_error": outcomes["max_error"],
        "rms_error": np.sqrt(outcomes["error_energy"] / max(1, laboratory.clean.size)),
        "error_energy": outcomes["error_energy"],
        "snr_db": laboratory.snr_db(outcomes),
        **{name: pa.nulls(trials, pa.float32()) for name in HEARD},
        "quality": _dictionary(codes, list(QUALITIES)),
        "fidelity_db": made.fidelity_db,
        "mfcc_dtw": made.mfcc_dtw,
    }
    if made.log_mel_db is not None:
        columns["log_mel_db"] = made.log_mel_db
    schema = schema_of(scale)
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _dictionary(
    which: np.ndarray, names: list[str], null: np.ndarray | None = None
) -> pa.DictionaryArray:
    """names[which], each name once in the dictionary and only those that occur; which: below 0 for no name."""
    labels = np.array(["", *names], object)
    which = np.maximum(which, -1) + 1
    occurring = np.bincount(which, minlength=len(labels)) > 0
    values, code = np.unique(labels[occurring], return_inverse=True)
    code_of = np.zeros(len(labels), np.int32)
    code_of[occurring] = code.reshape(-1)
    indices = pa.array(code_of[which], mask=null)
    return pa.DictionaryArray.from_arrays(indices, pa.array(values.tolist(), pa.string()))
