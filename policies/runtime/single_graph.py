"""One ONNX graph that leaves early by itself, run by onnxruntime, one sample at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import StagesError
from policies.extras import extra_module
from policies.policy import Policy
from policies.rules import RULES
from policies.rules.dual_threshold import DualThresholdRule
from policies.runtime.answers import Answers
from policies.runtime.onnx_stages import INPUTS, session_options, stated_in, unit_floats
from policies.runtime.stages import require_shape


OUTPUTS = ("label", "probabilities", "exit", "score")
"""What such a graph gives: see :func:`trainables.export.onnx.single_graph.write_single_graph`."""


class SingleGraph:
    """A network with its policy as one graph.

    Between a stage and its gate nothing leaves the graph, so that at batch 1 on a CPU it is quicker than stages with
    gates outside.

    Args:
        path: File of the graph.
        n_threads: Threads within one operator.

    Raises:
        StagesError: If onnxruntime is missing, or the file is no such graph.
        PolicyError: If the policy that the graph states cannot be one.
    """

    def __init__(self, path: Path, *, n_threads: int = 1) -> None:
        onnxruntime = extra_module("onnxruntime", StagesError)
        options = session_options(n_threads)
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            stated = stated_in(self._session.get_modelmeta().custom_metadata_map)
        except Exception as error:  # onnxruntime's own have no base but this
            raise StagesError(f"{path}: not a readable single graph ({str(error).splitlines()[0]})") from None
        self.policy = _stated_policy(path, stated.get("policy"))
        self._input_shape: tuple[int, ...] = tuple(self._session.get_inputs()[0].shape[1:])
        # Its second column, the confidence, can be read off the probabilities.
        self._is_dual = self.policy.rule == DualThresholdRule.name
        # Of several columns the policy uses one at each exit; at the last exit it uses none.
        rows = np.array([*self.policy.thresholds, (-np.inf,) * len((*self.policy.thresholds, (0.0,))[0])])
        self._thresholds, self._columns = rows, rows.argmin(axis=1)

    def __call__(self, sample: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """What the graph gives, by the names of :data:`OUTPUTS`.

        Args:
            sample: Float32 in 0..1, shape (1, channels, height, width).
        """
        return dict(zip(OUTPUTS, self._session.run(OUTPUTS, {INPUTS: sample}), strict=True))

    def answer(self, inputs: NDArray[Any]) -> Answers:
        """Answer about one sample.

        What is told of scores, and the closeness to thresholds, is that of the exit taken alone: the graph does not say
        what they were before.

        Args:
            inputs: Shape (1, channels, height, width), uint8 in 0..255 or float32.

        Raises:
            StagesError: If the sample is of another shape than the network's.
        """
        require_shape(inputs, self._input_shape)
        label, probabilities, exits, score = self._session.run(OUTPUTS, {INPUTS: unit_floats(inputs)})
        k = int(exits[0])
        thresholds = self._thresholds[k : k + 1]
        scores = self._scores(k, float(score[0]), probabilities)
        is_known = scores > -np.inf
        distance = np.abs(scores[is_known] - thresholds[is_known]).min()
        return Answers(exits, label, probabilities, scores, thresholds, np.array([distance]))

    def _scores(self, k: int, score: float, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores of the exit taken, shape (1, S): of several columns the one that the policy uses there, or both."""
        n_columns = self._thresholds.shape[1]
        if self._is_dual:
            return np.array([[score, probabilities.max()][:n_columns]])
        scores = np.full((1, n_columns), -np.inf)
        scores[0, self._columns[k]] = score
        return scores


def _stated_policy(path: Path, stated: Any) -> Policy:
    """The policy that a graph states; it has a rule of this project, so that no module is imported for it."""
    rule = stated.get("rule") if isinstance(stated, dict) else None
    if rule is not None and rule not in RULES:
        raise StagesError(f"{path}: a single graph has one of the rules {', '.join(RULES)} but states {rule!r}")
    return Policy.from_dict(stated)
