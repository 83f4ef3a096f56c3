"""What every rule provides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from policies.errors import PolicyError
from policies.tables.base import ExitTable, Outputs
from policies.views.distributions import Held, Remade, output_blocks
from policies.views.view import Combine, RuleView


TableT = TypeVar("TableT", bound=ExitTable)
State = tuple[NDArray[Any], ...]
"""What a gate remembers of the exits so far: arrays with samples first, so that those who left can be dropped."""


class RuleParams(BaseModel):
    """A rule's own parameters, fitted ones among them; validated wherever a policy comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def only(counts: set[int]) -> int | None:
    """The one count that all rows of a parameter have; None where they differ, which no table can fit."""
    return counts.pop() if len(counts) == 1 else None


@dataclass(frozen=True)
class Step:
    """What a gate makes of one exit for ``n`` samples.

    Attributes:
        scores: Higher means safer to leave, shape (n, S) for S columns, or (n,) for one; minus infinity reaches no
            threshold.
        answers: What is answered if a sample leaves here, shape (n,) for classes, else (n, ...).
        distributions: What the answers were taken from, shape (n, C), or None.
        state: What the next step needs to know of the n samples.
        eligible: Whether each sample may leave at all, shape (n,); everywhere where None.
    """

    scores: NDArray[np.float64]
    answers: NDArray[Any]
    distributions: NDArray[np.float64] | None = None
    state: State = ()
    eligible: NDArray[np.bool_] | None = None

    @classmethod
    def of(
        cls,
        scores: NDArray[np.float64],
        probabilities: NDArray[np.float64],
        state: State = (),
        eligible: NDArray[np.bool_] | None = None,
    ) -> Step:
        """The step of a classifier: the most probable class is answered, of equal ones the first."""
        return cls(scores, np.asarray(probabilities.argmax(axis=1), dtype=np.int64), probabilities, state, eligible)


class Gate(ABC):
    """A rule with its parameters, asked one exit at a time: it sees neither labels nor later exits.

    ``state = gate.begin(n)``, then for each exit in order ``step = gate.step(state, k, outputs)`` and
    ``state = step.state``, of which the rows of samples that left may be dropped.
    """

    combine: ClassVar[Combine] = Combine.ANY
    """How several score columns make one gate."""

    def begin(self, n_samples: int) -> State:
        """What is remembered before the first exit; nothing unless a gate has memory."""
        return ()

    @abstractmethod
    def step(self, state: State, exit_index: int, outputs: Any) -> Step:
        """Look at one exit.

        Args:
            state: What the step before remembered, or :meth:`begin`.
            exit_index: Index of the exit, from 0.
            outputs: What the network said there about the samples of the state.
        """


