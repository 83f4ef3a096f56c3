import json

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.metrics.policy import depth_and_cost_figures, exit_behaviour, policy_figures
from policies.policy import Decision, Policy
from policies.tables.classification import ClassificationTable
from tests.tables import classes, make_table


@st.composite
def decisions(draw):
    """Any decision on up to four exits, and labels."""
    n_samples, n_exits, n_classes = draw(st.integers(1, 25)), draw(st.integers(1, 4)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    exit_answers = rng.integers(0, n_classes, (n_samples, n_exits))
    exits = rng.integers(0, n_exits, n_samples)
    decision = Decision(exits, exit_answers)
    return decision, rng.integers(0, n_classes, n_samples)


@pytest.fixture
def small():
    logits = np.log(np.array([[[0.9, 0.1], [0.6, 0.4]], [[0.6, 0.4], [0.2, 0.8]], [[0.7, 0.3], [0.3, 0.7]]]))
    table = ClassificationTable(
        logits.astype(np.float32), np.array([0, 1, 0]), cost=np.array([0.25, 1.0]), ids=np.array(["a", "b", "c"])
    )
    return table, Policy("confidence", (0.8,), (1.0, 1.0)).decide(table)


def test_figures_by_hand(small):
    figures = policy_figures(*small)
    assert figures["accuracy"] == pytest.approx(2 / 3)
    assert figures["mean_depth"] == pytest.approx(5 / 3)
    assert figures["median_depth"] == figures["p90_depth"] == figures["worst_depth"] == 2.0
    assert figures["mean_cost"] == pytest.approx((0.25 + 1 + 1) / 3)
    assert figures["p90_cost"] == 1.0
    assert figures["worst_cost"] == 1.0
    assert figures["exit_mix"] == pytest.approx([1 / 3, 2 / 3])
    assert figures["macro_f1"] == pytest.approx(2 / 3)
    # Confidences 0.9 and 0.8 and 0.7, right, right, wrong, each in a bin of its own.
    assert figures["ece"] == pytest.approx((0.1 + 0.2 + 0.7) / 3, abs=1e-6)
    assert figures["nll"] == pytest.approx(-np.log([0.9, 0.8, 0.3]).mean(), abs=1e-6)
    assert figures["brier"] == pytest.approx(2 * (0.01 + 0.04 + 0.49) / 3, abs=1e-6)
    assert figures["worst_class_recall"] == 0.5
    assert figures["exit_consistency"] == pytest.approx(1.0)
    assert figures["flip_rate"] == pytest.approx(2 / 3)
    assert figures["premature_exits"] == figures["rescues"] == 0.0
    assert figures["n_samples"] == 3


def test_figures_survive_json_and_are_equal_to_themselves(small):
    figures = policy_figures(*small)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_figures_of_a_table_whose_classes_are_missing_survive_json():
    table = make_table(6, n_classes=9)
    figures = policy_figures(table, Policy("confidence", (0.8, 0.9), (1.0, 1.0, 1.0)).decide(table))
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


@given(decisions())
def test_behaviour_equals_a_walk_through_every_sample(case):
    decision, labels = case
    flips = consistent = premature = rescued = 0
    for exit_taken, all_answers, label in zip(decision.exits, decision.exit_answers, labels, strict=True):
        answer, later = all_answers[exit_taken], all_answers[exit_taken + 1 :]
        flips += len(set(all_answers.tolist())) > 1
        consistent += answer == all_answers[-1]
        premature += answer != label and label in later
        rescued += answer == label != all_answers[-1]
    n_samples = len(labels)
    assert exit_behaviour(decision, classes(labels)) == pytest.approx(
        {
            "flip_rate": flips / n_samples,
            "exit_consistency": consistent / n_samples,
            "premature_exits": premature / n_samples,
            "rescues": rescued / n_samples,
        }
    )


@given(decisions())
def test_effort_equals_sorting_the_samples(case):
    decision, _ = case
    n_samples, n_exits = decision.exit_answers.shape
    cost = np.arange(1, n_exits + 1) ** 2 / n_exits**2
    figures = depth_and_cost_figures(decision.exits, cost)
    for name, values in (("depth", sorted(decision.exits + 1)), ("cost", sorted(cost[decision.exits]))):
        assert figures[f"mean_{name}"] == pytest.approx(sum(values) / n_samples)
        assert figures[f"worst_{name}"] == values[-1]
        for key, percent in (("median", 50), ("p90", 90)):
            # The least value that at least so many per cent of the samples do not exceed.
            expected = next(v for v in values if 100 * sum(w <= v for w in values) >= percent * n_samples)
            assert figures[f"{key}_{name}"] == expected
    assert figures["exit_mix"] == [(decision.exits == k).sum() / n_samples for k in range(n_exits)]
