"""Figures of a campaign: trials per class, their shares with confidence intervals, and the worst trial.

A trial does the same to the bits for every utterance, so its utterances are one cluster of an interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from workbench.audio.scales import BY_SNR, QUALITIES
from workbench.errors import expect
from workbench.experiments.campaigns.manifest import Campaign
from workbench.experiments.campaigns.store import Results
from workbench.experiments.estimates.statistics import clustered
from workbench.experiments.voices.listening import heard_means
from workbench.memory.faults.plan import HASH_DIGITS, TrialId

_COLUMNS = ("utterance", "trial", "snr_db", "log_mel_db", "recognised", "pesq_nb", "quality")

_ANSWERS = ("trial", "recognised", "pesq_nb")


def summary(results: Sequence[Results]) -> list[dict[str, Any]]:
    """JSON-ready figures of each, shares 0 to 1; see `_summary`."""
    cure = "a list of Results, as [open_results(folder)]"
    expect(results, Sequence, "what is to be summed up", cure)
    for each in results:
        expect(each, Results, "one of what is to be summed up", cure)
    return [_summary(each) for each in results]


def _summary(results: Results) -> dict[str, Any]:
    """Counts and shares by class and utterance, intervals of random draws, what log-mel changed, the worst."""
    campaign = results.campaign
    counts = {name: dict.fromkeys(QUALITIES, 0) for name in campaign.utterances}
    by_trial = np.zeros((len(QUALITIES), campaign.trials), np.int32)
    heard_by: dict[str, list[np.ndarray]] = {name: [] for name in QUALITIES}
    measured = changed = 0
    worst: tuple[float, float, str, int] | None = None  # fidelity, SNR, utterance, trial
    for table in results.tables(tuple(dict.fromkeys((*_COLUMNS, results.fidelity)))):
        utterance = table["utterance"][0].as_py()
        quality = table["quality"].combine_chunks()
        names = quality.dictionary.to_pylist()
        codes = np.array([QUALITIES.index(name) for name in names])[quality.indices.to_numpy()]
        snr_db = table["snr_db"].to_numpy()
        for name, count in zip(QUALITIES, np.bincount(codes, minlength=5).tolist(), strict=True):
            counts[utterance][name] += count
        by_trial[codes, table["trial"].to_numpy()] += 1
        if results.scale == BY_SNR:
            heard = table["log_mel_db"].is_valid().to_numpy()
            measured += int(heard.sum())
            changed += int((heard & (codes > 0) & (codes != BY_SNR.quality(snr_db))).sum())
        answers = np.array([table[name].to_numpy() for name in _ANSWERS], np.float64)
        listened = ~np.isnan(answers[1:]).all(axis=0)
        for code in np.unique(codes[listened]):
            heard_by[QUALITIES[code]].append(answers[:, listened & (codes == code)])
        fidelity = table[results.fidelity].to_numpy()
        lowest = int(fidelity.argmin())
        if worst is None or fidelity[lowest] < worst[0]:
            number = int(table["trial"][lowest].as_py())
            worst = float(fidelity[lowest]), float(snr_db[lowest]), utterance, number
    trials = sum(sum(each.values()) for each in counts.values())
    figures: dict[str, Any] = {
        "folder": str(results.folder),
        "plan": campaign.plan,
        "protection": campaign.protection,
        "trials": trials,
        "missing": campaign.rows - trials,
        "trials_each": campaign.trials,
        "population": campaign.population,
        "utterances": counts,
        "limits": dict(results.scale.in_words),
        "quality": _shares(by_trial, drawn=campaign.population is None),
        "log_mel": {"measured": measured, "changed": changed},
        "heard": {
            name: _heard(np.concatenate(answers, axis=1), sampled=_is_sampled(campaign, trials))
            for name, answers in heard_by.items()
            if answers
        },
        "bytes": sum(path.stat().st_size for path in results.shards.values()),
    }
    if worst is not None:
        fidelity_db, ratio, utterance, number = worst
        trial = TrialId(
            campaign.image[:HASH_DIGITS], utterance, results.plan, number, campaign.protection
        )
        figures["worst"] = {
            "snr_db": ratio if math.isfinite(ratio) else None,
            "fidelity_db": fidelity_db if math.isfinite(fidelity_db) else None,
            "measure": results.scale.measure,
            "replay": str(trial),
        }
    return figures


def _is_sampled(campaign: Campaign, trials: int) -> bool:
    """Whether the trials that were listened to are a random sample of those that `campaign` stands for."""
    chosen = campaign.listen < campaign.trials and trials == campaign.rows
    return campaign.population is None or chosen


def _heard(answers: np.ndarray, *, sampled: bool) -> dict[str, Any]:
    """Means of _ANSWERS, float64 [3, n] with NaN for unknown; their intervals are None unless `sampled`."""
    trial, understood, pesq = answers
    means = heard_means(understood, pesq, trial)
    if not sampled:
        means = replace(
            means, understood_low=None, understood_high=None, pesq_low=None, pesq_high=None
        )
    return {
        "trials": means.sounds,
        "recognised": means.understood,
        "recognised_low": means.understood_low,
        "recognised_high": means.understood_high,
        "pesq_nb": means.pesq_nb,
        "pesq_nb_low": means.pesq_low,
        "pesq_nb_high": means.pesq_high,
    }


def _shares(by_trial: np.ndarray, *, drawn: bool) -> dict[str, dict[str, Any]]:
    """Each class's count, share and interval; low and high are None where nothing was `drawn`."""
    counts = by_trial.sum(axis=1)
    shares = counts / max(int(counts.sum()), 1)
    figures: dict[str, dict[str, Any]] = {
        name: {"count": int(count), "share": float(share), "low": None, "high": None}
        for name, count, share in zip(QUALITIES, counts, shares, strict=True)
    }
    if drawn:
        rows = by_trial.sum(axis=0)
        interval = clustered(by_trial[:, rows > 0], rows[rows > 0])
        for each, low, high in zip(figures.values(), *interval, strict=True):
            each.update(low=float(low), high=float(high))
    return figures
