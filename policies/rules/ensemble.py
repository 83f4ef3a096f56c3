"""Leave when the weighted ensemble of the exits so far is sure enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.calibration.temperature import softmax_in_place
from policies.errors import PolicyError
from policies.rules.base import Gate, Rule, RuleParams, State, Step, only
from policies.rules.scoring.scores import confidence
from policies.tables.classification import ClassificationTable, ExitOutputs


if TYPE_CHECKING:
    from policies.calibration.likelihood import Likelihood


_RIDGE = 1e-4
_MAX_ITERATIONS = 60
_TOLERANCE, _TOLERANCE_OF_LARGE = 1e-6, 1e-5


class EnsembleParams(RuleParams):
    """Parameters of :class:`EnsembleRule`.

    Attributes:
        weights: Row ``k`` holds the weights of the exits ``0..k`` at exit ``k``; not negative.
        bias: Row ``k`` holds one summand per class, or label, at exit ``k``.
    """

    weights: list[list[Annotated[float, Field(ge=0)]]]
    bias: list[list[float]]


@dataclass(frozen=True)
class ExitMixture:
    """``softmax(bias_k + sum over j <= k of weights_kj log p_j)`` of the tempered probabilities of the exits so far.

    Attributes:
        weights: Weights of the logits of the exits up to each exit, temperatures divided in.
        bias: Summand of each class, or label, at each exit, E rows of shape (C,).
        of: What a bias is a summand of, for messages: a class, or a label.
    """

    weights: tuple[NDArray[np.float64], ...]
    bias: tuple[NDArray[np.float64], ...]
    of: str = "class"

    def probabilities(self, seen: State, exit_index: int) -> NDArray[np.float64]:
        """The mixture at an exit, shape (n, C); arguments and errors as for :meth:`mixed`."""
        # What tempered logits differ by from log-probabilities is the same for all classes: the softmax ignores it.
        return softmax_in_place(self.mixed(seen, exit_index))

    def mixed(self, seen: State, exit_index: int) -> NDArray[np.float64]:
        """The biases and weighted logits of the exits up to one, summed, shape (n, C).

        Args:
            seen: Logits of the exits up to this one, shape (n, C) each, float64.
            exit_index: Index of the exit.

        Raises:
            PolicyError: If the exit's bias is for another number of classes.
        """
        bias, n_classes = self.bias[exit_index], seen[-1].shape[1]
        if len(bias) != n_classes:
            raise PolicyError(f"'bias' must have {n_classes} numbers per exit, one a {self.of}, but has {len(bias)}")
        terms = [weight * logits for weight, logits in zip(self.weights[exit_index], seen, strict=True) if weight]
        mixed = np.add(bias, terms[0]) if terms else np.broadcast_to(bias, seen[-1].shape).copy()
        for term in terms[1:]:
            mixed += term
        return mixed


def mixture_of(
    temperatures: NDArray[np.float64], params: EnsembleParams, *, rule: str = "ensemble", of: str = "class"
) -> ExitMixture:
    """The mixture that the parameters mean after given temperatures.

    Args:
        temperatures: Temperature of each exit, shape (E,).
        params: Weights and biases.
        rule: Name of the rule whose parameters they are, for messages.
        of: What a bias is a summand of: a class, or a label.

    Raises:
        PolicyError: If there are weights or biases for another number of exits.
    """
    n_exits = len(temperatures)
    lengths = [*range(1, n_exits + 1)]
    if [len(row) for row in params.weights] != lengths or len(params.bias) != n_exits:
        raise PolicyError(f"rule {rule!r}: 'weights' must have rows of lengths {lengths}, 'bias' {n_exits} rows")
    weights = tuple(np.asarray(row) / temperatures[: len(row)] for row in params.weights)
    return ExitMixture(weights, tuple(np.asarray(row, dtype=np.float64) for row in params.bias), of)


@dataclass(frozen=True)
class EnsembleGate(Gate):
    """Confidence of the mixture; it remembers the logits of all exits so far.

    Attributes:
        mixture: Weighted mixture of the exits so far that answers.
    """

    mixture: ExitMixture

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Mix the exits so far."""
        seen = (*state, outputs.logits.astype(np.float64))
        probabilities = self.mixture.probabilities(seen, exit_index)
        return Step.of(confidence(probabilities), probabilities, seen)


