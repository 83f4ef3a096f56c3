"""Tables of label sets with the probabilities that a test says."""

import numpy as np

from policies.tables.multilabel import MultiLabelTable


def table_of(probabilities, labels):
    """A table whose exits say these probabilities, shape (N, E, L)."""
    said, n = np.asarray(probabilities, dtype=np.float64), len(probabilities)
    return MultiLabelTable(
        logits=(np.log(said) - np.log1p(-said)).astype(np.float32),
        labels=np.asarray(labels, dtype=np.uint8),
        cost=np.linspace(1 / said.shape[1], 1, said.shape[1]),
        ids=np.array([f"s{i:05d}" for i in range(n)]),
    )
