"""The figures that exits and policies of networks with sets of labels are told by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.calibration.label_calibration import label_calibration_errors, label_nll
from policies.judging.judged import Judged
from policies.levels.seen import judged_table
from policies.metrics.exits import spent_at_exit
from policies.metrics.policy import exit_behaviour, spent_figures
from policies.policy import Decision
from policies.qualities import get_quality
from policies.qualities.multilabel.counts import LabelTallies
from policies.tables.multilabel import LabelSets, MultiLabelTable
from policies.views.distributions import Held
from policies.views.view import RuleView


QUALITIES = (
    "exact_match",
    "hamming",
    "label_macro_f1",
    "label_micro_f1",
    "samples_f1",
    "jaccard",
    "worst_label_f1",
    "worst_label_recall",
)
"""Names of the qualities that are always told."""
DROPS = QUALITIES[:4]
"""Names of the qualities that are told against the full network's."""


def exit_figures(table: MultiLabelTable, temperatures: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The figures of every exit, first exit first, as JSON values.

    Args:
        table: Logits of ``E`` exits; where it pools answers over parents, figures are those of parents all samples of
            which take the exit.
        temperatures: Temperature of each exit, shape (E,).

    Returns:
        One mapping per exit: everything that :func:`~policies.metrics.exits.spent_at_exit` and
        :func:`label_set_figures` give.
    """
    judged, divisors = judged_table(table, temperatures)
    view = _own_answers(judged, divisors)
    exits = np.arange(table.n_exits)[:, None].repeat(judged.n_samples, axis=1)
    return [
        {**spent_at_exit(table, k, temperatures), **label_set_figures(view, judged.truth, exits[k])}
        for k in range(table.n_exits)
    ]


def policy_figures(table: MultiLabelTable, decision: Decision) -> dict[str, Any]:
    """The figures that ``summary.json`` gives for one policy on one split, as JSON values.

    Returns:
        Everything that :func:`label_set_figures`, :func:`against_the_full_network`,
        :func:`~policies.metrics.policy.spent_figures` and :func:`~policies.metrics.policy.exit_behaviour` give; where
        answers are pooled over parents, of parents.
    """
    judged, parents = Judged(decision.view, table.truth), decision.parents
    truth = table.truth if parents is None else parents.truth(table.truth)
    answered, at_the_exit = judged.answered(decision.exits), np.zeros(truth.n_samples, dtype=np.int64)
    return {
        **label_set_figures(answered, truth, at_the_exit),
        **against_the_full_network(table, decision),
        **spent_figures(table, decision),
        **exit_behaviour(decision, table.truth),
    }


def label_set_figures(view: RuleView, truth: LabelSets, exits: NDArray[np.int64]) -> dict[str, Any]:
    """How good answered sets of labels and their probabilities are, as JSON values.

    Args:
        view: What is answered at each exit about each of J.
        truth: The labels of the J.
        exits: Index of the exit at which each of the J is answered, shape (J,).

    Returns:
        ``n_judged``, which is J; every quality of :data:`QUALITIES`; ``f1_by_label``, ``recall_by_label``,
        ``precision_by_label`` and ``prevalence_by_label``, the share of the J that has a label, by the labels' names;
        the mean over labels of their calibration error, ``ece``, and ``nll``, the mean Bernoulli negative
        log-likelihood of a label in nats, both minimised, and None where the rule's answers have no probabilities.
        Ratios without anything to count are 0.
    """
    rows = np.arange(truth.n_samples)
    by_label = _by_label(view.answers[rows, exits].astype(bool, copy=False), truth)
    known = view.distributions
    probabilities = None if known is None else known.whole()[rows, exits]
    return {
        "n_judged": truth.n_samples,
        **{name: float(get_quality(name).values(view, truth, exits[None])[0]) for name in QUALITIES},
        **{f"{figure}_by_label": by_name for figure, by_name in by_label.items()},
        "ece": None if probabilities is None else float(label_calibration_errors(probabilities, truth.labels).mean()),
        "nll": None if probabilities is None else label_nll(probabilities, truth.labels),
    }


def against_the_full_network(table: MultiLabelTable, decision: Decision) -> dict[str, Any]:
    """What a policy loses against the network without early exits, as JSON values.

    Returns:
        ``drops``, how much worse each quality of :data:`DROPS` is, above 0 if it is worse also of those of which less
        is better; ``n_lost``, how many of the J the full network alone answers rightly in every label, and
        ``n_gained``, how many the policy alone does.
    """
    judged = Judged(decision.view, table.truth)
    at_the_exit = np.zeros((1, judged.truth.n_samples), dtype=np.int64)
    own, full = (Judged(one.view, table.truth).answered(one.exits) for one in (decision, decision.full_network(table)))
    drops = {}
    for name in DROPS:
        quality = get_quality(name)
        first, second = (quality.values(view, judged.truth, at_the_exit)[0] for view in (full, own))
        drops[name] = float(quality.sign * (first - second))
    right, full_right = (judged.truth.right(view.answers[:, 0]) for view in (own, full))
    return {
        "drops": drops,
        "n_lost": int((full_right & ~right).sum()),
        "n_gained": int((right & ~full_right).sum()),
    }


def label_tallies(answers: NDArray[np.bool_], truth: LabelSets) -> LabelTallies:
    """How often each label was right, wrong and missed; answers have shape (J, L)."""
    on = truth.labels.astype(bool)
    counted = ((answers & on), (answers & ~on), (~answers & on))
    return LabelTallies(*(one.sum(axis=0, dtype=np.float64)[None] for one in counted))


def _by_label(answers: NDArray[np.bool_], truth: LabelSets) -> dict[str, dict[str, float]]:
    tallies = label_tallies(answers, truth)
    figures = {
        "f1": tallies.f1[0],
        "recall": tallies.recall[0],
        "precision": tallies.precision[0],
        "prevalence": truth.labels.mean(axis=0),
    }
    return {
        figure: {name: float(value) for name, value in zip(truth.names, values, strict=True)}
        for figure, values in figures.items()
    }


def _own_answers(table: MultiLabelTable, temperatures: NDArray[np.float64]) -> RuleView:
    """What the exits of a table answer by themselves, as a view whose scores say nothing."""
    probabilities = table.probabilities(temperatures)
    shape = probabilities.shape[:2]
    answers = table.answers_at(temperatures)
    return RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), answers, Held(probabilities))
