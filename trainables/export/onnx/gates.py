"""The rules that can be computed within a graph: what each adds to it. A new rule is one line, and its nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import math

import numpy as np

from policies.policy import Policy
from policies.rules import get_rule
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
    """

    scope: Scope
    policy: Policy
    n_classes: int
    logits: tuple[str, ...]

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
        """Whether the sample leaves here, bool of shape (1,), and the score that says so; None at a closed exit."""
        compared = [
            (column, self.scope.add("GreaterOrEqual", self.score(column), self.scope.constant(doubles([threshold]))))
            for column, threshold in enumerate(self.policy.thresholds[self.exit_index])
            if threshold < math.inf
        ]
        if not compared:
            return None
        condition = compared[0][1]
        for _, other in compared[1:]:
            condition = self.scope.add("Or", condition, other)
        return condition, self.score(compared[0][0])


@dataclass(frozen=True)
class RuleNodes:
    """How a rule is computed in a graph.

    Attributes:
        scaled: Adds what an exit answers with the softmax of and gives its name: shape (1, C).
        columns: Add the scores that thresholds are for, in the rule's order, and give their names: shape (1,) each.
    """

    scaled: Callable[[Gate], str]
    columns: tuple[Callable[[Gate], str], ...]


def _tempered(gate: Gate) -> str:
    """The exit's own logits, divided by its temperature."""
    divisor = gate.scope.constant(doubles(gate.policy.temperatures[gate.exit_index]))
    return gate.scope.add("Div", gate.logits[-1], divisor)


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
