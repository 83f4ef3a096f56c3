"""The figures of exits and policies with sets of labels, at samples and at parents, against scikit-learn and a loop."""

from dataclasses import replace
import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, jaccard_score, precision_score, recall_score

from policies.metrics.multilabel.figures import DROPS, QUALITIES, exit_figures, policy_figures
from policies.metrics.oracle import oracle_mean_depth
from policies.parents.membership import Parents
from policies.parents.parent_answers import UNREAD
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from policies.tasks import get_task
from tests.multilabel_tables import make_label_table


TABLE = make_label_table(150, parents_of=4, seed=5)
TEMPERATURES = np.array([1.6, 0.8, 0.5])
THRESHOLDS = (0.3, 0.5, 0.6, 0.45, 0.2)
ANSWERINGS = {
    "samples": Answering(),
    "samples, own thresholds": Answering(label_thresholds=THRESHOLDS),
    "pooled": Answering(pooling="mean", label_thresholds=THRESHOLDS),
    "pooled whole": Answering(level=Level.PARENT, pooling="max"),
    "read": Answering(level=Level.READING, pooling="mean", read_until=0.3),
}


@pytest.fixture(params=ANSWERINGS.values(), ids=ANSWERINGS)
def answering(request):
    return request.param


def policy_of(answering, margins=(0.1, 0.05)):
    return Policy("label-margin", margins, tuple(TEMPERATURES), answering=answering)


def by_hand(decision, answering, exits):
    """Answers, truth and probabilities of what is judged, parent by parent."""
    p = 1 / (1 + np.exp(-TABLE.logits.astype(float) / TEMPERATURES[:, None]))
    cuts = np.array(answering.label_thresholds or [0.5] * 5)
    rows = np.arange(150)
    if answering.pooling is None:
        return p[rows, exits] >= cuts, TABLE.labels, p[rows, exits]
    pool = {"mean": np.mean, "max": np.max}[answering.pooling]
    parents = Parents.of(TABLE)
    own = [np.flatnonzero((parents.of_sample == one) & (exits != UNREAD)) for one in range(parents.n)]
    pooled = np.array([pool(p[one, exits[one]], axis=0) for one in own])
    return pooled >= cuts, np.array([TABLE.labels[one[0]] for one in own]), pooled


