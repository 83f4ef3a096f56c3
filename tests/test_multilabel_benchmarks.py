"""That the benchmarks of sets of labels draw, split and count as they say, on small inputs; nothing is timed."""

from pathlib import Path
import sys

import numpy as np
import pandas as pd
import pytest

from policies.certificates.outcomes import Outcomes
from policies.evolution.settings import EvolveSettings
from policies.parents.membership import Parents
from policies.policy import Policy


# Benchmarks are scripts that import each other from their own folder.
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import multilabel_notes_table as drawn
import multilabel_transfer as transfer


LIMITS = ("label_macro_f1", "label_micro_f1", "exact_match", "hamming")


def test_tables_have_the_sizes_of_the_log():
    table = drawn.draw_table(seed=3)
    assert table.logits.shape == (867 * 5, 3, 10)
    assert table.cost.tolist() == [0.036064, 0.357376, 1.0]
    parents = Parents.of(table)
    assert (parents.n, set(parents.sizes)) == (867, {5})
    assert (table.labels.reshape(867, 5, 10) == table.labels[::5, None]).all()
    assert table.labels.any(axis=1).all()
    np.testing.assert_array_equal(drawn.draw_table(seed=3).logits, table.logits)


def test_labels_are_as_frequent_as_in_the_log():
    labels = drawn.draw_table(20_000).labels[::5]
    np.testing.assert_allclose(labels.mean(axis=0) * 867, drawn.POSITIVES, rtol=0.12)


def test_drawn_figures_are_near_those_of_the_log_and_of_the_other_kind():
    found = drawn.figures(drawn.draw_table(1500, 1))
    assert found["full network, exact match"] == pytest.approx(0.877, abs=0.02)
    assert found["full network, micro-F1"] == pytest.approx(0.953, abs=0.01)
    assert found["exit 2 alone, exact match"] == pytest.approx(0.516, abs=0.03)
    assert found["v0.11, saved"] == pytest.approx(0.075, abs=0.01)
    other = drawn.figures(drawn.draw_table(1500, 1, drawn.OTHER))
    assert other["full network, exact match"] == pytest.approx(0.714, abs=0.03)


def test_splits_are_of_whole_parents_and_share_none():
    parts = transfer.split(drawn.draw_table(), np.random.default_rng(0))
    names = [set(part.parents) for part in parts.values()]
    assert [len(one) for one in names] == [304, 563]
    assert [part.n_samples for part in parts.values()] == [304 * 5, 563 * 5]
    assert not names[0] & names[1]


def test_drops_are_those_that_a_claim_is_about():
    judge = transfer.Judge(drawn.draw_table(60, 5))
    policy = Policy("label-margin", ((0.45,), (0.2,)), (1.3, 0.8, 1.1), answering=judge.table.answering)
    found = judge.figures(policy)
    decision = policy.decide(judge.table)
    outcomes = Outcomes.of(judge.table, decision, transfer.Claim(max_drop=0.1, quality="exact_match"))
    full, own = outcomes.full_figures["exact_match"].mean(), outcomes.figures["exact_match"].mean()
    assert found["exact_match"] == pytest.approx(full - own)
    assert found["exact_match"] != 0
    assert found["saved"] == pytest.approx(1 - judge.table.cost[decision.exits].mean())


def rows(**columns):
    plain = dict.fromkeys([*LIMITS, *(f"seen {name}" for name in LIMITS)], 0.0)
    return pd.DataFrame(
        [{**plain, **dict(zip(columns, one, strict=True))} for one in zip(*columns.values(), strict=True)]
    )


def test_the_best_of_the_log_in_three_senses():
    log = rows(
        draw=[0, 0, 0, 1, 1, 1],
        saved=[0.10, 0.05, 0.02, 0.08, 0.04, 0.0],
        exact_match=[0.03, 0.01, 0.0, 0.009, 0.02, 0.0],
        **{
            "seen saved": [0.11, 0.05, 0.02, 0.08, 0.05, 0.0],
            "seen exact_match": [0.008, 0.02, 0.0, 0.02, 0.01, 0.0],
            "passes 0.01": [False, False, True, True, True, True],
        },
    )
    ours = rows(draw=[0, 1], saved=[0.2, 0.1]).assign(resplit=0, method=transfer.CERTIFIED, limit=0.01)
    line = transfer.savings(ours, log)[0]
    # Chosen: .10 and .04, neither of which holds; certified: .02 and .08; known: .05 and .08.
    assert line == ["exact match 0.01", "15.00", "7.00", "2.14", "5.00", "3.00", "6.50", "2.31", "0"]


def test_a_round_plays(monkeypatch):
    monkeypatch.setattr(transfer, "SETTINGS", EvolveSettings(population=8, generations=1, max_levels=16, front_size=8))
    monkeypatch.setattr(transfer, "MULTILABEL_RULES", ("label-margin",))
    truth = transfer.Judge(drawn.draw_table(50, 9, prefix="t"))
    found = transfer.play(transfer.split(drawn.draw_table(), np.random.default_rng(1)), 0.05, truth, 0)
    assert found[transfer.CERTIFIED]["is_certified"]
    assert found[transfer.UNCERTIFIED]["saved"] >= found[transfer.CERTIFIED]["saved"]
