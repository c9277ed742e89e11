"""What a campaign found, in numbers: how many trials of each class, surely how many, and the worst one.

A trial does the same to the bits for every word, so its words are one cluster of an interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.experiments.campaigns.store import Results
from workbench.experiments.campaigns.trial_table import QUALITIES, snr_quality
from workbench.experiments.estimates.statistics import clustered
from workbench.memory.faults.plan import HASH_DIGITS, TrialId

_COLUMNS = ("word", "trial", "snr_db", "log_mel_db", "recognised", "pesq_nb", "quality")


def summary(results: Sequence[Results]) -> list[dict[str, Any]]:
    """JSON-ready figures of each, shares 0 to 1; see `_summary`."""
    return [_summary(each) for each in results]


def _summary(results: Results) -> dict[str, Any]:
    """Counts and shares by class and word, intervals of random draws, what log-mel changed, the worst."""
    campaign = results.campaign
    counts = {word: dict.fromkeys(QUALITIES, 0) for word in campaign.words}
    by_trial = np.zeros((len(QUALITIES), campaign.trials), np.int32)
    heard_by: dict[str, list[tuple[float, float]]] = {name: [] for name in QUALITIES}
    measured = changed = 0
    worst: tuple[float, str, int] | None = None
    for table in results.tables(_COLUMNS):
        word = table["word"][0].as_py()
        quality = table["quality"].combine_chunks()
        names = quality.dictionary.to_pylist()
        codes = np.array([QUALITIES.index(name) for name in names])[quality.indices.to_numpy()]
        snr_db = table["snr_db"].to_numpy()
        for name, count in zip(QUALITIES, np.bincount(codes, minlength=5).tolist(), strict=True):
            counts[word][name] += count
        by_trial[codes, table["trial"].to_numpy()] += 1
        heard = table["log_mel_db"].is_valid().to_numpy()
        measured += int(heard.sum())
        changed += int((heard & (codes > 0) & (codes != snr_quality(snr_db))).sum())
        listened = (
            table["recognised"].is_valid().to_numpy() | table["pesq_nb"].is_valid().to_numpy()
        )
        for code, *answer in zip(
            codes[listened],
            table["recognised"].to_numpy()[listened],
            table["pesq_nb"].to_numpy()[listened],
            strict=True,
        ):
            heard_by[QUALITIES[code]].append((float(answer[0]), float(answer[1])))
        lowest = int(snr_db.argmin())
        if worst is None or snr_db[lowest] < worst[0]:
            worst = float(snr_db[lowest]), word, int(table["trial"][lowest].as_py())
    trials = sum(sum(each.values()) for each in counts.values())
    told: dict[str, Any] = {
        "folder": str(results.folder),
        "plan": campaign.plan,
        "protection": campaign.protection,
        "trials": trials,
        "missing": campaign.rows - trials,
        "trials_a_word": campaign.trials,
        "population": campaign.population,
        "words": counts,
        "quality": _shares(by_trial, drawn=campaign.population is None),
        "log_mel": {"measured": measured, "changed": changed},
        "heard": {name: _heard(answers) for name, answers in heard_by.items() if answers},
        "bytes": sum(path.stat().st_size for path in results.shards.values()),
    }
    if worst is not None:
        told["worst"] = {
            "snr_db": worst[0] if math.isfinite(worst[0]) else None,
            "replay": str(
                TrialId(
                    campaign.image[:HASH_DIGITS],
                    worst[1],
                    results.plan,
                    worst[2],
                    campaign.protection,
                )
            ),
        }
    return told


def _heard(answers: list[tuple[float, float]]) -> dict[str, Any]:
    """Means over the trials that were listened to and have a value, or None."""
    means = []
    for figures in np.array(answers, np.float64).T:
        known = figures[~np.isnan(figures)]
        means.append(float(known.mean()) if len(known) else None)
    return {"trials": len(answers), "recognised": means[0], "pesq_nb": means[1]}


def _shares(by_trial: np.ndarray, *, drawn: bool) -> dict[str, dict[str, Any]]:
    """Each class's count, share and interval; low and high are None where nothing was `drawn`."""
    counts = by_trial.sum(axis=1)
    shares = counts / max(int(counts.sum()), 1)
    told: dict[str, dict[str, Any]] = {
        name: {"count": int(count), "share": float(share), "low": None, "high": None}
        for name, count, share in zip(QUALITIES, counts, shares, strict=True)
    }
    if drawn:
        rows = by_trial.sum(axis=0)
        interval = clustered(by_trial[:, rows > 0], rows[rows > 0])
        for each, low, high in zip(told.values(), *interval, strict=True):
            each.update(low=float(low), high=float(high))
    return told
