"""The rules that can be computed within a graph: what each adds to it. A new rule is one line, and its nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math

import numpy as np

from policies.policy import Policy
from policies.rules import get_rule
from policies.rules.dual_threshold import DualThresholdParams
from policies.rules.ensemble import ExitMixture
from trainables.errors import ExportError
from trainables.export.onnx.scope import Scope, doubles


_CLASS_AXIS = 1
# Below it a probability adds nothing to the entropy, and its logarithm must be finite.
_SMALLEST = 1e-300


@dataclass(frozen=True)
class Gate:
    """One exit of one sample, in a graph.

    Attributes:
        scope: Takes the nodes.
        policy: The rule and its numbers.
        n_classes: Number of classes, ``C``.
        logits: Names of the logits of the exits so far, float64 of shape (1, C) each.
        stop_prob: Name of the exit's stop probability, float64 of shape (1,); None where the network gives none.
    """

    scope: Scope
    policy: Policy
    n_classes: int
    logits: tuple[str, ...]
    stop_prob: str | None = None

    @property
    def exit_index(self) -> int:
        """Index of the exit, from 0."""
        return len(self.logits) - 1

    @property
    def earlier(self) -> Gate:
        """The exit before."""
        return Gate(self.scope, self.policy, self.n_classes, self.logits[:-1])

    @property
    def scaled(self) -> str:
        """What the softmax is taken of, shape (1, C)."""
        return rule_nodes(self.policy).scaled(self)

    @property
    def probabilities(self) -> str:
        """What is answered with, shape (1, C)."""
        return self.scope.add("Softmax", self.scaled, axis=_CLASS_AXIS)

    @property
    def label(self) -> str:
        """The most probable class, of equal ones the first, int64 of shape (1,)."""
        # Not of the probabilities, where vector and scalar instructions round equal logits differently.
        return self.scope.add("ArgMax", self.scaled, axis=_CLASS_AXIS, keepdims=0)

    def score(self, column: int = 0) -> str:
        """One of the rule's scores, shape (1,)."""
        return rule_nodes(self.policy).columns[column](self)

    def is_open(self) -> tuple[str, str] | None:
        """Whether the sample leaves here, bool of shape (1,), and the score that says so; None at a closed exit.

        Of scores that must all reach their thresholds it is the first.
        """
        nodes, thresholds = rule_nodes(self.policy), self.policy.thresholds[self.exit_index]
        compared = [
            (column, self.scope.add("GreaterOrEqual", self.score(column), self.scope.constant(doubles([threshold]))))
            for column, threshold in enumerate(thresholds)
            if threshold < math.inf
        ]
        if not compared or (nodes.needs_all and len(compared) < len(thresholds)) or not nodes.may_leave(self):
            return None
        condition = compared[0][1]
        for _, other in compared[1:]:
            condition = self.scope.add("And" if nodes.needs_all else "Or", condition, other)
        return condition, self.score(compared[0][0])


@dataclass(frozen=True)
class RuleNodes:
    """How a rule is computed in a graph.

    Attributes:
        scaled: Adds what an exit answers with the softmax of and gives its name: shape (1, C).
        columns: Add the scores that thresholds are for, in the rule's order, and give their names: shape (1,) each.
        needs_all: Whether every score must reach its threshold, rather than one.
        may_leave: Whether a sample can leave at an exit at all, whatever its scores are.
    """

    scaled: Callable[[Gate], str]
    columns: tuple[Callable[[Gate], str], ...]
    needs_all: bool = False
    may_leave: Callable[[Gate], bool] = lambda gate: True


def _tempered(gate: Gate) -> str:
    """The exit's own logits, divided by its temperature."""
    divisor = gate.scope.constant(doubles(gate.policy.temperatures[gate.exit_index]))
    return gate.scope.add("Div", gate.logits[-1], divisor)


def _dual_threshold(gate: Gate) -> DualThresholdParams:
    params: DualThresholdParams = get_rule(gate.policy.rule).parse(gate.policy.params)
    return params


def _own_tempered(gate: Gate) -> str:
    """The exit's own logits, divided by the rule's temperature in place of the fitted one."""
    divisor = gate.scope.constant(doubles(_dual_threshold(gate).conf_temp))
    return gate.scope.add("Div", gate.logits[-1], divisor)


