"""What rules for sets of labels take of what stages say: logits, with the policy's own label thresholds beside them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

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
        thresholds: From which probability on each label is answered, length L; one half where None.
    """

    thresholds: tuple[float, ...] | None

    @classmethod
    def by(cls, policy: Policy) -> SaidLabels | None:
        """As a policy says; None where its answers are no sets of labels."""
        if get_rule(policy.rule).task != MultiLabelTable.task:
            return None
        return cls(policy.answering.label_thresholds)

    def outputs(self, said: ExitOutputs) -> LabelOutputs:
        """What rules take.

        Raises:
            PolicyError: If the policy has thresholds for another number of labels.
        """
        return LabelOutputs(said.logits, _repeated(self.thresholds, *said.logits.shape))

    def closeness(self, step: Step) -> NDArray[np.float64]:
        """Least distance of any label's probability from where its answer changes, shape (n,).

        Raises:
            PolicyError: If the rule is somebody's own, and gives no probabilities.
        """
        if step.distributions is None:
            raise PolicyError("a rule for sets of labels must give their probabilities as distributions but gives none")
        thresholds = _repeated(self.thresholds, *step.distributions.shape)
        return np.asarray(np.abs(step.distributions - thresholds).min(axis=1))


# Of one sample it would take about as long as the gate itself.
@lru_cache(maxsize=64)
def _repeated(thresholds: tuple[float, ...] | None, n_samples: int, n_labels: int) -> NDArray[np.float64]:
    """Thresholds for each of some samples, shape (n, L), not to be written to."""
    if thresholds is not None and len(thresholds) != n_labels:
        raise PolicyError(
            f"a policy is for one network but this one has {len(thresholds)} label_thresholds and the network "
            f"{n_labels} labels; take the policy that was made for it"
        )
    of_labels = np.full(n_labels, LABEL_THRESHOLD) if thresholds is None else np.array(thresholds)
    return np.broadcast_to(of_labels, (n_samples, n_labels))