class Rule(ABC, Generic[TableT]):
    """A family of exit decisions. Stateless: parameters come with every call."""

    name: ClassVar[str]
    task: ClassVar[str] = "classification"
    """The kind of answers that the rule is for: what :attr:`policies.tables.base.ExitTable.task` says."""
    least_classes: ClassVar[int] = 2
    """The fewest classes that answers of its kind can have."""
    params_type: ClassVar[type[RuleParams]] = RuleParams
    is_fitted: ClassVar[bool] = False
    """Whether :meth:`fit` learns parameters from a table."""

    @abstractmethod
    def gate(self, temperatures: NDArray[np.float64], params: Any) -> Gate:
        """The rule with its parameters.

        Args:
            temperatures: Divisor of the outputs of each exit, positive, shape (E,).
            params: Parameters of the rule as :meth:`parse` returns them.

        Raises:
            PolicyError: If there are parameters for another number of exits.
        """

    def lacks(self, table: TableT) -> str:
        """What a table of the right kind does not have that the rule needs, as a clause; empty where it has all."""
        return ""

    def why_not(self, table: ExitTable) -> str:
        """Why the rule cannot be used on a table, as a clause for a person; empty where it can."""
        if table.task != self.task:
            return f"its answers are those of task {table.task!r} and the rule is for {self.task!r}"
        return self.lacks(table)  # type: ignore[arg-type]  # the task says which class a table has

    def n_classes(self, params: Any, n_columns: Sequence[int]) -> int | None:
        """The number of classes that a policy is for, where its parameters or its thresholds depend on it.

        Args:
            params: The rule's parameters, parsed.
            n_columns: The number of thresholds of every exit but the last.
        """
        return None

    def n_open_labels(self, params: Any, n_labels: int) -> int:
        """Of how many labels the answer can differ from the full network's: those labels are the same for all inputs.

        The full network's answer is the last exit's own, which a rule may make something else of. By default of all. A
        rule whose answers take some labels from elsewhere says itself; what was seen to differ says nothing. Of the
        other labels the distribution must be the last exit's too, so that they do not differ where samples are pooled.

        Args:
            params: The rule's parameters, parsed.
            n_labels: Number of labels of an answer.
        """
        return n_labels

    def choices(self, table: TableT) -> Mapping[str, tuple[Any, ...]]:
        """The values of its own parameters that a search tries, by name; the first of each is the default."""
        return {}

    def fit(
        self,
        table: TableT,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Learn parameters from a table, as JSON values; they complete ``params``.

        Args:
            table: Exit table of the ``search`` split, on which policies are chosen.
            temperatures: Temperature of each exit, shape (E,).
            rows: Indices of the samples to learn from; all of them where None.
            **params: The rule's other parameters.
        """
        return {}

    def parse(self, params: Mapping[str, Any]) -> Any:
        """Validate parameters.

        Raises:
            PolicyError: With one line for the first thing that is wrong.
        """
        try:
            return self.params_type.model_validate(dict(params))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"]) or "params"
            given = repr(first["input"])
            known = ", ".join(self.params_type.model_fields) or "none"
            raise PolicyError(
                f"rule {self.name!r}: parameter {key!r}: {first['msg']} but {given[:60]} was given; "
                f"its parameters are {known}"
            ) from None

    def view(
        self,
        table: ExitTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> RuleView:
        """What the rule's gate makes of every exit of a table, a block of samples after the other.

        Args:
            table: The outputs of the network at E exits.
            temperatures: Divisor of the outputs of each exit, positive, shape (E,).
            rows: Indices of the samples to look at; all of them where None.
            **params: The rule's own parameters.

        Raises:
            PolicyError: If a parameter is wrong, or the rule needs what the table does not have.
        """
        reason = self.why_not(table)
        if reason:
            raise PolicyError(f"rule {self.name!r} cannot be used on this table: {reason}")
        gate = self.gate(np.asarray(temperatures, dtype=np.float64), self.parse(params))
        return view_by_steps(gate, table.outputs, rows)


def view_by_steps(gate: Gate, outputs: Outputs, rows: NDArray[np.int64] | None = None) -> RuleView:
    """Go through all exits, block of samples by block, and keep all but the distributions.

    Args:
        gate: Gate that sees each sample by itself, so that it does not matter which others are beside it.
        outputs: Outputs of all exits on the whole table.
        rows: Indices of the samples to view, shape (N,); all where None.
    """
    n_samples = outputs.n_samples if rows is None else len(rows)
    parts = []
    for place, block in output_blocks(outputs, rows):
        steps = _steps(gate, block)
        if place == slice(0, n_samples):
            return _joined(gate, steps, keeps_distributions=True)
        parts.append(_joined(gate, steps, keeps_distributions=False))
    distributions = None
    if steps[0].distributions is not None:
        size = (n_samples, outputs.n_exits, steps[0].distributions.shape[1])
        distributions = Remade(_Distributions(gate), outputs, rows, size)
    return RuleView(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.eligible for part in parts]),
        np.concatenate([part.answers for part in parts]),
        distributions,
        gate.combine,
    )


def _steps(gate: Gate, outputs: Outputs) -> list[Step]:
    steps: list[Step] = []
    state = gate.begin(outputs.n_samples)
    for k in range(outputs.n_exits):
        steps.append(gate.step(state, k, outputs.at(k)))
        state = steps[-1].state
    return steps


def _joined(gate: Gate, steps: list[Step], *, keeps_distributions: bool) -> RuleView:
    eligible = np.ones((len(steps[0].answers), len(steps)), dtype=bool)
    for k, step in enumerate(steps):
        if step.eligible is not None:
            eligible[:, k] = step.eligible
    scores = np.stack([step.scores for step in steps], axis=1)
    made = [step.distributions for step in steps if step.distributions is not None] if keeps_distributions else []
    return RuleView(
        scores[:, :, None] if scores.ndim == 2 else scores,
        eligible,
        np.stack([step.answers for step in steps], axis=1),
        Held(np.stack(made, axis=1)) if made else None,
        gate.combine,
    )


@dataclass(frozen=True)
class _Distributions:
    """A gate as a function from outputs to distributions; unlike a closure it can travel to other processes."""

    gate: Gate

    def __call__(self, outputs: Outputs) -> NDArray[np.float64]:
        made = [step.distributions for step in _steps(self.gate, outputs) if step.distributions is not None]
        return np.stack(made, axis=1)