def _is_deep_enough(gate: Gate) -> bool:
    """Whether the exit has the rule's least depth."""
    return gate.exit_index + 1 >= _dual_threshold(gate).min_depth


def _stop_prob(gate: Gate) -> str:
    """What the stop head says."""
    if gate.stop_prob is None:
        raise ExportError(
            f"rule {gate.policy.rule!r} needs graphs that give 'stop_prob' but these do not; export a network that has "
            f"stop heads"
        )
    return gate.stop_prob


def _mixture(gate: Gate) -> ExitMixture:
    rule, policy = get_rule(gate.policy.rule), gate.policy
    mixture: ExitMixture = rule.gate(doubles(policy.temperatures), rule.parse(policy.params)).mixture  # type: ignore[attr-defined]
    return mixture


def _mixed(gate: Gate) -> str:
    """The weighted sum of logits and bias that the rule fitted."""
    mixture, scope = _mixture(gate), gate.scope
    weights = mixture.weights[gate.exit_index]
    total = scope.constant(mixture.bias[gate.exit_index][None])
    # The weights are those of the last exits: of all so far, or of this one alone.
    for weight, logits in zip(weights, gate.logits[-len(weights) :], strict=True):
        if weight:
            total = scope.add("Add", total, scope.add("Mul", scope.constant(doubles(weight)), logits))
    return total


def _confidence(gate: Gate) -> str:
    """The largest probability."""
    return gate.scope.add("ReduceMax", gate.probabilities, _class_axes(gate), keepdims=0)


def _margin(gate: Gate) -> str:
    """The largest less the second largest probability."""
    scope = gate.scope
    top = scope.add("TopK", gate.probabilities, scope.constant(np.array([2])), n_outputs=2, axis=_CLASS_AXIS)
    signed = scope.add("Mul", top, scope.constant(doubles([[1, -1]])))
    return scope.add("ReduceSum", signed, _class_axes(gate), keepdims=0)


def _certainty(gate: Gate) -> str:
    """One less the entropy relative to its largest, log C."""
    scope, one = gate.scope, gate.scope.constant(doubles([1]))
    logarithms = scope.add("Log", scope.add("Max", gate.probabilities, scope.constant(doubles(_SMALLEST))))
    less_entropy = scope.add(
        "ReduceSum", scope.add("Mul", gate.probabilities, logarithms), _class_axes(gate), keepdims=0
    )
    return scope.add("Add", one, scope.add("Div", less_entropy, scope.constant(doubles([np.log(gate.n_classes)]))))


def _run_length(gate: Gate) -> str:
    """How many exits in a row have given the same answer, this one included."""
    scope, one = gate.scope, gate.scope.constant(doubles([1]))
    if gate.exit_index == 0:
        return one
    is_same = scope.add("Equal", gate.label, gate.earlier.label)
    return scope.add("Where", is_same, scope.add("Add", _run_length(gate.earlier), one), one)


def _class_axes(gate: Gate) -> str:
    return gate.scope.constant(np.array([_CLASS_AXIS]))


GRAPH_RULES: dict[str, RuleNodes] = {
    "confidence": RuleNodes(_tempered, (_confidence,)),
    "margin": RuleNodes(_tempered, (_margin,)),
    "entropy": RuleNodes(_tempered, (_certainty,)),
    "patience": RuleNodes(_tempered, (_run_length,)),
    "mixture": RuleNodes(_tempered, (_confidence, _margin, _certainty, _run_length)),
    "ensemble": RuleNodes(_mixed, (_confidence,)),
    "recalibrated": RuleNodes(_mixed, (_confidence,)),
    "dual-threshold": RuleNodes(_own_tempered, (_stop_prob, _confidence), needs_all=True, may_leave=_is_deep_enough),
}


def rule_nodes(policy: Policy) -> RuleNodes:
    """How the rule of a policy is computed in a graph.

    Raises:
        ExportError: If it cannot be.
    """
    if policy.rule not in GRAPH_RULES:
        raise ExportError(
            f"one graph with all stages can be had for the rules {', '.join(GRAPH_RULES)} but the policy's is "
            f"{policy.rule!r}; export a graph for each stage, which serve every rule"
        )
    return GRAPH_RULES[policy.rule]
