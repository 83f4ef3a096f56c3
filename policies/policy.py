"""A policy: a rule with all its parameters, as one portable JSON file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
import json
import math
from pathlib import Path
from reprlib import Repr
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.files.atomic import write_text
from policies.html import html_block, html_table, numbers_in_words
from policies.levels.progressive import read_progressively
from policies.levels.reading import read_until
from policies.levels.seen import Seen
from policies.parents.parent_answers import UNREAD, ParentAnswers
from policies.pooling.answering import Answering, Level
from policies.rules import BASELINE_RULES, RuleView, get_rule
from policies.tables.base import ExitTable, Rows
from policies.tables.network import NetworkIdentity, differences
from policies.tables.origin import Origin
from policies.views.distributions import Distributions
from policies.views.view import gate_is_open, required


SCHEMA = 1
_LEAST_TEMPERATURE = 1e-6


@dataclass(frozen=True)
class Decision:
    """What a policy did with every sample of a table.

    Attributes:
        exits: Index of the exit taken, shape (N,); ``UNREAD`` for samples that were not looked at.
        exit_answers: What every exit would have answered, shape (N, E) for classes, else (N, E, ...).
        distributions: What the answers were taken from, of shape (N, E, C); None where there is no such thing.
        parents: What is answered about parents by the exits that their samples take, which is then what is judged; None
            where each sample answers for itself.
        policy: The policy that decided; None where none did.

    Example:
        >>> decision = Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0)).decide(search)
        >>> decision.exits[:8], decision.answers[:8]
        (array([0, 2, 2, 2, 2, 2, 2, 1]), array([1, 2, 3, 3, 0, 0, 3, 3]))
    """

    exits: NDArray[np.int64]
    exit_answers: NDArray[Any]
    distributions: Distributions | None = None
    parents: ParentAnswers | None = None
    policy: Policy | None = field(default=None, compare=False, repr=False)

    @cached_property
    def answers(self) -> NDArray[Any]:
        """What was answered about each sample, shape (N,) for classes, else (N, ...).

        Raises:
            PolicyError: If some samples were not read.
        """
        self._require_all_read()
        return np.asarray(self.exit_answers[np.arange(len(self.exits)), self.exits])

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """The distribution that each sample is answered with, shape (N, C).

        Raises:
            PolicyError: If answers of this kind have none, or some samples were not read.
        """
        probabilities = np.empty((len(self.exits), required(self.distributions).shape[2]))
        for rows, block in self.blocks():
            probabilities[rows] = block
        return probabilities

    @property
    def view(self) -> RuleView:
        """The answers as a view whose scores say nothing, for qualities to judge with :attr:`exits`."""
        shape = self.exit_answers.shape[:2]
        scores, eligible = np.zeros((*shape, 1)), np.ones(shape, dtype=bool)
        return RuleView(scores, eligible, self.exit_answers, self.distributions, parents=self.parents)

    def full_network(self, table: ExitTable) -> Decision:
        """What the network without early exits does with the same table, answered in the same way.

        Drops are counted from that. What a rule makes of the last exit may be something else, as an ensemble's is.

        Args:
            table: The table that was decided on.
        """
        full = None if self.policy is None else self.policy.full_network
        if full is None or self.policy is None or (full.rule, full.params) == (self.policy.rule, self.policy.params):
            return replace(self, exits=np.full_like(self.exits, self.exit_answers.shape[1] - 1), policy=full)
        return full.decide(table)

    def blocks(self) -> Iterator[tuple[Rows, NDArray[np.float64]]]:
        """Every sample once: which samples, and the distributions answered with, shape (n, C).

        Raises:
            PolicyError: If answers of this kind have none, or some samples were not read.
        """
        self._require_all_read()
        for rows, block in required(self.distributions).blocks():
            yield rows, block[np.arange(len(block)), self.exits[rows]]

    def _require_all_read(self) -> None:
        n_unread = int((self.exits == UNREAD).sum())
        if n_unread:
            raise PolicyError(
                f"samples that are not read have no answers but {n_unread} of {len(self.exits)} were not; take the "
                f"answers about their parents"
            )


@dataclass(frozen=True)
class Policy:
    """Which exit a sample takes: the first whose score reaches its threshold, else the last.

    Attributes:
        rule: Name of the rule that scores the exits.
        thresholds: Thresholds of each exit but the last, one per score column of the rule, E - 1 rows of length S;
            infinity closes the gate. Plain numbers stand for rows of length 1.
        temperatures: Divisor of the logits of each exit, length E.
        params: The rule's own parameters.
        origin: What the policy was made for and chosen on, where it is known; no part of what the policy is.
        answering: How what is said becomes answers: of each sample, or pooled over parents; and what leaves together.

    Raises:
        PolicyError: If the rule is unknown or the numbers cannot be a policy's.

    Example:
        >>> policy = Policy("confidence", thresholds=(0.9, 0.8), temperatures=(2.0, 1.3, 1.0))
        >>> round(float((policy.decide(search).answers == search.labels).mean()), 3)
        0.95
    """

    rule: str
    thresholds: tuple[tuple[float, ...], ...]
    temperatures: tuple[float, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin | None = field(default=None, compare=False, repr=False)
    answering: Answering = field(default_factory=Answering)

    def __post_init__(self) -> None:
        get_rule(self.rule).parse(self.params)
        try:
            rows = tuple(_as_row(row) for row in self.thresholds)
            temperatures = tuple(float(value) for value in self.temperatures)
        except (TypeError, ValueError, OverflowError) as error:
            raise PolicyError(f"thresholds and temperatures must be numbers ({error})") from None
        object.__setattr__(self, "thresholds", rows)
        object.__setattr__(self, "temperatures", temperatures)
        if len({len(row) for row in rows}) > 1 or () in rows:
            raise PolicyError(
                f"thresholds must have rows of one length, at least 1, but these have {[len(row) for row in rows]}"
            )
        if len(temperatures) != len(rows) + 1:
            raise PolicyError(
                f"a policy has one temperature per exit and one threshold per exit but the last, "
                f"but has {len(temperatures)} and {len(rows)}"
            )
        # Logits over a divisor as small as 1e-300 are infinite, and their softmax is not a number.
        if not all(math.isfinite(value) and value >= _LEAST_TEMPERATURE for value in temperatures):
            raise PolicyError(
                f"temperatures must be finite and positive, at least {_LEAST_TEMPERATURE:g}, but are "
                f"{list(temperatures)}"
            )
        if any(math.isnan(value) or value == -math.inf for row in rows for value in row):
            raise PolicyError(f"thresholds must be numbers, or infinity to close a gate, but are {list(rows)}")

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return len(self.temperatures)

    @property
    def kind(self) -> str:
        """Everything but the thresholds, that of reading among them: policies of one kind see the same in a table."""
        answering = self.answering.reading_all.to_dict()
        return json.dumps([self.rule, list(self.temperatures), dict(self.params), answering], sort_keys=True)

    @property
    def leaves_early(self) -> bool:
        """Whether some gate is open, or not every sample is read: else it is the full network."""
        return self.answering.read_until < math.inf or any(value < math.inf for row in self.thresholds for value in row)

    @property
    def full_network(self) -> Policy:
        """The policy of the same network that never leaves early, reads everything, and answers in the same way.

        The last exit answers by itself, whatever the policy's rule would make of it; but where answers are of a kind of
        somebody's own, that rule answers.
        """
        rule, answering = get_rule(self.rule), self.answering.reading_all
        if rule.task not in BASELINE_RULES:
            closed = tuple((math.inf,) * len(row) for row in self.thresholds)
            return replace(self, thresholds=closed, answering=answering)
        closed = ((math.inf,),) * (self.n_exits - 1)
        return replace(self, rule=BASELINE_RULES[rule.task], thresholds=closed, params={}, answering=answering)

    @property
    def policy_hash(self) -> str:
        """SHA-256 over the policy's JSON form."""
        return sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    @property
    def network(self) -> NetworkIdentity:
        """What is known of the network that the policy was made for."""
        known = (
            NetworkIdentity(self.n_exits) if self.origin is None else replace(self.origin.network, n_exits=self.n_exits)
        )
        if known.n_classes is not None:
            return known
        rule = get_rule(self.rule)
        return replace(known, n_classes=rule.n_classes(rule.parse(self.params), [len(row) for row in self.thresholds]))

    def _repr_html_(self) -> str:
        """What a notebook shows: what the policy does in a sentence, and its gates."""
        does = "the first exit whose score reaches its threshold, else the last" if self.leaves_early else "the last"
        answered = f"; {self.answering}" if str(self.answering) else ""
        rows = [
            (str(depth), "" if row is None else numbers_in_words(row, infinity="closed"), f"{temperature:.4g}")
            for depth, (row, temperature) in enumerate(
                zip((*self.thresholds, None), self.temperatures, strict=True), start=1
            )
        ]
        params = [(name, Repr().repr(value)) for name, value in self.params.items()]
        return str(
            html_block(
                f"Policy of rule {self.rule} for {self.n_exits} exits: a sample takes {does}{answered}",
                html_table(["exit", "threshold", "temperature"], rows),
                *([html_table(["parameter of the rule", "value"], params)] if params else []),
            )
        )

    def decide(self, table: ExitTable) -> Decision:
        """Apply the policy to every sample of a table.

        Raises:
            PolicyError: If the table is not of the network that the policy was made for, as far as both tell.
        """
        return self.decide_on(self.view(table))

    def view(self, table: ExitTable) -> RuleView:
        """What the policy's rule sees in a table.

        Raises:
            PolicyError: If the table is not of the network that the policy was made for, as far as both tell.
        """
        found = differences(self.network, NetworkIdentity.of(table), names=("the policy", "the table"))
        if found:
            raise PolicyError(
                f"a policy is for one network but {'; '.join(found)}; use a table of the network that it was made for, "
                f"or search a policy for this one"
            )
        seen = Seen.of(table.answered(self.answering), np.asarray(self.temperatures))
        return seen.lift(get_rule(self.rule).view(seen.table, seen.temperatures, **self.params))

    def decide_on(self, view: RuleView) -> Decision:
        """Apply the thresholds to what the policy's rule saw in a table of N samples.

        Raises:
            PolicyError: If the rule has another number of score columns there.
        """
        if self.thresholds and len(self.thresholds[0]) != view.n_columns:
            raise PolicyError(
                f"rule {self.rule!r} takes {view.n_columns} thresholds per exit on this table but the policy has "
                f"{len(self.thresholds[0])}"
            )
        thresholds = np.asarray(self.thresholds).reshape(-1, view.n_columns)
        if self.answering.level is Level.PROGRESSIVE:
            exits = read_progressively(view, thresholds, self.answering.read_until)
            return Decision(exits, view.answers, view.distributions, view.parents)
        exits = first_open_exit(view, thresholds)
        if self.answering.level is Level.READING:
            exits = read_until(view, exits, self.answering.read_until)
        return Decision(exits, view.answers, view.distributions, view.parents, self)

    def to_dict(self) -> dict[str, Any]:
        """JSON form; a closed gate's threshold is null, and rows of length 1 are plain numbers."""
        rows = [[None if value == math.inf else value for value in row] for row in self.thresholds]
        return {
            "schema": SCHEMA,
            "rule": self.rule,
            "params": dict(self.params),
            "thresholds": [row[0] if len(row) == 1 else row for row in rows],
            "temperatures": list(self.temperatures),
            **({} if self.answering.is_plain else {"answering": self.answering.to_dict()}),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Policy:
        """Read the JSON form; of facts beside the policy's own keys those about its origin are kept.

        Raises:
            PolicyError: If a key is missing or has the wrong type.
        """
        _require_policy(data)
        try:
            rule = get_rule(_of_type(str, data["rule"]))
            return cls(
                rule=data["rule"],
                thresholds=tuple(_read_row(row) for row in _of_type(list, data["thresholds"])),
                temperatures=tuple(_read_number(value) for value in _of_type(list, data["temperatures"])),
                params=dict(_of_type(dict, data["params"])),
                answering=Answering.from_dict(data.get("answering", {})),
                origin=Origin.from_dict(data, n_exits=len(data["temperatures"]), least_classes=rule.least_classes),
            )
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            given = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise PolicyError(f"a policy needs rule, params, thresholds and temperatures but {given}") from None

    def save(self, path: Path, **facts: Any) -> None:
        """Write the policy, its origin and further facts (workload) beside it, as JSON."""
        origin = {} if self.origin is None else self.origin.to_dict()
        chosen_on = {} if self.origin is None else self.origin.chosen_on()
        write_text(path, json.dumps({**facts, **origin, **self.to_dict(), **chosen_on}, indent=2) + "\n")

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
        except IsADirectoryError:
            raise PolicyError(f"{path}: a policy is a file but this is a folder; name the file in it") from None
        except (OSError, ValueError, RecursionError) as error:
            raise PolicyError(f"{path}: not a readable policy ({error})") from None
        except PolicyError as error:
            raise PolicyError(f"{path}: {error}") from None


def _as_row(row: Any) -> tuple[float, ...]:
    return (float(row),) if np.ndim(row) == 0 else tuple(float(value) for value in row)


def _read_row(row: Any) -> tuple[float, ...]:
    values = row if isinstance(row, list) else [row]
    return tuple(math.inf if value is None else _read_number(value) for value in values)


def _read_number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(f"{value} is not a number")
    return float(_of_type((int, float), value))


def _of_type(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{Repr().repr(value)} is not allowed there")
    return value


def _require_policy(data: Any) -> None:
    if isinstance(data, dict) and data.get("schema") == SCHEMA:
        return
    if not isinstance(data, dict):
        given = f"is {Repr().repr(data)}"
    elif "claim" in data:
        given = "is a certificate; name the file of its policy"
    else:
        given = f"states {Repr().repr(data.get('schema'))}"
    raise PolicyError(f"a policy must be a JSON object that states schema {SCHEMA} but {given}")


def first_open_exit(view: RuleView, thresholds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of the first exit whose gate is open, shape (N,); the last exit is always open.

    Args:
        view: Scores and eligibility, (N, E, S) and (N, E).
        thresholds: Thresholds of each exit but the last, shape (E - 1, S); a score equal to its threshold reaches it,
            infinity is never reached.
    """
    is_open = np.ones(view.eligible.shape, dtype=bool)
    is_open[:, :-1] = view.eligible[:, :-1] & gate_is_open(view.scores[:, :-1], thresholds, view.combine)
    return np.asarray(is_open.argmax(axis=1), dtype=np.int64)
