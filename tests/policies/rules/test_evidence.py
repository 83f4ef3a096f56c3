"""Depth evidence accumulation against its definition, sample by sample."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.policy import Policy
from policies.rules import get_rule
from policies.tables.classification import ClassificationTable
from tests.policies.rules.reference import CLOSE, as_thresholds, best_class, clear_thresholds, margin, softmax
from tests.tables import tied_tables


PARAMS = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["logprob", "logits"]),
        "min_exit": st.integers(0, 4),
        "stable_k": st.integers(1, 4),
        "flip_penalty": st.sampled_from([0.0, 0.05, 0.3]),
    }
)
# Powers of two: sums of the scaled integers are exact, so that classes that tie tie in any order of summation.
TEMPERATURES = st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=4, max_size=4)


def evidence(logits, temperatures, mode):
    """For each exit of one sample the accumulated evidence of each class."""
    total, sums = [0.0] * len(logits[0]), []
    for row, temperature in zip(logits, temperatures, strict=True):
        scaled = [float(value) / temperature for value in row]
        added = [math.log(p) for p in softmax(scaled)] if mode == "logprob" else [float(value) for value in row]
        total = [a + b for a, b in zip(total, added, strict=True)]
        sums.append(total)
    return sums


def walk(sums, thresholds, params):
    """The exit that one sample takes, its answer there, and the score at every exit."""
    answers = [best_class([round(value, 9) for value in total]) for total in sums]
    scores, run = [], 0
    taken = None
    for k, total in enumerate(sums):
        flipped = k > 0 and answers[k] != answers[k - 1]
        run = 1 if k == 0 or flipped else run + 1
        scores.append(margin(softmax(total)) - (params["flip_penalty"] if flipped else 0.0))
        is_last = k == len(sums) - 1
        is_clear = k >= params["min_exit"] and run >= params["stable_k"] and (is_last or scores[k] >= thresholds[k])
        if taken is None and (is_last or is_clear):
            taken = k
    return taken, answers[taken], scores


@settings(max_examples=150, deadline=None)
@given(table=tied_tables(), four=TEMPERATURES, params=PARAMS, seed=st.integers(0, 1000))
def test_scores_answers_and_exits_equal_the_reference(table, four, params, seed):
    temperatures = four[: table.n_exits]
    view = get_rule("evidence").view(table, np.array(temperatures), **params)
    thresholds = clear_thresholds(view, np.random.default_rng(seed))
    decision = Policy("evidence", as_thresholds(thresholds), tuple(temperatures), params).decide(table)
    for i in range(table.n_samples):
        sums = evidence(table.logits[i], temperatures, params["mode"])
        taken, answer, scores = walk(sums, thresholds[:, 0], params)
        np.testing.assert_allclose(view.probabilities[i], [softmax(total) for total in sums], **CLOSE)
        if any(margin(softmax(total)) < 1e-9 for total in sums):
            continue  # tied classes: rounding decides; the next test holds what does not depend on it
        np.testing.assert_allclose(view.scores[i, :, 0], scores, **CLOSE)
        assert (decision.exits[i], decision.answers[i]) == (taken, answer)
        np.testing.assert_allclose(decision.probabilities[i], softmax(sums[taken]), **CLOSE)


@settings(max_examples=100, deadline=None)
@given(table=tied_tables(), four=TEMPERATURES, params=PARAMS, seed=st.integers(0, 1000))
def test_tied_classes_go_to_the_lower_index(table, four, params, seed):
    """Sums of logits are exact here, so ties are exact too."""
    params = params | {"mode": "logits"}
    temperatures = four[: table.n_exits]
    view = get_rule("evidence").view(table, np.array(temperatures), **params)
    thresholds = clear_thresholds(view, np.random.default_rng(seed))
    decision = Policy("evidence", as_thresholds(thresholds), tuple(temperatures), params).decide(table)
    for i in range(table.n_samples):
        taken, answer, _ = walk(evidence(table.logits[i], temperatures, "logits"), thresholds[:, 0], params)
        assert (decision.exits[i], decision.answers[i]) == (taken, answer)


def one_sample(*exits):
    logits = np.array([exits], dtype=np.float32)
    cost = np.linspace(1 / len(exits), 1, len(exits))
    return ClassificationTable(logits, np.zeros(1, dtype=np.int64), cost=cost, ids=np.array(["a"]))


@pytest.mark.parametrize(
    ("params", "taken"),
    [({}, 0), ({"min_exit": 1}, 1), ({"stable_k": 2}, 2), ({"min_exit": 1, "flip_penalty": 2.0}, 2)],
)
def test_the_exit_waits_for_what_the_parameters_ask(params, taken):
    """The accumulated answer is 0, then 1, then 1 again, always by a margin above a half."""
    table = one_sample([2.0, 0.0], [0.0, 4.0], [0.0, 1.0], [0.0, 1.0])
    decision = Policy("evidence", (0.5, 0.5, 0.5), (1.0,) * 4, params).decide(table)
    assert decision.exits.tolist() == [taken]


def test_last_exit_answers_with_what_was_accumulated():
    table = one_sample([9.0, 0.0], [0.0, 2.0])
    decision = Policy("evidence", (math.inf,), (1.0, 1.0)).decide(table)
    assert decision.exits.tolist() == [1]
    assert decision.answers.tolist() == [0]
