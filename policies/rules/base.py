"""What every rule provides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from policies.errors import PolicyError
from policies.exit_table import ExitTable


class Combine(StrEnum):
    """How the score columns of an exit make one gate."""

    ANY = "any"
    """Leave where at least one column reaches its threshold."""
    ALL = "all"
    """Leave where every column reaches its threshold."""
    ONE = "one"
    """As ``ANY``, and a policy uses one column per exit: the thresholds of the others are infinite."""


class RuleParams(BaseModel):
    """A rule's own parameters, fitted ones among them; validated wherever a policy comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class RuleView:
    """What a rule sees in one exit table, before any threshold.

    A sample may leave at exit ``k`` where ``eligible[:, k]`` holds and its scores reach the exit's
    thresholds, as ``combine`` says; it then gives the answer ``answers[:, k]``. The last exit is always open.

    Attributes:
        scores: Higher means safer to leave, shape (N, E, S) for S columns, float64, never NaN; minus
            infinity reaches no threshold.
        eligible: Where leaving is allowed at all, shape (N, E), bool.
        probabilities: The distribution answered with at each exit, shape (N, E, C), float64.
        combine: How several columns make one gate.
    """

    scores: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    combine: Combine = Combine.ANY

    @property
    def answers(self) -> NDArray[np.int64]:
        """Predicted class at each exit, shape (N, E); ties go to the lower class index."""
        return np.asarray(self.probabilities.argmax(axis=2), dtype=np.int64)

    @property
    def n_columns(self) -> int:
        """Number of score columns, ``S``."""
        return int(self.scores.shape[2])

    @classmethod
    def of_one_score(cls, scores: NDArray[np.float64], probabilities: NDArray[np.float64]) -> RuleView:
        """A view with one column, scores of shape (N, E), and no exit forbidden."""
        return cls(scores[:, :, None], np.ones(scores.shape, dtype=bool), probabilities)


def only(counts: set[int]) -> int | None:
    """The one count that all rows of a parameter have; None where they differ, which no table can fit."""
    return counts.pop() if len(counts) == 1 else None


class Rule(ABC):
    """A family of exit decisions. Stateless: parameters come with every call."""

    name: ClassVar[str]
    params_type: ClassVar[type[RuleParams]] = RuleParams
    is_fitted: ClassVar[bool] = False
    """Whether :meth:`fit` learns parameters from a table."""

    def why_not(self, table: ExitTable) -> str:
        """Why the rule cannot be used on a table, as a clause for a person; empty where it can."""
        return ""

    def n_classes(self, params: Any, n_columns: Sequence[int]) -> int | None:
        """The number of classes that a policy is for, where its parameters or its thresholds depend on it.

        Args:
            params: The rule's parameters, parsed.
            n_columns: The number of thresholds of every exit but the last.
        """
        return None

    def choices(self, table: ExitTable) -> Mapping[str, tuple[Any, ...]]:
        """The values of its own parameters that a search tries, by name; the first of each is the default."""
        return {}

    def fit(self, table: ExitTable, temperatures: NDArray[np.float64], **params: Any) -> dict[str, Any]:
        """Learn parameters from a table, as JSON values; they complete ``params``.

        Args:
            table: The ``search`` table.
            temperatures: One per exit, shape (E,).
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

    def view(self, table: ExitTable, temperatures: NDArray[np.float64], **params: Any) -> RuleView:
        """Turn a table into scores, eligibility and answers.

        Args:
            table: The outputs of the network, (N, E, C).
            temperatures: One divisor of the logits per exit, shape (E,), positive.
            **params: The rule's own parameters.

        Raises:
            PolicyError: If a parameter is wrong, or the rule needs what the table does not have.
        """
        reason = self.why_not(table)
        if reason:
            raise PolicyError(f"rule {self.name!r} cannot be used on this table: {reason}")
        return self._view(table, np.asarray(temperatures, dtype=np.float64), self.parse(params))

    @abstractmethod
    def _view(self, table: ExitTable, temperatures: NDArray[np.float64], params: Any) -> RuleView:
        """As :meth:`view`, with parameters that were parsed."""
