"""Arrays that keep the contract of an exit table but are probably not what is meant, or tell little."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


_SUM_TOLERANCE = 0.02
_PERCENT_TOLERANCE = 1.5
_LEAST = -1e-6
_LEVEL = 0.05
_FIRST = 200
_FEWEST_UNITS = 59
"""With fewer, not even a policy without any error is known to be right in 95 % of all cases."""


def not_logits(logits: NDArray[Any]) -> list[str]:
    """Why logits, shape (N, E, C), are none but answers or probabilities; empty where they may be.

    Temperatures divide logits, so that a softmax of probabilities would be nearly flat. Log-probabilities are logits.
    """
    kinds = [_kind(logits[:, k]) for k in range(logits.shape[1])]
    kind = next((one for one in kinds if one), None)
    if kind is None:
        return []
    depths = "" if all(kinds) else f" at depth {', '.join(str(k) for k, one in enumerate(kinds, start=1) if one)}"
    return [f"'logits' must be outputs before the softmax but{depths} hold {kind}"]


def _kind(logits: NDArray[Any]) -> str | None:
    """What the logits of one exit, shape (N, C), are instead; the first rows tell of nearly all that they are none."""
    first = _kind_of_rows(logits[:_FIRST].astype(np.float32))
    return first and _kind_of_rows(logits.astype(np.float32))


def _kind_of_rows(rows: NDArray[np.float32]) -> str | None:
    if rows.min() < _LEAST:
        return None
    sums = rows.sum(axis=1)
    if (np.abs(sums - 1) <= _SUM_TOLERANCE).all():
        if ((rows == 0) | (rows == 1)).all():
            return "answers (one 1 in each row, else 0), which do not tell how sure an exit is; save its outputs"
        return "probabilities (every row sums to 1, none is negative); take np.log(p + 1e-12)"
    if (np.abs(sums - 100) <= _PERCENT_TOLERANCE).all():
        return "percentages (every row sums to 100, none is negative); take np.log(p / 100 + 1e-12)"
    return None


def doubts(logits: NDArray[Any], labels: NDArray[np.int64] | None, groups: NDArray[np.str_] | None) -> list[str]:
    """What a person should know before trusting figures of the table, as clauses.

    Args:
        logits: Logits of each sample, exit and class, shape (N, E, C).
        labels: True class of each sample, shape (N,), or None where nobody knows it.
        groups: Origin of each sample, shape (N,), or None where there is none.
    """
    n, unit = (len(logits), "sample") if groups is None else (np.unique(groups).size, "group")
    of_classes = [] if labels is None else _of_classes(labels, logits.shape[2])
    return [*size_doubts(n, unit, "an accuracy"), *of_classes, *_of_logits(logits)]


def size_doubts(n: int, unit: str, quality: str) -> list[str]:
    """What few independent units can tell, as a clause; none where they are many.

    Args:
        n: Number of units.
        unit: What a unit is, in the singular.
        quality: What is claimed of them, a share that is right, with its article.
    """
    if n >= _FEWEST_UNITS:
        return []
    # The Clopper-Pearson bound without an error.
    return [
        f"{n} {unit}{'s' * (n > 1)} tell{'s' * (n == 1)} little: without any error {quality} of at least "
        f"{_LEVEL ** (1 / n):.4f} could be claimed with confidence {1 - _LEVEL}, and no more"
    ]


def _of_classes(labels: NDArray[np.int64], n_classes: int) -> list[str]:
    if len(labels) < 2 or (labels != labels[0]).any():
        return []
    return [
        f"all {len(labels)} labels are class {labels[0]} of {n_classes}: every accuracy is the recall of that class "
        f"alone, and one constant answer has 1.0"
    ]


def depth_doubts(logits: NDArray[Any]) -> list[str]:
    """Exits whose logits, shape (N, E, C), tell samples not apart, or are those of the exit before, as clauses."""
    first = logits[:_FIRST]
    # A large table is only compared where its first rows are alike.
    alike = _depths((first == first[:1]).all(axis=(0, 2)), logits)
    constant = [k for k in alike if (logits[:, k] == logits[:1, k]).all()]
    if constant:
        depths = ", ".join(str(k + 1) for k in constant)
        return [f"the logits at depth {depths} are the same for all {len(logits)} samples"]
    alike = _depths((first[:, 1:] == first[:, :-1]).all(axis=(0, 2)), logits)
    copies = [k for k in alike if (logits[:, k] == logits[:, k + 1]).all()]
    return [f"the logits at depth {k + 1} and {k + 2} are the same" for k in copies]


def _of_logits(logits: NDArray[Any]) -> list[str]:
    of_depths = depth_doubts(logits)
    if of_depths:
        return of_depths
    first = logits[:_FIRST]
    tied = np.flatnonzero((logits[:, :, 0] == logits[:, :, 1]).any(axis=1))
    flat = tied[(logits[tied] == logits[tied][:, :, :1]).all(axis=2).any(axis=1)]
    if flat.size:
        return [f"all classes have equal logits in {flat.size} rows, such as {flat[0]}: the answer is then class 0"]
    if all(rows.min() >= 0 and rows.max() <= 1 for rows in (first, logits)):
        return ["all logits lie in [0, 1], as those of a sigmoid do; outputs before it are needed"]
    return []


def _depths(marked: NDArray[np.bool_], logits: NDArray[Any]) -> list[int]:
    """The exits that are marked; none in a table of one sample, which is like itself."""
    return np.flatnonzero(marked).tolist() if len(logits) > 1 else []
