"""Rules for sets of labels the slow obvious way: Python's own arithmetic, one sample and one exit after the other."""

import math


TEMPERATURES = (0.7, 1.0, 1.5)


def sigmoid(value):
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


def label_probabilities(table, temperatures):
    """For each sample and exit the probability of each label."""
    return [
        [[sigmoid(float(value) / t) for value in row] for row, t in zip(rows, temperatures, strict=True)]
        for rows in table.logits
    ]


def margins(p, thresholds):
    return [abs(value - t) for value, t in zip(p, thresholds, strict=True)]


def answered(p, thresholds):
    return {label for label, (value, t) in enumerate(zip(p, thresholds, strict=True)) if value >= t}


def confidences(p):
    return [max(value, 1 - value) for value in p]
