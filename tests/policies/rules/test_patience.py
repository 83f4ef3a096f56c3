"""PABEE: leave when the answer has stayed the same for ``patience`` exits after the first."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from tests.policies.rules.reference import best_class
from tests.tables import tied_tables


def pabee(answers, patience):
    """The paper's algorithm: count the exits that agree with the one before, start again where one does not."""
    agreeing = 0
    for k, answer in enumerate(answers):
        agreeing = agreeing + 1 if k and answer == answers[k - 1] else 0
        if agreeing == patience:
            return k
    return len(answers) - 1


@settings(max_examples=150, deadline=None)
@given(table=tied_tables(max_exits=7), patience=st.integers(0, 6))
def test_exits_equal_the_papers_algorithm(table, patience):
    n_early = table.n_exits - 1
    decision = Policy("patience", (patience + 1.0,) * n_early, (1.0,) * table.n_exits).decide(table)
    for i in range(table.n_samples):
        answers = [best_class(row.tolist()) for row in table.logits[i]]
        taken = pabee(answers, patience)
        assert decision.exits[i] == taken
        assert decision.answers[i] == answers[taken]


@pytest.mark.parametrize(("patience", "taken"), [(0, 0), (1, 3), (2, 4), (3, 5)])
def test_example(patience, taken):
    answers = [0, 1, 2, 2, 2, 1]
    logits = np.eye(3, dtype=np.float32)[answers][None]
    table = ClassificationTable(logits, np.zeros(1, dtype=np.int64), cost=np.linspace(1 / 6, 1, 6), ids=np.array(["a"]))
    decision = Policy("patience", (patience + 1.0,) * 5, (1.0,) * 6).decide(table)
    assert decision.exits.tolist() == [taken]
