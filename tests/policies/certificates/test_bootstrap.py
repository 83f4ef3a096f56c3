from dataclasses import replace
import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from policies.certificates.bootstrap import bootstrap_lower_bound, macro_f1_lower_bound
from policies.errors import ClaimError
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.tables.units import Units
from tests.policies.outcomes import copied
from tests.tables import make_table


POLICY = Policy("confidence", (0.8, 0.8), (1.0, 1.0, 1.0))


def samples(n):
    return Units("sample", np.arange(n), n)


@pytest.mark.parametrize("level", ["sample", "parent", "reading"])
def test_pooled_answers_are_bounded_by_parents(level):
    table = make_table()
    parents = np.array([f"p{row % 60}" for row in range(300)])
    _, first = np.unique(parents, return_index=True)
    of = {name: table.labels[row] for name, row in zip(parents[first], first, strict=True)}
    labels = np.array([of[name] for name in parents])
    table = replace(table, labels=labels, parents=parents, order=np.arange(300))
    answering = Answering(level=level, pooling="mean", read_until=0.9 if level == "reading" else np.inf)
    decision = replace(POLICY, answering=answering).decide(table)
    found = macro_f1_lower_bound(table, decision, n_resamples=50)
    answers = decision.parents.answers(decision.exits)
    assert found.observed == pytest.approx(f1_score(labels[first], answers, average="macro"))
    assert (found.unit, found.n) == ("parent", 60)
    by_talk = macro_f1_lower_bound(
        replace(table, groups=np.array([f"t{row % 6}" for row in range(300)])), decision, n_resamples=50
    )
    assert (by_talk.unit, by_talk.n, by_talk.observed) == ("group", 6, found.observed)


def test_bound_is_below_what_was_seen_and_named_for_what_it_is():
    table = make_table()
    found = macro_f1_lower_bound(table, POLICY.decide(table), n_resamples=300)
    answers = POLICY.decide(table).answers
    assert found.observed == pytest.approx(f1_score(table.labels, answers, average="macro"))
    assert found.observed - 0.1 < found.bound < found.observed
    assert found.method.startswith("bootstrap")
    data = json.loads(json.dumps(found.to_dict()))
    assert data["unit"] == "sample"
    assert "certified" not in data


def test_same_seed_same_bound():
    table = make_table()
    bounds = [macro_f1_lower_bound(table, POLICY.decide(table), n_resamples=100, seed=seed).bound for seed in (1, 1, 2)]
    assert bounds[0] == bounds[1] != bounds[2]


def test_bound_of_a_mean_is_the_quantile_that_theory_has():
    """For a mean the bootstrap quantile is close to the normal one."""
    values = np.random.default_rng(0).normal(0.7, 0.2, 400)
    found = bootstrap_lower_bound(lambda rows: float(values[rows].mean()), "mean", samples(400), delta=0.05)
    assert found.bound == pytest.approx(values.mean() - 1.645 * values.std() / 20, abs=0.003)


def test_copies_of_segments_do_not_raise_the_bound():
    groups = np.char.add("g", (np.arange(300) % 30).astype(str))
    table = make_table(groups=groups)
    often = copied(table, 10)
    one = macro_f1_lower_bound(table, POLICY.decide(table), n_resamples=300)
    ten = macro_f1_lower_bound(often, POLICY.decide(often), n_resamples=300)
    assert (one.unit, one.n) == ("group", 30)
    assert ten.bound == pytest.approx(one.bound)


def test_wrong_input():
    table = make_table(20, groups=np.array(["one"] * 20))
    with pytest.raises(ClaimError, match="at least 2 groups to draw from but there is 1"):
        macro_f1_lower_bound(table, POLICY.decide(table))
    with pytest.raises(ClaimError, match="n_resamples must be at least 1 but is 0"):
        bootstrap_lower_bound(lambda rows: 0.0, "nothing", samples(10), n_resamples=0)
    with pytest.raises(ClaimError, match="delta must lie"):
        bootstrap_lower_bound(lambda rows: 0.0, "nothing", samples(10), delta=0.0)
