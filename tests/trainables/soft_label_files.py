"""Soft labels of a made-up teacher that is mostly right."""

from dataclasses import replace

import numpy as np

from trainables.teachers.alignment import Expected
from trainables.teachers.soft_labels import SoftLabels


CLASSES = ("ant", "bee", "cow")
N_SAMPLES = 120


def labels(seed=0):
    return np.random.default_rng(seed).integers(0, len(CLASSES), N_SAMPLES)


def expected(**changes):
    paths = np.array([f"images/{i:03d}.png" for i in range(N_SAMPLES)])
    return replace(Expected(paths, labels(), CLASSES, temperature=2.0), **changes)


def soft_labels(seed=1, *, knows=4.0, **changes):
    """A teacher whose logit of the true class is ``knows`` above the others, give or take 1."""
    logits = np.random.default_rng(seed).normal(size=(1, N_SAMPLES, len(CLASSES)))
    logits[0, np.arange(N_SAMPLES), labels()] += knows
    tempered = np.exp(logits / 2.0)
    probabilities = (tempered / tempered.sum(axis=2, keepdims=True)).astype(np.float32)
    return replace(SoftLabels(probabilities, expected().paths, CLASSES, "train", 2.0), **changes)


def rows_of(soft, rows):
    """The same file with some rows, or in another order: probabilities and paths together."""
    return replace(soft, probabilities=soft.probabilities[:, rows], paths=soft.paths[rows])
