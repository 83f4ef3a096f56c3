"""Why a network that answers with sets of labels may have learned too little."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from policies.names import list_some
from policies.tables.multilabel import MultiLabelTable
from trainables.tasks.doubts import Doubt


def doubts_of_sets(table: MultiLabelTable) -> Iterator[Doubt]:
    """Whether the last exit is no better than one set for all samples.

    Sets of many labels are seldom right as a whole, even of a good network, so that it must be no better in wrong
    labels either.

    Args:
        table: What the network says on the split that it was judged on.
    """
    answers, truth = table.exit_answers[:, -1], table.truth
    n_right, n_wrong = int(truth.right(answers).sum()), int((answers != truth.labels).sum())
    sets, counts = np.unique(truth.labels, axis=0, return_counts=True)
    n_on = truth.labels.sum(axis=0, dtype=np.int64)
    n_fewest = int(np.minimum(n_on, truth.n_samples - n_on).sum())
    if n_right > counts.max() or n_wrong < n_fewest:
        return
    frequent = [name for name, on in zip(truth.names, sets[counts.argmax()], strict=True) if on]
    named = list_some(frequent) if frequent else "no label"
    yield Doubt(
        f"exact match {n_right / truth.n_samples:.4f} and Hamming loss {n_wrong / truth.labels.size:.4f} are no better "
        f"than of one set for all samples: always answering {named} is right for {counts.max() / truth.n_samples:.4f}, "
        f"and labels that most samples have are wrong in {n_fewest / truth.labels.size:.4f}; "
        f"{int(answers.any(axis=0).sum())} of {truth.n_labels} labels are ever answered",
        "look whether labels belong to their samples, and try positive_weighting none or another learning rate",
    )
