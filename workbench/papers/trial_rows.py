"""Trials of a campaign in groups, by where their first fault was.

Layout: arrays over all rows, in the order of the results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.audio.scales import QUALITIES
from workbench.experiments.campaigns.store import Results
from workbench.experiments.voices.voice import Voice
from workbench.memory.faults.plan import HASH_DIGITS, TrialId
from workbench.memory.places import WORKING_SECTIONS

PLACES = ("section", "operator", "tensor", "bit")


@dataclass(frozen=True, eq=False)
class TrialRows:
    """The trials of one campaign, arrays [rows].

    Args:
        results: That they were read from.
        utterance: Index of the campaign's utterances.
        trial: Number of the trial.
        quality: Index of QUALITIES.
        fidelity_db: On the scale of the campaign; infinite where nothing differs.
        first: Number of the first sample that differs, -1 for none.
        differing: How many samples differ.
        error: Energy of the error, in squared codes.
        names: By grouping, "section bit" for example, the labels of its groups.
        group: By grouping, index of the group of each row, -1 for none.
    """

    results: Results
    utterance: np.ndarray
    trial: np.ndarray
    quality: np.ndarray
    fidelity_db: np.ndarray
    first: np.ndarray
    differing: np.ndarray
    error: np.ndarray
    names: dict[str, list[tuple[str, ...]]]
    group: dict[str, np.ndarray]

    def groups(self, grouping: str) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
        """Labels of each group of a grouping and indices of its rows, in order."""
        of = self.group[grouping]
        order = np.argsort(of, kind="stable")
        ends = np.searchsorted(of[order], np.arange(len(self.names[grouping]) + 1))
        for group, labels in enumerate(self.names[grouping]):
            yield labels, order[ends[group] : ends[group + 1]]

    def members(self, by: Sequence[str], labels: Sequence[str]) -> np.ndarray:
        """Indices of the rows of one group."""
        grouping = " ".join(by)
        return np.flatnonzero(self.group[grouping] == self.names[grouping].index(tuple(labels)))

    def identifier(self, row: int) -> TrialId:
        """Of the trial in a row."""
        campaign = self.results.campaign
        word = campaign.utterances[self.utterance[row]]
        return TrialId(campaign.image[:HASH_DIGITS], word, self.results.plan, int(self.trial[row]))


def read_rows(results: Results, voice: Voice, groupings: Sequence[str]) -> TrialRows:
    """The rows of a campaign, in groups by PLACES of the first event of each trial.

    Args:
        results: Of the campaign.
        voice: That it hit.
        groupings: Places with a blank between them; "" for all rows together.
    """
    places = {name for grouping in groupings for name in grouping.split()}
    if "section" in places:
        places |= {"operator", "tensor"}
    columns = {
        "utterance", "trial", "quality", "first_sample", "differing_samples", "error_energy",
        results.fidelity, *places - {"section"},
    }  # fmt: skip
    table = results.table(sorted(columns))
    words = {word: number for number, word in enumerate(results.campaign.utterances)}
    quality = {name: number for number, name in enumerate(QUALITIES)}
    groups = {grouping: _grouped(table, grouping.split(), voice) for grouping in groupings}
    return TrialRows(
        results,
        _codes(table["utterance"], words),
        table["trial"].to_numpy(),
        _codes(table["quality"], quality),
        table[results.fidelity].to_numpy(),
        table["first_sample"].to_numpy(),
        table["differing_samples"].to_numpy(),
        table["error_energy"].to_numpy(),
        {grouping: names for grouping, (names, _) in groups.items()},
        {grouping: group for grouping, (_, group) in groups.items()},
    )


def _grouped(
    table: pa.Table, by: Sequence[str], voice: Voice
) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """Labels of the groups in an order of their own, and which of them each row is of."""
    if not by:
        return [()], np.zeros(len(table), np.int64)
    sections = {
        (p.operator, p.tensor): p.section
        for p in voice.image().layout.places
        if p.section in WORKING_SECTIONS
    }
    columns = [_labels(table, name, sections) for name in by]
    group = np.zeros(len(columns[0][1]), np.int64)
    for texts, codes in columns:
        group = np.where((codes < 0) | (group < 0), -1, group * len(texts) + codes)
    present, group = np.unique(group, return_inverse=True)
    names: list[tuple[str, ...]] = []
    for number in present[present >= 0].tolist():
        labels = []
        for texts, _ in reversed(columns):
            number, code = divmod(number, len(texts))
            labels.append(texts[code])
        names.append(tuple(reversed(labels)))
    return names, group.reshape(-1) - int(present[0] < 0)


def _codes(column: pa.ChunkedArray, number_of: dict[str, int]) -> np.ndarray:
    """Numbers of the texts in a dictionary column, int64 [rows]; -1 where there is none."""
    array = column.combine_chunks()
    numbers = np.array([number_of.get(text, -1) for text in array.dictionary.to_pylist()] or [-1])
    indices = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
    return np.where(array.is_null().to_numpy(zero_copy_only=False), -1, numbers[indices])


def _labels(
    table: pa.Table, name: str, sections: dict[tuple[str, str], str]
) -> tuple[list[str], np.ndarray]:
    """Texts of one label, sorted, and which of them each row has, -1 for none."""
    if name == "bit":
        bits = (
            table["bit"]
            .combine_chunks()
            .cast(pa.int64())
            .fill_null(-1)
            .to_numpy(zero_copy_only=False)
        )
        return [str(bit) for bit in range(int(bits.max(initial=0)) + 1)], bits
    if name != "section":
        return _texts(table[name])
    operators, of_operator = _texts(table["operator"])
    tensors, of_tensor = _texts(table["tensor"])
    known = sorted({*sections.values()})
    number_of = np.array(
        [
            [known.index(sections[o, t]) if (o, t) in sections else -1 for t in tensors]
            for o in operators
        ]
    )
    none = (of_operator < 0) | (of_tensor < 0)
    return known, np.where(none, -1, number_of[of_operator, of_tensor])


def _texts(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    texts = sorted(column.combine_chunks().dictionary.to_pylist())
    return texts, _codes(column, {text: number for number, text in enumerate(texts)})
