"""Leave when the evidence of all exits so far, added up, is clear and stable enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import log_softmax, softmax

from policies.rules.base import Rule, RuleParams
from policies.rules.distributions import Held, Outputs
from policies.rules.scores import margin, run_length
from policies.rules.view import RuleView
from policies.tables.classification import ExitTable


class EvidenceParams(RuleParams):
    """How evidence is added up and when it counts as stable.

    Attributes:
        mode: ``logprob`` adds tempered log-probabilities, ``logits`` the raw logits: tempered ones would give the
            same softmax.
        min_exit: Index of the first exit at which a sample may leave.
        stable_k: Least length of the run of equal predictions; the first exit has a run of 1.
        flip_penalty: Taken off the margin where the prediction differs from the previous exit's.
    """

    mode: Literal["logprob", "logits"] = "logprob"
    min_exit: Annotated[int, Field(ge=0)] = 0
    stable_k: Annotated[int, Field(ge=1)] = 1
    flip_penalty: Annotated[float, Field(ge=0)] = 0.0


class EvidenceRule(Rule):
    """Depth evidence accumulation: ``p_k = softmax(sum over j <= k of log softmax(logits_j / T_j))``.

    The score is the margin of ``p_k`` less the flip penalty, and ``p_k`` is what is answered with, at the last
    exit too.
    """

    name: ClassVar[str] = "evidence"
    params_type: ClassVar[type[RuleParams]] = EvidenceParams

    def choices(self, table: ExitTable) -> Mapping[str, tuple[Any, ...]]:
        """Both modes, stability over one or two exits, and the penalties that matter."""
        return {"mode": ("logprob", "logits"), "stable_k": (1, 2), "flip_penalty": (0.0, 0.05, 0.2)}

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: EvidenceParams) -> RuleView:
        evidence = outputs.logits.astype(np.float64)
        if params.mode == "logprob":
            evidence = log_softmax(evidence / temperatures[None, :, None], axis=2)
        added = np.cumsum(evidence, axis=1)
        probabilities = np.asarray(softmax(added, axis=2))
        answers = probabilities.argmax(axis=2)
        flips = np.zeros(answers.shape, dtype=bool)
        flips[:, 1:] = answers[:, 1:] != answers[:, :-1]
        scores = margin(probabilities) - params.flip_penalty * flips
        eligible = run_length(answers) >= params.stable_k
        eligible[:, : params.min_exit] = False
        return RuleView(scores[:, :, None], eligible, Held(probabilities))
