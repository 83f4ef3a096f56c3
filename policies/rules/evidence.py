"""Leave when the evidence of all exits so far, added up, is clear and stable enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import log_softmax, softmax

from policies.rules.base import Gate, Rule, RuleParams, State, Step
from policies.rules.scoring.run_length import longer_run, no_run
from policies.rules.scoring.scores import margin
from policies.tables.classification import ClassificationTable, ExitOutputs


class EvidenceParams(RuleParams):
    """How evidence is added up and when it counts as stable.

    Attributes:
        mode: ``logprob`` adds tempered log-probabilities, ``logits`` the raw logits: tempered ones would give the
            same softmax.
        min_exit: Index of the first exit at which a sample may leave.
        stable_k: Least length of the run of equal predictions; the first exit has a run of 1.
        flip_penalty: Amount taken off the margin where the prediction differs from the previous exit's.
    """

    mode: Literal["logprob", "logits"] = "logprob"
    min_exit: Annotated[int, Field(ge=0)] = 0
    stable_k: Annotated[int, Field(ge=1)] = 1
    flip_penalty: Annotated[float, Field(ge=0)] = 0.0


@dataclass(frozen=True)
class EvidenceGate(Gate):
    """The margin of the evidence so far; it remembers the sum, shape (n, C), and the run of equal predictions.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        params: How evidence is added up and when it counts as stable.
    """

    temperatures: NDArray[np.float64]
    params: EvidenceParams

    def begin(self, n_samples: int) -> State:
        """No evidence, and no answer yet."""
        return (np.zeros((n_samples, 1)), *no_run(n_samples))

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Add the evidence of the exit."""
        evidence = outputs.logits.astype(np.float64)
        if self.params.mode == "logprob":
            evidence = log_softmax(evidence / self.temperatures[exit_index], axis=1)
        added, run = state[0] + evidence, state[1:]
        probabilities = np.asarray(softmax(added, axis=1))
        answers = np.asarray(probabilities.argmax(axis=1), dtype=np.int64)
        is_flip = (answers != run[0]) & (exit_index > 0)
        scores = margin(probabilities) - self.params.flip_penalty * is_flip
        run = longer_run(run, answers)
        eligible = (run[1] >= self.params.stable_k) & (exit_index >= self.params.min_exit)
        return Step.of(scores, probabilities, (added, *run), eligible)


class EvidenceRule(Rule[ClassificationTable]):
    """Depth evidence accumulation: ``p_k = softmax(sum over j <= k of log softmax(logits_j / T_j))``.

    The score is the margin of ``p_k`` less the flip penalty, and ``p_k`` is what is answered with, at the last
    exit too.
    """

    name: ClassVar[str] = "evidence"
    params_type: ClassVar[type[RuleParams]] = EvidenceParams

    def choices(self, table: ClassificationTable) -> Mapping[str, tuple[Any, ...]]:
        """Both modes, stability over one or two exits, and the penalties that matter."""
        return {"mode": ("logprob", "logits"), "stable_k": (1, 2), "flip_penalty": (0.0, 0.05, 0.2)}

    def gate(self, temperatures: NDArray[np.float64], params: EvidenceParams) -> EvidenceGate:
        """The gate after the given temperatures."""
        return EvidenceGate(temperatures, params)
