"""Levels of several sequences: those of the graphical procedure, and no more false ones than the whole level allows."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.certificates.recycling import recycled_levels
from tests.policies.outcomes import is_near_level


ALPHA = 0.2


def passed_by_graph(p_values, shares):
    """The algorithm of Bretz et al. (2009) on its graph, with a matrix of all edges."""
    nodes = [(i, j) for i, own in enumerate(p_values) for j in range(len(own))]
    number = {node: place for place, node in enumerate(nodes)}
    weights = np.array([shares[i] if j == 0 else 0.0 for i, j in nodes])
    edges = np.zeros((len(nodes), len(nodes)))
    for i, j in nodes:
        if j + 1 < len(p_values[i]):
            edges[number[i, j], number[i, j + 1]] = 1.0
            continue
        for other in range(len(p_values)):
            if other != i:
                edges[number[i, j], number[other, 0]] = shares[other] / (1 - shares[i])
    left, passed = set(range(len(nodes))), set()
    while True:
        found = next((k for k in left if p_values[nodes[k][0]][nodes[k][1]] <= weights[k] * ALPHA), None)
        if found is None:
            return passed
        left.remove(found)
        passed.add(nodes[found])
        moved = edges.copy()
        for one in left:
            weights[one] += weights[found] * edges[found, one]
            for other in left:
                loop = edges[one, found] * edges[found, one]
                grown = edges[one, other] + edges[one, found] * edges[found, other]
                moved[one, other] = grown / (1 - loop) if one != other and loop < 1 else 0.0
        edges = moved


def passed_by_levels(p_values, shares):
    keys = [[(i, j) for j in range(len(own))] for i, own in enumerate(p_values)]
    passed = set()

    def passes(key, level):
        is_passed = p_values[key[0]][key[1]] <= level * ALPHA
        passed.update({key} if is_passed else set())
        return is_passed

    recycled_levels(keys, shares, passes)
    return passed


P_VALUES = st.sampled_from([0.0011, 0.0307, 0.0513, 0.0919, 0.1117, 0.1313, 0.1903, 0.5])


@given(st.lists(st.lists(P_VALUES, min_size=1, max_size=4), min_size=2, max_size=3), st.integers(1, 6))
def test_those_pass_that_pass_the_graphical_procedure(p_values, first):
    shares = np.array([first, 3, 1][: len(p_values)], dtype=float)
    shares = (shares / shares.sum()).tolist()
    assert passed_by_levels(p_values, shares) == passed_by_graph(p_values, shares)


def test_a_hypothesis_of_several_sequences_has_what_they_have_together_and_is_tested_again_where_it_grew():
    seen = []

    def passes(key, level):
        seen.append((key, pytest.approx(level)))
        return key != "b"

    levels = recycled_levels([["full", "a", "b"], ["full", "c"]], [0.8, 0.2], passes)
    assert seen == [("full", 1.0), ("a", 0.8), ("b", 0.8), ("c", 0.2), ("b", 1.0)]
    assert levels == {"full": 1.0, "a": 0.8, "b": 1.0, "c": 0.2}


def test_what_passed_in_one_sequence_is_not_tested_in_another():
    levels = recycled_levels([["a", "b"], ["c", "b", "d"]], [0.5, 0.5], lambda key, level: key != "d")
    assert list(levels) == ["a", "b", "c", "d"]
    assert levels["d"] == 1.0


@pytest.mark.parametrize("shares", [[0.8, 0.1], [1.0, 0.0], [1.5, -0.5]])
def test_shares_must_be_shares(shares):
    with pytest.raises(ValueError, match="shares must be positive and sum to 1"):
        recycled_levels([["a"], ["b"]], shares, lambda key, level: True)
    assert recycled_levels([], [], lambda key, level: True) == {}


@pytest.mark.parametrize(
    ("sequences", "true"),
    [
        ([["full", "a", "b"], ["full", "c", "d"]], {"full"}),
        ([["full", "a", "b"], ["full", "c", "d"]], {"b", "d"}),
        ([["full", "a", "b"], ["full", "c", "d"]], {"a", "b", "c"}),
        ([["full", "a", "b"], ["full", "c", "b"]], {"b"}),
        ([["full", "a"], ["full", "c", "d"]], {"d"}),
        ([["full", "a", "b"], ["c", "d"], ["full", "b"]], {"b", "d"}),
    ],
)
def test_true_nulls_pass_no_more_often_than_the_level_allows(sequences, true):
    """Others pass nearly always, so that all of the level is there for the true ones."""
    rng, n_draws = np.random.default_rng(5), 3000
    shares = [0.8, 0.2] if len(sequences) == 2 else [0.5, 0.3, 0.2]
    n_false = 0
    for _ in range(n_draws):
        noise = rng.random()
        own = {key: rng.random() if rng.random() < 0.5 else noise for own in sequences for key in own}
        passed = set()

        def passes(key, level, own=own, passed=passed):
            p_value = own[key] if key in true else own[key] * 0.02
            passed.update({key} if p_value <= level * ALPHA else set())
            return key in passed

        recycled_levels(sequences, shares, passes)
        n_false += bool(passed & true)
    assert is_near_level(n_false, n_draws, ALPHA)
    assert n_false > 0.1 * ALPHA * n_draws