class EnsembleRule(Rule[ClassificationTable]):
    """Confidence of ``p_k = softmax(b_k + sum over j <= k of w_kj log p_j)``, a weighted geometric mean.

    The ensemble of "Zero Time Waste" (Wołczyk et al., NeurIPS 2021): weights and biases of each exit minimise
    the negative log-likelihood of ``p_k``. The ensemble also gives the answer, so the policy can be more
    accurate than the last exit.
    """

    name: ClassVar[str] = "ensemble"
    params_type: ClassVar[type[RuleParams]] = EnsembleParams
    is_fitted: ClassVar[bool] = True

    def n_classes(self, params: EnsembleParams, n_columns: Sequence[int]) -> int | None:
        """Each exit has one bias per class."""
        return only({len(row) for row in params.bias})

    def fit(
        self,
        table: ClassificationTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Fit weights and biases of each exit by penalised maximum likelihood."""
        exits = range(table.n_exits)
        fitted = [fit_weights_and_bias(table, temperatures, range(k + 1), rows=rows) for k in exits]
        return {"weights": [weights.tolist() for weights, _ in fitted], "bias": [bias.tolist() for _, bias in fitted]}

    def gate(self, temperatures: NDArray[np.float64], params: EnsembleParams) -> EnsembleGate:
        """The gate of the fitted weights."""
        return EnsembleGate(mixture_of(temperatures, params))


def fit_weights_and_bias(
    table: ClassificationTable,
    temperatures: NDArray[np.float64],
    exits: range,
    *,
    rows: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mixture of exits that is likeliest to give the labels, by penalised maximum likelihood.

    Args:
        table: Exit table with the labels to learn from.
        temperatures: Temperature of each exit of the table, shape (E,).
        exits: The K exits that are mixed, in a row; the fit starts from the last of them as it is.
        rows: Indices of the samples to learn from; all of them where None.

    Returns:
        Weights of log-probabilities, shape (K,), not negative, and one summand per class, shape (C,).
    """
    # Here, since the import takes seconds, and a policy that is only run fits nothing.
    from policies.calibration.likelihood import is_large, mixed_likelihood

    rows = np.arange(table.n_samples) if rows is None else rows
    unit_of_bias, tolerance = 1.0, _TOLERANCE
    if is_large(len(rows), table.n_classes):
        # Along a bias the loss bends about C times less than along a weight. In units that make that alike half the
        # passes do, and the rougher tolerance comes ten times nearer to the minimum than the finer one without them.
        unit_of_bias, tolerance = (1 / table.n_classes + 2 * _RIDGE) ** -0.5, _TOLERANCE_OF_LARGE

    def likelihood(weights: NDArray[np.float64], bias: NDArray[np.float64]) -> Likelihood:
        return mixed_likelihood(table.logits, table.labels, rows, weights=weights, bias=bias, first_exit=exits.start)

    divisors = temperatures[exits.start : exits.stop]
    return likeliest_mixture(likelihood, divisors, table.n_classes, unit_of_bias=unit_of_bias, tolerance=tolerance)


def likeliest_mixture(
    likelihood: Callable[[NDArray[np.float64], NDArray[np.float64]], Likelihood],
    divisors: NDArray[np.float64],
    n_biases: int,
    *,
    unit_of_bias: float = 1.0,
    tolerance: float = _TOLERANCE,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and biases that are likeliest, less a penalty on how far they are from the last exit as it is.

    Args:
        likelihood: Negative log-likelihood of weights of raw logits, shape (K,), and biases, shape (C,).
        divisors: Temperature of each of the K exits, shape (K,).
        n_biases: Number of biases, ``C``.
        unit_of_bias: What a step along a bias is as long as, in steps along a weight.
        tolerance: Relative gain of a step at which the search stops.

    Returns:
        Weights of tempered logits, shape (K,), not negative, and biases, shape (C,).
    """
    # Here, since the import takes seconds, and a policy that is only run fits nothing.
    from scipy.optimize import minimize

    n_seen = len(divisors)
    start = np.concatenate([np.zeros(n_seen - 1), np.ones(1), np.zeros(n_biases)])
    unit = np.concatenate([np.ones(n_seen), np.full(n_biases, unit_of_bias)])

    def loss_and_gradient(scaled: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        x = scaled * unit
        found = likelihood(x[:n_seen] / divisors, x[n_seen:])
        gradient = np.concatenate([found.of_weights / divisors, found.of_bias])
        loss = found.loss + _RIDGE * float(((x - start) ** 2).sum())
        return loss, (gradient + 2 * _RIDGE * (x - start)) * unit

    found = minimize(
        loss_and_gradient,
        start / unit,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * n_seen + [(None, None)] * n_biases,
        options={"maxiter": _MAX_ITERATIONS, "ftol": tolerance},
    )
    best = found.x * unit
    return np.maximum(best[:n_seen], 0.0), best[n_seen:]
