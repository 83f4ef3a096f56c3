"""What margins are fitted, and what genes mean, on cases made by hand."""

import numpy as np
import pytest

from policies.multilabel_notes.margins import repaired_margins
from policies.multilabel_notes.versions import EVOLVED, EvolvedVersion, gate_row, veto_margins
from tests.policies.label_sets import table_of


RISKS = np.array([[1.0, 0.2], [0.4, 1.0]])


def test_margins_are_quantiles_of_those_of_labels_put_right():
    # Label 0 is on and missed by the second exit with margins .1, .2, .3, .4, of which the last exit finds all but one.
    said = [[(0.2, 0.1), (own, 0.1), (last, 0.1)] for own, last in ((0.4, 0.9), (0.3, 0.9), (0.2, 0.9), (0.1, 0.4))]
    margins = repaired_margins(table_of(said, [[1, 0]] * 4), np.ones(3), 0.75)
    # Of the first exit all three have margin .3; label 1 is never wrong.
    np.testing.assert_allclose(margins, [[0.3, 0.0], [0.25, 0.0]], atol=1e-6)


def test_of_fewer_than_three_cases_there_is_no_margin():
    said = [[(0.4, 0.1), (0.9, 0.1)]] * 2 + [[(0.9, 0.1), (0.9, 0.1)]]
    assert repaired_margins(table_of(said, [[1, 0]] * 3), np.ones(2), 0.75).tolist() == [[0.0, 0.0]]


def test_a_row_of_thresholds():
    assert gate_row(0.55, 0.0, 2).tolist() == [0.55, -1, -1, 0, 0]
    assert gate_row(0.6, np.array([0.1, 0.2]), 2, move=0.2, risk=0.5).tolist() == [0.6, -0.2, -0.5, 0.1, 0.2]


def test_sizes_are_those_of_the_log():
    assert [(one.population, one.generations) for one in EVOLVED.values()] == [(80, 50), (96, 60), (112, 70)]
    assert [one.n_genes(3, 10) for one in EVOLVED.values()] == [12, 26, 34]
    assert [one.most_usage for one in EVOLVED.values()] == [None, 0.75, 0.5]


def test_v0_16_leaves_at_the_second_exit_alone():
    found = EVOLVED["v0.16"].thresholds(np.array([[0.5, 0.3, 0.2, 1.0]]), RISKS)
    assert found.shape == (1, 2, 5)
    assert (found[:, 0] == np.inf).all()
    np.testing.assert_allclose(found[0, 1], [0.75, -0.3, -1, 0.1, 0.5])


def test_v0_17_limits_the_risk_at_each_exit():
    genes = np.array([[0.5, 0.3, 0.2, 1.0, 0.6, 0.0, 1.0, 0.0, 0.4, 0.1]])
    np.testing.assert_allclose(
        EVOLVED["v0.17"].thresholds(genes, RISKS)[0], [[0.75, -0.3, -0.6, 0.1, 0.5], [0.5, -1, -0.1, 0, 0.2]]
    )


def test_v0_18_vetoes_risky_labels_and_asks_more_of_the_first_exit():
    # a .6, D .3, M (.1, .2), R .6; S .5, k 2, B .15, boost .1
    of_exit = [0.2, 0.3, 0.2, 0.4, 0.6, 0.5, 0.5, 0.3, 0.2]
    found = EVOLVED["v0.18"].thresholds(np.array([of_exit * 2]), RISKS)[0]
    # At the first exit label 0 is risky: max(2 x .1, .15); at the second label 1 is: max(2 x .2, .15).
    np.testing.assert_allclose(found, [[0.7, -0.3, -0.6, 0.2, 0.2], [0.6, -0.3, -0.6, 0.1, 0.4]])


@pytest.mark.parametrize(
    ("least_risk", "factor", "floor", "expected"),
    [(0.5, 2.0, 0.1, [0.2, 0.0]), (0.2, 2.0, 0.3, [0.3, 0.6]), (0.2, 1.0, 0.0, [0.1, 0.3]), (1.1, 3.0, 0.5, [0, 0])],
)
def test_the_veto(least_risk, factor, floor, expected):
    asked = (np.array([own]) for own in (least_risk, factor, floor))
    np.testing.assert_allclose(veto_margins(np.array([[0.1, 0.3]]), np.array([0.9, 0.2]), *asked), [expected])


@pytest.mark.parametrize("has_veto", [False, True])
def test_genes_of_more_exits_and_of_none(has_veto):
    version = EvolvedVersion(4, 1, first_exit=1, has_veto=has_veto)
    assert version.n_genes(2, 10) == 0
    assert version.n_genes(5, 10) == 3 * (17 if has_veto else 13)
    found = version.thresholds(np.zeros((7, version.n_genes(5, 2))), np.zeros((4, 2)))
    assert found.shape == (7, 4, 5)
    assert np.isinf(found).all(axis=(0, 2)).tolist() == [True, False, False, False]
