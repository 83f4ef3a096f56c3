"""The learned gate against its formula, and what its scores are worth."""

from dataclasses import replace
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from policies.errors import PolicyError
from policies.policy import Policy
from policies.rules import get_rule
from tests.policies.rules.reference import as_thresholds, certainty, clear_thresholds, exit_probabilities, first_open
from tests.policies.rules.test_ensemble import combine, untrained
from tests.tables import make_table, tied_tables


RULE = get_rule("learned-gate")
CLOSE = {"rtol": 1e-6, "atol": 1e-6}


def log_odds(p):
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def features(exits, own, answer, stops=()):
    """What the gate looks at, for one sample at the last of the given exits.

    Args:
        exits: Distributions of the exits so far.
        own: The distribution that would be answered with.
        answer: Its class.
        stops: Stop probabilities of the exits so far, where the gate looks at them.
    """
    ranked = sorted(own, reverse=True)
    found = [log_odds(p) for p in ranked[:3]] + [log_odds(ranked[0] - ranked[1]), certainty(own)]
    for said in exits:
        agrees = said.index(max(said)) == answer
        found += [log_odds(max(said)), log_odds(said[answer]), certainty(said), float(agrees)]
    found += [float(label == answer) for label in range(len(own)) if len(own) <= 20]
    return found + [log_odds(stop) for stop in stops]


def probability(model, found):
    total = model["intercept"] + sum(w * x for w, x in zip(model["weights"], found, strict=True))
    return 1 / (1 + math.exp(-total))


def drawn_params(table, score, seed, *, with_stops=False):
    """Weights in JSON form; the ensemble is each exit by itself, so that its answers tie exactly."""
    rng = np.random.default_rng(seed)

    def models():
        n_fixed = min(3, table.n_classes) + 2 + table.n_classes
        sizes = [n_fixed + (5 if with_stops else 4) * (k + 1) for k in range(table.n_exits - 1)]
        return [{"weights": rng.normal(0, 0.1, n).tolist(), "intercept": float(rng.normal())} for n in sizes]

    return {
        "score": score,
        "ensemble": untrained(table.n_exits, table.n_classes),
        "right_now": models(),
        "right_later": models() if score == "gain" else [],
    }


def reference_scores(exits, answers, params, stops=None):
    """The scores of one sample at every exit but the last; stop probabilities count where they are given."""
    scores = []
    for k in range(len(exits) - 1):
        own = combine(exits[: k + 1], params["ensemble"]["weights"][k], params["ensemble"]["bias"][k])
        found = features(exits[: k + 1], own, answers[k], [] if stops is None else stops[: k + 1])
        scores.append(probability(params["right_now"][k], found))
        if params["score"] == "gain":
            scores[-1] -= probability(params["right_later"][k], found)
    return scores