def test_figures_are_those_of_scikit_learn_for_what_is_judged(answering):
    decision = policy_of(answering).decide(TABLE)
    assert len(np.unique(decision.exits)) > 1
    figures = policy_figures(TABLE, decision)
    answers, truth, probabilities = by_hand(decision, answering, decision.exits)
    assert figures["n_judged"] == len(truth)
    expected = {
        "exact_match": accuracy_score(truth, answers),
        "hamming": hamming_loss(truth, answers),
        "label_macro_f1": f1_score(truth, answers, average="macro", zero_division=0),
        "label_micro_f1": f1_score(truth, answers, average="micro", zero_division=0),
        "samples_f1": f1_score(truth, answers, average="samples", zero_division=0),
        "jaccard": jaccard_score(truth, answers, average="samples", zero_division=0),
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    f1, recall, precision = (
        score(truth, answers, average=None, zero_division=0) for score in (f1_score, recall_score, precision_score)
    )
    assert list(figures["f1_by_label"]) == list(TABLE.label_names)
    assert list(figures["f1_by_label"].values()) == pytest.approx(f1)
    assert list(figures["recall_by_label"].values()) == pytest.approx(recall)
    assert list(figures["precision_by_label"].values()) == pytest.approx(precision)
    assert list(figures["prevalence_by_label"].values()) == pytest.approx(truth.mean(axis=0))
    of_truth = np.where(truth == 1, probabilities, 1 - probabilities)
    assert figures["nll"] == pytest.approx(-np.log(of_truth).mean(), rel=1e-5)
    assert 0 <= figures["ece"] < 0.5


def test_drops_losses_and_gains_are_counted_from_the_last_exit(answering):
    decision = policy_of(answering).decide(TABLE)
    figures = policy_figures(TABLE, decision)
    # The full network reads every sample.
    full = policy_figures(TABLE, replace(decision, exits=np.full(150, 2)))
    for name in DROPS:
        sign = -1 if name == "hamming" else 1
        assert figures["drops"][name] == pytest.approx(sign * (full[name] - figures[name]))
    lost, gained = figures["n_lost"], figures["n_gained"]
    assert (lost - gained) / figures["n_judged"] == pytest.approx(figures["drops"]["exact_match"])
    assert figures["rescues"] == pytest.approx(gained / figures["n_judged"])
    assert full["n_lost"] == full["n_gained"] == full["premature_exits"] == 0


def test_exits_alone_are_policies_that_always_take_them(answering):
    decision = policy_of(answering).decide(TABLE)
    exits = exit_figures(TABLE.answered(answering), TEMPERATURES)
    for k, figures in enumerate(exits):
        own = policy_figures(TABLE, replace(decision, exits=np.full(150, k)))
        for name in (*QUALITIES, "ece", "nll", "f1_by_label", "n_judged"):
            assert figures[name] == pytest.approx(own[name], abs=1e-6), name
        assert (figures["depth"], figures["temperature"]) == (k + 1, TEMPERATURES[k])
    assert json.loads(json.dumps(exits, allow_nan=False)) == exits


def test_behaviour_is_that_of_what_is_judged(answering):
    decision = policy_of(answering).decide(TABLE)
    figures = policy_figures(TABLE, decision)
    answers, truth, _ = by_hand(decision, answering, decision.exits)
    at_exits = np.stack([by_hand(decision, answering, np.full(150, k))[0] for k in range(3)], axis=1)
    right, all_right = (answers == truth).all(axis=1), (at_exits == truth[:, None]).all(axis=2)
    flips = (at_exits[:, 1:] != at_exits[:, :-1]).any(axis=(1, 2))
    assert figures["flip_rate"] == pytest.approx(flips.mean())
    assert figures["exit_consistency"] == pytest.approx((answers == at_exits[:, -1]).all(axis=1).mean())
    assert figures["rescues"] == pytest.approx((right & ~all_right[:, -1]).mean())
    deepest = decision.exits
    if answering.pooling is not None:
        parents = Parents.of(TABLE)
        deepest = np.array([decision.exits[parents.of_sample == one].max() for one in range(parents.n)])
    is_later = np.arange(3) > deepest[:, None]
    assert figures["premature_exits"] == pytest.approx((~right & (all_right & is_later).any(axis=1)).mean())


def test_samples_that_are_not_read_spend_nothing():
    decision = policy_of(ANSWERINGS["read"]).decide(TABLE)
    figures = policy_figures(TABLE, decision)
    read = decision.exits != UNREAD
    assert 0.2 < figures["read_share"] < 1 and figures["read_share"] == read.mean()
    assert figures["mean_cost"] == pytest.approx(TABLE.cost[decision.exits[read]].sum() / 150)
    assert figures["mean_depth"] == pytest.approx((decision.exits[read] + 1).sum() / 150)
    assert sum(figures["exit_mix"]) == pytest.approx(read.mean())
    assert (figures["n_samples"], figures["n_parents"], figures["n_judged"]) == (150, 38, 38)
    assert "n_parents" not in policy_figures(TABLE, policy_of(Answering()).decide(TABLE))


@pytest.mark.parametrize("target", [0.3, 0.6, 0.8, 0.95, 1.0])
def test_the_oracle_takes_the_exits_that_only_who_knows_the_labels_could(target, answering):
    table = TABLE.answered(answering)
    answers = np.stack([by_hand(None, answering, np.full(150, k))[0] for k in range(3)], axis=1)
    truth = by_hand(None, answering, np.zeros(150, dtype=int))[1]
    right = (answers == truth[:, None]).all(axis=2)
    sizes = np.ones(150, dtype=int) if answering.pooling is None else Parents.of(TABLE).sizes
    extra = sorted(int(size * one.argmax()) for size, one in zip(sizes, right, strict=True) if one.any())
    needed = int(np.ceil(target * len(truth) - 1e-9))
    expected = None if len(extra) < needed else pytest.approx(1 + sum(extra[:needed]) / 150)
    assert oracle_mean_depth(table, target, TEMPERATURES) == expected


def test_the_oracle_is_asked_for_exact_match_alone():
    from policies.goals.goal import Goal

    task = get_task("multi-label")
    expected = oracle_mean_depth(TABLE, 0.7, TEMPERATURES)
    assert task.oracle_mean_depth(TABLE, Goal(target=0.7, quality="exact_match"), TEMPERATURES) == expected
    bound = Goal(target=0.1, quality="hamming", bounds={"exact_match": 0.7})
    assert task.oracle_mean_depth(TABLE, bound, TEMPERATURES) == expected
    assert task.oracle_mean_depth(TABLE, Goal(target=0.1, quality="hamming"), TEMPERATURES) is None
