"""A policy: a rule with all its parameters, as one portable JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.exit_table import ExitTable
from policies.rules import RuleView, get_rule


SCHEMA = 1


@dataclass(frozen=True)
class Decision:
    """What a policy did with every sample of a table.

    Attributes:
        exits: Index of the exit taken, shape (N,).
        answers: Predicted class, shape (N,).
        probabilities: The distribution answered with, shape (N, C).
        last_answers: What the last exit would have answered, shape (N,).
    """

    exits: NDArray[np.int64]
    answers: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    last_answers: NDArray[np.int64]


@dataclass(frozen=True)
class Policy:
    """Which exit a sample takes: the first whose score reaches its threshold, else the last.

    Attributes:
        rule: Name of the rule.
        thresholds: One per exit but the last, length E - 1; infinity closes the exit.
        temperatures: One divisor of the logits per exit, length E.
        params: The rule's own parameters.

    Raises:
        PolicyError: If the rule is unknown or the numbers cannot be a policy's.
    """

    rule: str
    thresholds: tuple[float, ...]
    temperatures: tuple[float, ...]
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        get_rule(self.rule)
        if len(self.temperatures) != len(self.thresholds) + 1:
            raise PolicyError(
                f"a policy has one temperature per exit and one threshold per exit but the last, "
                f"but has {len(self.temperatures)} and {len(self.thresholds)}"
            )
        if not all(math.isfinite(value) and value > 0 for value in self.temperatures):
            raise PolicyError(f"temperatures must be finite and positive but are {list(self.temperatures)}")
        if any(math.isnan(value) for value in self.thresholds):
            raise PolicyError(f"thresholds must be numbers but are {list(self.thresholds)}")

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return len(self.temperatures)

    @property
    def policy_hash(self) -> str:
        """SHA-256 over the policy's JSON form."""
        return sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def decide(self, table: ExitTable) -> Decision:
        """Apply the policy to every sample of a table.

        Raises:
            PolicyError: If the table has another number of exits.
        """
        if table.n_exits != self.n_exits:
            raise PolicyError(
                f"the policy is for {self.n_exits} exits but the table has {table.n_exits}; "
                f"use the table of the network that the policy was made for"
            )
        view = get_rule(self.rule).view(table, np.asarray(self.temperatures), **self.params)
        exits = first_open_exit(view, np.asarray(self.thresholds))
        rows = np.arange(table.n_samples)
        return Decision(
            exits=exits,
            answers=view.answers[rows, exits],
            probabilities=view.probabilities[rows, exits],
            last_answers=view.answers[:, -1],
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON form; a closed exit's threshold is null."""
        return {
            "schema": SCHEMA,
            "rule": self.rule,
            "params": dict(self.params),
            "thresholds": [None if value == math.inf else value for value in self.thresholds],
            "temperatures": list(self.temperatures),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Policy:
        """Read the JSON form; facts beside the policy's own keys are ignored.

        Raises:
            PolicyError: If a key is missing or has the wrong type.
        """
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise PolicyError(f"a policy must be a JSON object that states schema {SCHEMA}")
        try:
            return cls(
                rule=data["rule"],
                thresholds=tuple(math.inf if value is None else float(value) for value in data["thresholds"]),
                temperatures=tuple(float(value) for value in data["temperatures"]),
                params=dict(data["params"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PolicyError(f"a policy needs rule, params, thresholds and temperatures ({error!r})") from None

    def save(self, path: Path, **facts: Any) -> None:
        """Write the policy, with facts (workload, class names) beside it, as JSON."""
        path.write_text(json.dumps({**facts, **self.to_dict()}, indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy file.

        Raises:
            PolicyError: If the file is missing, is not JSON or is not a policy.
        """
        try:
            return cls.from_dict(json.loads(path.read_text()))
        except FileNotFoundError:
            raise PolicyError(f"{path}: there is no such policy") from None
        except (OSError, ValueError, RecursionError) as error:
            raise PolicyError(f"{path}: not a readable policy ({error})") from None
        except PolicyError as error:
            raise PolicyError(f"{path}: {error}") from None


def first_open_exit(view: RuleView, thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of the first exit whose gate is open, shape (N,); the last exit is always open.

    Args:
        view: Scores and eligibility, (N, E).
        thresholds: Shape (E - 1,); a score equal to its threshold leaves.
    """
    is_open = view.eligible.copy()
    is_open[:, :-1] &= view.scores[:, :-1] >= thresholds
    is_open[:, :-1] &= thresholds < np.inf
    is_open[:, -1] = True
    return np.asarray(is_open.argmax(axis=1), dtype=np.int64)
