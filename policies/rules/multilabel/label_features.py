"""What a learned gate looks at: the probabilities of a sample's labels, and how they changed from the exit before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from policies.rules.multilabel.label_scores import label_confidences, label_margins


_MOST_LABELS_BY_NAME = 20
_N_LEAST = 3
_CLIP = 1e-6


def label_features(
    probabilities: NDArray[np.float64], thresholds: NDArray[np.float64], before: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Features of each sample at one exit.

    They are: the mean and the least of max(p, 1 - p), the sum of its logarithms, the sum of min(p, 1 - p), the three
    least margins abs(p - t), how many labels are answered and whether any is; where there is an exit before, the
    largest and the mean change of p, and whether the same labels are answered. Up to 20 labels, for each the log-odds
    and the margin, and where there is an exit before the log-odds there and the change.

    Args:
        probabilities: Probability of each label, shape (n, L).
        thresholds: From which probability on each label is answered, shape (n, L).
        before: Probability of each label at the exit before, shape (n, L); None at the first exit.

    Returns:
        Shape (n, F), finite.
    """
    margins, answers = label_margins(probabilities, thresholds), probabilities >= thresholds
    confidences = label_confidences(probabilities)
    scalars = [
        confidences.mean(axis=1),
        confidences.min(axis=1),
        np.log(confidences).sum(axis=1),
        (1 - confidences).sum(axis=1),
        *np.sort(margins, axis=1)[:, :_N_LEAST].T,
        answers.sum(axis=1),
        answers.any(axis=1),
    ]
    named = [_log_odds(probabilities), margins]
    if before is not None:
        moves = np.abs(probabilities - before)
        scalars += [moves.max(axis=1), moves.mean(axis=1), (answers == (before >= thresholds)).all(axis=1)]
        named += [_log_odds(before), moves]
    features = np.stack(scalars, axis=1).astype(np.float64)
    return np.concatenate([features, *named], axis=1) if probabilities.shape[1] <= _MOST_LABELS_BY_NAME else features


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(probabilities, _CLIP, 1 - _CLIP)))
