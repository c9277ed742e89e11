"""Learns letter-to-sound rules from words with their phones.

Letters and phones are aligned by expectation maximisation over best paths: a letter says none, one or two
phones. A rule is kept where it was seen often enough and says another thing than the next narrower context.
After Black, Lenzo and Pagel 1998, "Issues in building general letter to sound rules", ESCA workshop on speech
synthesis; contexts of falling width stand for their decision trees.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import inf, log

from workbench.generators.speech.letter_rules import CONTEXTS, LetterRules, windows_of
from workbench.generators.speech.phones import without_stress
from workbench.progress import progress_bar

_ROUNDS = 4  # of alignment
_EVERY = 6  # words take part in these; all are aligned by what they find
_UNSEEN = -9.0  # log probability of phones that a letter was not seen to say
_LEAST = 2  # times that a rule must have been right where a narrower one was wrong, less one

_Said = tuple[str, ...]
_Scores = Mapping[tuple[str, _Said], float]  # letter and phones -> log probability


def learn(words: Mapping[str, Sequence[str]]) -> LetterRules:
    """Rules that say as many letters of these words right as their contexts can.

    Args:
        words: Word of the letters a to z -> symbols with stress.
    """
    counts = _counted(_aligned(words))
    tables: list[dict[str, _Said]] = [{} for _ in CONTEXTS]
    rules = LetterRules(tables)
    for at in reversed(range(len(CONTEXTS))):
        for window, said in counts[at].items():
            best, times = min(said.items(), key=lambda item: (-item[1], item[0]))
            narrower = rules.of_letter(_narrower(window, at), at + 1)
            seen_enough = (
                sum(said.values()) >= _LEAST and times - said[narrower or ()] >= _LEAST - 1
            )
            if narrower is None or (best != narrower and seen_enough):
                tables[at][window] = best
    return LetterRules(tuple(tables))


def _narrower(window: str, at: int) -> list[str]:
    """A window of CONTEXTS[at] in all contexts; those that are wider stay empty and are not asked."""
    middle = CONTEXTS[at][0]
    return [
        window[middle - left : middle + right + 1] if number > at else ""
        for number, (left, right) in enumerate(CONTEXTS)
    ]


def _counted(aligned: Iterable[tuple[str, list[_Said]]]) -> list[dict[str, Counter[_Said]]]:
    """For each context, letters -> how often they said what."""
    counts: list[dict[str, Counter[_Said]]] = [defaultdict(Counter) for _ in CONTEXTS]
    for word, says in aligned:
        for windows, said in zip(windows_of(word), says, strict=True):
            for table, window in zip(counts, windows, strict=True):
                table[window][said] += 1
    return counts


def _aligned(words: Mapping[str, Sequence[str]]) -> list[tuple[str, list[_Said]]]:
    """Each word with what its letters say; without those that have more than two phones a letter."""
    bare = {word: without_stress(symbols) for word, symbols in words.items()}
    scores: _Scores = {}
    for number in range(_ROUNDS):
        counts: Counter[tuple[str, _Said]] = Counter()
        what = f"aligning letters and phones, round {number + 1} of {_ROUNDS}"
        for word in progress_bar(list(bare)[::_EVERY], desc=what, unit="word"):
            counts.update(zip(word, _best_path(word, bare[word], scores) or (), strict=False))
        totals: Counter[str] = Counter()
        for (letter, _), times in counts.items():
            totals[letter] += times
        scores = {pair: log(times / totals[pair[0]]) for pair, times in counts.items()}
    aligned = []
    for word, symbols in progress_bar(words.items(), desc="aligning all words", unit="word"):
        path = _best_path(word, bare[word], scores)
        if path is not None:
            rest = iter(symbols)
            aligned.append((word, [tuple(next(rest) for _ in said) for said in path]))
    return aligned


def _best_path(word: str, phones: _Said, scores: _Scores) -> list[_Said] | None:
    """What each letter says on the most probable path; without scores, the path nearest to the diagonal."""
    letters, count = len(word), len(phones)
    best = [[-inf] * (count + 1) for _ in range(letters + 1)]  # [letters said, phones said]
    steps = [[0] * (count + 1) for _ in range(letters + 1)]
    best[0][0] = 0.0
    for i, letter in enumerate(word):
        for j in range(max(0, count - 2 * (letters - i)), min(count, 2 * i) + 1):
            for step in range(min(2, count - j) + 1):
                if scores:
                    gain = scores.get((letter, phones[j : j + step]), _UNSEEN)
                else:
                    gain = -abs(step - count / letters) - abs(j / max(1, count) - i / letters)
                if best[i][j] + gain > best[i + 1][j + step]:
                    best[i + 1][j + step] = best[i][j] + gain
                    steps[i + 1][j + step] = step
    if best[letters][count] == -inf:
        return None
    path: list[_Said] = []
    end = count
    for i in range(letters, 0, -1):
        begin = end - steps[i][end]
        path.append(phones[begin:end])
        end = begin
    return path[::-1]
