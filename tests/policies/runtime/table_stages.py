"""Stages that say what a table says: the gates and the bookkeeping of a runtime without a network."""

import numpy as np


class TableStages:
    """Inputs are row numbers, shape (n, 1, 1, 1); counts how many samples each stage was run on."""

    def __init__(self, table):
        self._outputs = table.outputs
        self.counts = np.zeros(table.n_exits, dtype=int)
        self.largest = 0

    @property
    def n_exits(self):
        return self._outputs.n_exits

    def begin(self, inputs):
        return inputs.reshape(-1).astype(np.int64)

    def run(self, exit_index, features, *, with_head=True):
        self.counts[exit_index] += len(features)
        self.largest = max(self.largest, len(features))
        return features, self._outputs.take(features).at(exit_index) if with_head else None

    def take(self, features, rows):
        return features[rows]


def rows_as_inputs(n):
    return np.arange(n).reshape(n, 1, 1, 1)
