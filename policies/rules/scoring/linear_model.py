"""Log-odds that are linear in some features: the models of learned gates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from policies.errors import PolicyError
from policies.rules.base import RuleParams


_REGULARISATION = 0.3
_MAX_ITERATIONS = 100


class LinearModel(RuleParams):
    """Log-odds linear in the features.

    Attributes:
        weights: Weight of each feature in the sum.
        intercept: Summand that is added to the weighted features.
    """

    weights: list[float]
    intercept: float


def probability(rule: str, features: NDArray[np.float64], model: LinearModel) -> NDArray[np.float64]:
    """The probability that a model gives each sample, shape (n,).

    Args:
        rule: Name of the rule, for messages.
        features: Shape (n, F).
        model: Model of F weights.

    Raises:
        PolicyError: If the model has another number of weights.
    """
    if len(model.weights) != features.shape[1]:
        raise PolicyError(
            f"rule {rule!r}: a model has {len(model.weights)} weights but the table gives {features.shape[1]} features"
        )
    # Not by BLAS, whose sums differ in their last digit with the number of samples: a score on a threshold must not.
    return np.asarray(expit(np.einsum("nf,f->n", features, np.asarray(model.weights)) + model.intercept))


def fit_linear_model(features: NDArray[np.float64], outcome: NDArray[np.bool_]) -> dict[str, Any]:
    """A logistic regression on standardised features, written for the features as they are.

    Args:
        features: Shape (n, F).
        outcome: What is to be told from them, shape (n,).

    Returns:
        The JSON form of a :class:`LinearModel`.
    """
    # Here, since the import takes seconds and workers that use other rules would pay for it.
    from sklearn.linear_model import LogisticRegression

    share = float(outcome.mean())
    if share in (0.0, 1.0):
        return {"weights": [0.0] * features.shape[1], "intercept": 20.0 if share else -20.0}
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale < 1e-9] = 1.0
    model = LogisticRegression(C=_REGULARISATION, max_iter=_MAX_ITERATIONS, tol=1e-3)
    model.fit((features - mean) / scale, outcome)
    weights = model.coef_[0] / scale
    return {"weights": weights.tolist(), "intercept": float(model.intercept_[0] - weights @ mean)}
