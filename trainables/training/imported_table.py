"""The exit tables of a network from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from policies.tables.base import ASSUMED, ExitTable
from policies.tables.classification import ClassificationTable
from policies.tables.multilabel import MultiLabelTable
from policies.tables.sample_arrays.columns import column_key
from policies.user_code import name_of, user_code
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.models.inference import classifier_outputs_on


_LABEL_SETS = 2


def imported_table(
    network: nn.Module,
    split: Split,
    *,
    cost: NDArray[np.float64] | None,
    metadata: Mapping[str, Any],
    name: str,
) -> ExitTable:
    """Run a network on a split, and put down what it says.

    Args:
        network: Gives logits at every exit, shape (N, E, C), for inputs in 0..1; where it has stop heads, as a
            :class:`~trainables.models.stopping.StoppingModel`, stop probabilities too.
        split: The samples that it is run on, each with its class, or with 0 or 1 for each label: logits are then those
            of labels, each by itself.
        cost: Compute up to each exit in any unit, shape (E,), increasing; None takes each stage to cost the same, which
            the table then states.
        metadata: What the table is to state; JSON values.
        name: What a person calls the table.

    Raises:
        TrainingError: If the network fails on the samples.
        ExitTableError: If it gives NaN, infinity, probabilities or answers instead of logits, or costs do not fit.
    """
    with user_code(f"{name_of(type(network))}.forward()", TrainingError):
        said = classifier_outputs_on(network, split.inputs)
    n_exits = said.n_exits
    given = {
        "logits": said.logits,
        "labels": split.labels,
        "cost": np.arange(1, n_exits + 1) / n_exits if cost is None else cost / cost[-1],
        "ids": split.ids,
        **split.origins,
        **{column_key(name): values for name, values in split.columns.items()},
        "meta": {**metadata, **({ASSUMED: ["cost"]} if cost is None else {})},
        **({} if said.stop_prob is None else {"stop_prob": said.stop_prob}),
    }
    kind = MultiLabelTable if split.labels.ndim == _LABEL_SETS else ClassificationTable
    return kind.read(given, {}, name)
