"""What each version of the results log chooses on a table, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.levels.seen import Seen
from policies.multilabel_notes.drops import DropJudge
from policies.multilabel_notes.evolved import evolve
from policies.multilabel_notes.margins import repaired_margins
from policies.multilabel_notes.versions import (
    EVOLVED,
    V11_CONFIDENCE,
    V11_MARGIN,
    V13_GLOBAL_CONFIDENCE,
    V13_MARGINS_CONFIDENCE,
    V13_MOVE,
    V13_MOVE_CONFIDENCE,
    V13_PROBABILITY,
    V13_QUANTILE,
    gate_row,
)
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.rules import get_rule
from policies.rules.multilabel_notes.notes_gate import NotesGateRule
from policies.rules.multilabel_notes.notes_logistic import NotesLogisticRule
from policies.rules.multilabel_notes.repairs import label_risks
from policies.tables.multilabel import MultiLabelTable


@dataclass(frozen=True)
class NotesChoice:
    """The policy of one version, with its figures on ``search``.

    Attributes:
        policy: Policy with its thresholds.
        saved: Part of the full network's compute that it saves.
        usage: Largest part of its limit that any of its four drops is, as they were seen; up to 1 within all limits.
    """

    policy: Policy
    saved: float
    usage: float

    @property
    def is_within_limits(self) -> bool:
        """Whether no drop exceeds its limit on ``search``."""
        return self.usage <= 1 + 1e-9

    @property
    def is_fallback(self) -> bool:
        """Whether no sample leaves early, so that it is the full network that it falls back to."""
        return self.saved == 0


def notes_choices(
    table: MultiLabelTable, temperatures: NDArray[np.float64], *, evolves: bool = True, seed: int = 0
) -> dict[str, NotesChoice]:
    """The choice of every version, by name; none where there is no exit but the last.

    Samples leave each by itself. Where the table is answered by its parents, theirs are the answers that are judged,
    pooled by the mean; labels are answered from half on. Versions that leave at the second exit leave at any exit
    but the first and the last here, so that they stay away where there are only two exits.

    Args:
        table: Exit table of the ``search`` split.
        temperatures: Temperature of each exit, shape (E,).
        evolves: Whether the evolved versions are made, which take some seconds.
        seed: Seed of the searches and of the folds; the same seed gives the same choices.
    """
    if table.n_exits == 1:
        return {}
    table = as_in_the_notes(table)
    risks = label_risks(table, temperatures)
    seen = Seen.of(table, temperatures)
    view = seen.lift(get_rule(NotesGateRule.name).view(seen.table, seen.temperatures, risks=risks.tolist()))
    judge = DropJudge.of(table, view, seed=seed)
    named = dict(_fixed(table, temperatures)) if table.n_exits > 2 else {}
    for name, version in EVOLVED.items() if evolves else ():
        if version.n_genes(table.n_exits, table.n_classes):
            found = evolve(version, view, judge, risks, seed=seed)
            rows = [*found.thresholds[found.choice(version.most_usage)]]
            named[name] = _gate_policy(table, temperatures, rows, risks if version.has_risk else None)
    return {name: _choice(policy, table, judge) for name, policy in named.items()}


def as_in_the_notes(table: MultiLabelTable) -> MultiLabelTable:
    """The table answered as the results log answers: at half, and parents, if they are judged, by the mean."""
    own = table.answering
    answering = Answering() if own.pooling is None else Answering(pooling="mean", parent_labels=own.parent_labels)
    return replace(table, thresholds=None).answered(answering)


def _fixed(table: MultiLabelTable, temperatures: NDArray[np.float64]) -> Iterator[tuple[str, Policy]]:
    n_early, n_labels = table.n_exits - 1, table.n_classes

    def gate(row: NDArray[np.float64]) -> Policy:
        return _gate_policy(table, temperatures, [row] * (n_early - 1))

    yield "v0.11", gate(gate_row(V11_CONFIDENCE, V11_MARGIN, n_labels))
    yield "v0.13_global", gate(gate_row(V13_GLOBAL_CONFIDENCE, 0.0, n_labels))
    yield "v0.13_move", gate(gate_row(V13_MOVE_CONFIDENCE, 0.0, n_labels, move=V13_MOVE))
    margins = repaired_margins(table, temperatures, V13_QUANTILE)[1:]
    rows = [gate_row(V13_MARGINS_CONFIDENCE, own, n_labels) for own in margins]
    yield "v0.13_margins", _gate_policy(table, temperatures, rows)
    fitted = NotesLogisticRule().fit(table, temperatures)
    yield (
        "v0.13_logistic",
        Policy(
            NotesLogisticRule.name,
            ((np.inf,), *((V13_PROBABILITY,),) * (n_early - 1)),
            tuple(temperatures.tolist()),
            fitted,
            answering=table.answering,
        ),
    )


def _gate_policy(
    table: MultiLabelTable,
    temperatures: NDArray[np.float64],
    rows: list[NDArray[np.float64]],
    risks: NDArray[np.float64] | None = None,
) -> Policy:
    """A policy of the gate, given the thresholds of its last exits; the exits before them are closed."""
    n_early = table.n_exits - 1
    closed = [np.full(len(rows[0]), np.inf)] * (n_early - len(rows))
    return Policy(
        NotesGateRule.name,
        tuple(tuple(row.tolist()) for row in [*closed, *rows]),
        tuple(temperatures.tolist()),
        {"risks": [[] for _ in range(n_early)] if risks is None else risks.tolist()},
        answering=table.answering,
    )


def _choice(policy: Policy, table: MultiLabelTable, judge: DropJudge) -> NotesChoice:
    drops = judge.drops(policy.decide(table).exits[None])
    return NotesChoice(policy, float(drops.saved[0]), float(drops.usage(is_bounded=False)[0]))
