"""Label sets that keep the contract of an exit table but are probably not what is meant, or tell little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.tables.doubts import depth_doubts, size_doubts


_MOST_EXAMPLES = 3


def not_label_logits(logits: NDArray[Any]) -> list[str]:
    """Why logits, shape (N, E, L), are none but answers; empty where they may be.

    Sets of labels tell nothing of how sure an exit is.
    """
    kinds = [
        bool(((own == 0) | (own == 1)).all() and (own == 0).any() and (own == 1).any())
        for own in np.moveaxis(logits, 1, 0)
    ]
    if not any(kinds):
        return []
    return [
        f"'logits' must be outputs before the sigmoid but{_depths(kinds)} hold answers (nothing but 0 and 1), which do "
        f"not tell how sure an exit is; save its outputs"
    ]


def label_doubts(
    logits: NDArray[Any],
    labels: NDArray[np.uint8],
    *,
    groups: NDArray[np.str_] | None,
    parents: NDArray[np.str_] | None,
    names: Sequence[str],
    exclusive: Sequence[Sequence[str]],
) -> list[str]:
    """What a person should know before trusting figures of the table, as clauses.

    Args:
        logits: Logits of each sample, exit and label, shape (N, E, L).
        labels: Whether each label is on, shape (N, L).
        groups: Origin of each sample, shape (N,), or None.
        parents: What each sample is a part of, shape (N,), or None.
        names: Name of each label.
        exclusive: Names of labels of which a sample should have at most one, set by set.
    """
    return [
        *_of_size(len(labels), groups, parents),
        *_of_labels(labels, names),
        *_of_exclusive(labels, names, exclusive),
        *(depth_doubts(logits) or _of_probabilities(logits)),
    ]


def _of_size(n_samples: int, groups: NDArray[np.str_] | None, parents: NDArray[np.str_] | None) -> list[str]:
    units = groups if groups is not None else parents
    unit = "group" if groups is not None else "parent" if parents is not None else "sample"
    return size_doubts(n_samples if units is None else np.unique(units).size, unit, "an exact match")


def _of_labels(labels: NDArray[np.uint8], names: Sequence[str]) -> Iterator[str]:
    n_on = labels.sum(axis=0, dtype=np.int64)
    for alike, how, so in (
        (n_on == 0, "never on", "their recall says nothing, and their F1 is 0 whatever is answered"),
        (n_on == len(labels), "always on", "their precision says nothing, and answering them always is right"),
    ):
        if alike.any():
            own = [name for name, marked in zip(names, alike, strict=True) if marked]
            yield f"{len(own)} of {len(names)} labels are {how} in the {len(labels)} samples ({_named(own)}): {so}"


def _of_exclusive(labels: NDArray[np.uint8], names: Sequence[str], exclusive: Sequence[Sequence[str]]) -> Iterator[str]:
    place = {name: number for number, name in enumerate(names)}
    for one in exclusive:
        both = np.flatnonzero(labels[:, [place[name] for name in one]].sum(axis=1) > 1)
        if both.size:
            had = [name for name in one if labels[both[0], place[name]]]
            yield (
                f"of labels that exclude each other ({_named(one)}) {both.size} of {len(labels)} samples have more "
                f"than one, such as row {both[0]} ({_named(had)})"
            )


def _of_probabilities(logits: NDArray[Any]) -> list[str]:
    inside = [bool(logits[:, k].min() >= 0 and logits[:, k].max() <= 1) for k in range(logits.shape[1])]
    if not any(inside):
        return []
    return [
        f"all logits{_depths(inside)} lie in [0, 1], as those of a sigmoid do, so that every label is answered; "
        f"outputs before it are needed: of probabilities take np.log(p + 1e-12) - np.log(1 - p + 1e-12)"
    ]


def _depths(marked: Sequence[bool]) -> str:
    """At which exits, for a message; nothing where it is all of them."""
    return "" if all(marked) else f" at depth {', '.join(str(k) for k, one in enumerate(marked, start=1) if one)}"


def _named(names: Sequence[str]) -> str:
    more = "" if len(names) <= _MOST_EXAMPLES else f" and {len(names) - _MOST_EXAMPLES} more"
    return ", ".join(repr(name) for name in names[:_MOST_EXAMPLES]) + more