@settings(max_examples=80, deadline=None)
@given(
    table=tied_tables(),
    score=st.sampled_from(["gain", "right"]),
    with_stops=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_scores_and_exits_equal_the_formula(table, score, with_stops, seed):
    temperatures = [0.7, 1.0, 1.5, 2.0][: table.n_exits]
    params = drawn_params(table, score, seed, with_stops=with_stops)
    view = RULE.view(table, np.array(temperatures), **params)
    thresholds = clear_thresholds(view, np.random.default_rng(seed))
    decision = Policy("learned-gate", as_thresholds(thresholds), tuple(temperatures), params).decide(table)
    for i, exits in enumerate(exit_probabilities(table, temperatures)):
        answers = view.answers[i].tolist()
        # The last score is never used.
        scores = reference_scores(exits, answers, params, table.stop_prob[i].tolist() if with_stops else None)
        np.testing.assert_allclose(view.scores[i, :-1, 0], scores, **CLOSE)
        taken = first_open(table.n_exits, lambda k, i=i: view.scores[i, k, 0] >= thresholds[k, 0])
        assert (decision.exits[i], decision.answers[i]) == (taken, answers[taken])


@pytest.mark.parametrize("score", ["gain", "right"])
def test_fitted_weights_follow_the_formula_on_new_samples(score):
    params = {"score": score} | RULE.fit(make_table(200), np.ones(3), score=score)
    table = make_table(40, seed=5)
    view = RULE.view(table, np.ones(3), **params)
    for i, exits in enumerate(exit_probabilities(table, [1.0] * 3)):
        np.testing.assert_allclose(
            view.scores[i, :2, 0], reference_scores(exits, view.answers[i].tolist(), params), **CLOSE
        )


@pytest.mark.parametrize("score", ["gain", "right"])
def test_stop_probabilities_are_learnt_from_where_there_are_some(score):
    table = telling_stops(make_table(600))
    learnt = RULE.fit(table, np.ones(3), score=score)
    blind = RULE.fit(replace(table, stop_prob=None), np.ones(3), score=score)
    assert learnt["ensemble"] == blind["ensemble"]
    n_weights = [[len(model["weights"]) for model in own["right_now"]] for own in (learnt, blind)]
    assert np.subtract(*n_weights).tolist() == [1, 2]
    new = telling_stops(make_table(600, seed=5))
    right = new.exit_answers[:, 0] == new.labels

    def auroc(params):
        return roc_auc_score(right, RULE.view(new, np.ones(3), score=score, **params).scores[:, 0, 0])

    # What is fitted without them does not look at them, whatever the table has.
    np.testing.assert_array_equal(
        RULE.view(new, np.ones(3), score=score, **blind).scores,
        RULE.view(replace(new, stop_prob=None), np.ones(3), score=score, **blind).scores,
    )
    assert auroc(learnt) > auroc(blind) + (0.05 if score == "right" else 0)
    view = RULE.view(new, np.ones(3), score=score, **learnt)
    for i, exits in enumerate(exit_probabilities(new.take(np.arange(30)), [1.0] * 3)):
        scores = reference_scores(exits, view.answers[i].tolist(), {"score": score, **learnt}, new.stop_prob[i])
        np.testing.assert_allclose(view.scores[i, :2, 0], scores, **CLOSE)


def telling_stops(table):
    """Stop probabilities that mostly know whether the exit is right, saturated at times."""
    rng = np.random.default_rng(3)
    right = table.exit_answers == table.labels[:, None]
    noise = rng.normal(size=right.shape)
    stop_prob = 1 / (1 + np.exp(-20 * (right - 0.5 + noise)))
    return replace(table, stop_prob=stop_prob.astype(np.float32))


def test_models_of_stop_probabilities_need_some():
    table = telling_stops(make_table(200))
    params = RULE.fit(table, np.ones(3))
    policy = Policy("learned-gate", (0.1, 0.1), (1.0, 1.0, 1.0), params)
    policy.decide(table)
    with pytest.raises(PolicyError, match="were fitted with stop probabilities but these outputs have none; use"):
        policy.decide(replace(table, stop_prob=None))


def test_steps_with_those_who_left_dropped_are_those_of_the_whole_table():
    """As the runtime goes: what is remembered holds samples first."""
    table = telling_stops(make_table(200))
    params = RULE.parse(RULE.fit(table, np.ones(3)))
    whole, gate = RULE.view(table, np.ones(3), **params.model_dump()), RULE.gate(np.ones(3), params)
    rows, state = np.arange(200), gate.begin(200)
    for k in range(3):
        step = gate.step(state, k, table.outputs.take(rows).at(k))
        np.testing.assert_allclose(step.scores, whole.scores[rows, k, 0], rtol=1e-12)
        stays = np.arange(len(rows)) % 3 > 0
        rows, state = rows[stays], tuple(array[stays] for array in step.state)


def test_the_ensemble_answers():
    params = RULE.fit(make_table(200), np.ones(3))
    table = make_table(100, seed=5)
    ensemble = get_rule("ensemble").view(table, np.ones(3), **params["ensemble"])
    np.testing.assert_array_equal(RULE.view(table, np.ones(3), **params).probabilities, ensemble.probabilities)


@pytest.mark.parametrize(("n_exits", "n_classes"), [(3, 4), (4, 2), (2, 25)])
def test_scores_separate_right_from_wrong_on_new_samples(n_exits, n_classes):
    temperatures = np.ones(n_exits)
    params = {"score": "right"} | RULE.fit(make_table(700, n_exits, n_classes), temperatures, score="right")
    table = make_table(700, n_exits, n_classes, seed=7)
    view = RULE.view(table, temperatures, **params)
    right = view.answers == table.labels[:, None]
    for k in range(n_exits - 1):
        assert roc_auc_score(right[:, k], view.scores[:, k, 0]) > 0.65
        assert abs(view.scores[:, k, 0].mean() - right[:, k].mean()) < 0.05


def test_gain_separates_what_deeper_exits_would_mend():
    params = RULE.fit(make_table(1500, 3, 3), np.ones(3))
    table = make_table(1500, 3, 3, seed=8)
    view = RULE.view(table, np.ones(3), **params)
    right = view.answers == table.labels[:, None]
    is_mended = ~right[:, 0] & right[:, -1]
    assert roc_auc_score(is_mended, -view.scores[:, 0, 0]) > 0.65


def test_outcomes_that_never_vary_give_constant_models():
    """A network that is always right: there is nothing to separate."""
    table = make_table(50, 2, 3)
    logits = 20 * np.eye(3, dtype=np.float32)[table.labels][:, None].repeat(2, axis=1)
    sure = replace(table, logits=logits)
    params = {"score": "right"} | RULE.fit(sure, np.ones(2), score="right")
    assert set(params["right_now"][0]["weights"]) == {0.0}
    assert (RULE.view(sure, np.ones(2), **params).scores[:, 0] > 0.999).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"right_now": []}, "needs 2 models 'right_now' and 2 'right_later' but has 0 and 2"),
        ({"right_later": []}, "but has 2 and 0"),
        ({"score": "right"}, "score 'right' needs 2 models 'right_now' and 0 'right_later'"),
        ({"right_now": [{"weights": [1.0], "intercept": 0.0}] * 2}, "a model has 1 weights but the table gives"),
        ({"ensemble": untrained(2, 4)}, "'weights' must have rows of lengths"),
    ],
)
def test_models_that_do_not_fit_the_table_are_refused(changes, message):
    table = make_table(10)
    params = drawn_params(table, "gain", 0) | changes
    with pytest.raises(PolicyError, match=message):
        RULE.view(table, np.ones(3), **params)
