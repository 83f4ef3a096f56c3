"""What rules for sets of labels take of what stages say: logits, with the policy's own label thresholds beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from policies.rules.base import Step
from policies.tables.classification import ExitOutputs
from policies.tables.multilabel import LABEL_THRESHOLD, LabelOutputs, MultiLabelTable


@dataclass(frozen=True)
class SaidLabels:
    """How a policy reads the logits of labels.

    Attributes:
        thresholds: From which probability on each label is answered, shape (L,), or one for all, shape ().
    """

    thresholds: NDArray[np.float64]

    @classmethod
    def by(cls, policy: Policy) -> SaidLabels | None:
        """As a policy says; None where its answers are no sets of labels."""
        if get_rule(policy.rule).task != MultiLabelTable.task:
            return None
        given = policy.answering.label_thresholds
        return cls(np.array(LABEL_THRESHOLD if given is None else given))

    def outputs(self, said: ExitOutputs) -> LabelOutputs:
        """What rules take.

        Raises:
            PolicyError: If the policy has thresholds for another number of labels.
        """
        n_labels = said.logits.shape[1]
        if self.thresholds.ndim and len(self.thresholds) != n_labels:
            raise PolicyError(
                f"a policy is for one network but this one has {len(self.thresholds)} label_thresholds and the network "
                f"{n_labels} labels; take the policy that was made for it"
            )
        return LabelOutputs(said.logits, np.broadcast_to(self.thresholds, said.logits.shape))

    def closeness(self, step: Step) -> NDArray[np.float64]:
        """Least distance of any label's probability from where its answer changes, shape (n,).

        Raises:
            PolicyError: If the rule is somebody's own, and gives no probabilities.
        """
        if step.distributions is None:
            raise PolicyError("a rule for sets of labels must give their probabilities as distributions but gives none")
        return np.asarray(np.abs(step.distributions - self.thresholds).min(axis=1))
