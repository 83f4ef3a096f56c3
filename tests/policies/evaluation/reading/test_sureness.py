"""The levels of sureness at which reading may stop."""

import numpy as np

from policies.evaluation.reading.evaluator import ReadingEvaluator
from policies.evaluation.reading.sureness import sureness_levels
from policies.levels.reading import running_sureness
from policies.levels.seen import Seen
from policies.pooling.answering import Answering
from policies.rules import get_rule
from tests.recorded_tables import recordings_table


def view_of(lengths, pooling="mean"):
    table = recordings_table(lengths, seed=1).answered(Answering(level="reading", pooling=pooling))
    seen = Seen.of(table, np.ones(3))
    return seen.lift(get_rule("confidence").view(seen.table, seen.temperatures)), table


def test_levels_lie_between_what_can_be_observed_at_any_one_exit():
    answers = view_of([3, 2, 1])[0].parents
    levels = sureness_levels(answers, 3, 256)
    seen = [running_sureness(answers, np.full(6, k))[[0, 1, 3]] for k in range(3)]
    observed = np.unique(np.round(seen, 9))
    assert (levels[0], levels[-1]) == (0.0, np.inf)
    np.testing.assert_allclose(levels[1:-1], (observed[:-1] + observed[1:]) / 2)


def test_levels_of_many_parents_are_thinned_and_fit_max_levels():
    view, table = view_of([5] * 200)
    assert len(sureness_levels(view.parents, 3, 256)) == 257
    for max_levels in (2, 10):
        evaluator = ReadingEvaluator(view, table.truth, table.cost, max_levels=max_levels)
        assert evaluator.n_levels[-1] == max_levels + 1


def test_parents_of_one_sample_have_nothing_to_stop_at():
    view, table = view_of([1, 1, 1])
    evaluator = ReadingEvaluator(view, table.truth, table.cost)
    assert evaluator.n_levels[-1] == 2
    assert (evaluator.evaluate(evaluator.at_full_depth()).n_unread == 0).all()


def test_very_sure_evidence_counts_as_one():
    """Of hardly any doubt numbers differ by how they are rounded, and no decision may hang on that."""
    view, _ = view_of([6] * 50, "evidence")
    levels = sureness_levels(view.parents, 3, 10_000)
    assert np.diff(levels[:-1]).min() > 4e-10
