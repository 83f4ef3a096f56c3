"""What every rule provides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from policies.errors import PolicyError
from policies.rules.distributions import Outputs
from policies.rules.view import RuleView, view_in_blocks
from policies.tables.classification import ExitTable


class RuleParams(BaseModel):
    """A rule's own parameters, fitted ones among them; validated wherever a policy comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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

    def fit(
        self,
        table: ExitTable,
        temperatures: NDArray[np.float64],
        *,
        rows: NDArray[np.int64] | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """Learn parameters from a table, as JSON values; they complete ``params``.

        Args:
            table: The ``search`` table.
            temperatures: One per exit, shape (E,).
            rows: The samples to learn from; all of them where None.
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
        """Turn a table into scores, eligibility and answers, a block of samples after the other.

        Args:
            table: The outputs of the network, (N, E, C).
            temperatures: One divisor of the logits per exit, shape (E,), positive.
            rows: The samples to look at; all of them where None.
            **params: The rule's own parameters.

        Raises:
            PolicyError: If a parameter is wrong, or the rule needs what the table does not have.
        """
        reason = self.why_not(table)
        if reason:
            raise PolicyError(f"rule {self.name!r} cannot be used on this table: {reason}")
        look = _Look(self, np.asarray(temperatures, dtype=np.float64), self.parse(params))
        return view_in_blocks(look, Outputs.of(table), rows)

    @abstractmethod
    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: Any) -> RuleView:
        """What the rule makes of some samples, each by itself, with parameters that were parsed."""


@dataclass(frozen=True)
class _Look:
    """A rule with its parameters, as a function of outputs; unlike a closure it can travel to other processes."""

    rule: Rule
    temperatures: NDArray[np.float64]
    params: RuleParams

    def __call__(self, outputs: Outputs) -> RuleView:
        return self.rule._view(outputs, self.temperatures, self.params)
