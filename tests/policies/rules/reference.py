"""Rules the slow obvious way: Python's own arithmetic, one sample and one exit after the other."""

import math

import numpy as np


CLOSE = {"rtol": 0.0, "atol": 1e-9}


def softmax(logits, temperature=1.0):
    top = max(float(value) for value in logits)
    raised = [math.exp((float(value) - top) / temperature) for value in logits]
    return [value / sum(raised) for value in raised]


def best_class(values):
    """The first class with the largest value."""
    return max(range(len(values)), key=lambda label: (values[label], -label))


def margin(p):
    first, second = sorted(p, reverse=True)[:2]
    return first - second


def certainty(p):
    return 1.0 - sum(-value * math.log(value) for value in p if value > 0) / math.log(len(p))


SCORES = {"confidence": max, "margin": margin, "entropy": certainty}


def exit_probabilities(table, temperatures):
    """For each sample and exit the tempered softmax."""
    return [[softmax(row, t) for row, t in zip(rows, temperatures, strict=True)] for rows in table.logits]


def runs(answers):
    """For each exit of one sample how many exits in a row have given the same answer."""
    lengths = []
    for k, answer in enumerate(answers):
        lengths.append(lengths[-1] + 1 if k and answers[k - 1] == answer else 1)
    return lengths


def first_open(n_exits, is_open):
    """The first exit but the last at which ``is_open`` holds, else the last."""
    for k in range(n_exits - 1):
        if is_open(k):
            return k
    return n_exits - 1


def clear_thresholds(view, rng):
    """Thresholds for every exit but the last and column that no rounding error can reach: (E - 1, S).

    They lie halfway between observed scores, below all of them, or at infinity.
    """
    n_exits, n_columns = view.scores.shape[1:]
    chosen = np.full((n_exits - 1, n_columns), np.inf)
    for k in range(n_exits - 1):
        for s in range(n_columns):
            scores = view.scores[:, k, s]
            seen = np.unique(scores[np.isfinite(scores)].round(7))
            if seen.size:
                chosen[k, s] = rng.choice([seen[0] - 1.0, *((seen[:-1] + seen[1:]) / 2), seen[-1] + 1.0, np.inf])
    return chosen


def as_thresholds(array):
    return tuple(tuple(row) for row in array.tolist())
