"""What stages say about samples, whatever runs them: all exits at once, and as an exit table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.policy import Policy
from policies.rules import RuleView, get_rule
from policies.rules.base import view_by_steps
from policies.runtime.stages import Stages
from policies.tables.classification import ClassificationOutputs, ClassificationTable, ExitOutputs
from trainables.data import Split


_BATCH_SIZE = 64


def tabulate_stages(
    stages: Stages, split: Split, *, cost: NDArray[np.float64], metadata: Mapping[str, Any]
) -> ClassificationTable:
    """The exit table of stages: every sample goes through all of them.

    Args:
        stages: A classifier's, such as those of quantised graphs.
        split: Samples and their classes.
        cost: Cumulative compute up to each exit relative to the full network, shape (E,); the last is 1.0.
        metadata: What the table is to state, ``model_hash`` among it: tables, and so policies and certificates, are of
            one network.

    Raises:
        ExitTableError: If the stages give NaN or infinity.
        StagesError: If the samples do not fit the stages.
    """
    outputs = stage_outputs(stages, split.inputs)
    return ClassificationTable(
        logits=outputs.logits,
        stop_prob=outputs.stop_prob,
        labels=split.labels,
        cost=cost,
        ids=split.ids,
        meta=dict(metadata),
        **split.origins,
        columns=split.columns,
    )


def stage_outputs(stages: Stages, inputs: NDArray[Any]) -> ClassificationOutputs:
    """What every exit says about samples, shape (N, channels, height, width), 64 of them at a time."""
    blocks = [_all_exits(stages, inputs[start : start + _BATCH_SIZE]) for start in range(0, len(inputs), _BATCH_SIZE)]
    return ClassificationOutputs.joined(blocks)


def _all_exits(stages: Stages, inputs: NDArray[Any]) -> ClassificationOutputs:
    return ClassificationOutputs.of_exits([outputs for _, outputs in each_stage(stages, inputs)])


def each_stage(stages: Stages, inputs: NDArray[Any]) -> Iterator[tuple[Any, ExitOutputs]]:
    """Run all stages on samples at once: what each takes, and what its exit says."""
    features = stages.begin(inputs)
    for k in range(stages.n_exits):
        given = features
        features, outputs = stages.run(k, given)
        yield given, outputs


def view_outputs(policy: Policy, outputs: ClassificationOutputs) -> RuleView:
    """What a policy's rule sees in outputs that have no truth beside them: what it decides is ``decide_on`` of it."""
    rule = get_rule(policy.rule)
    return view_by_steps(rule.gate(np.asarray(policy.temperatures), rule.parse(policy.params)), outputs)
