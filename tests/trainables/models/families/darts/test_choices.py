import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import torch

from tests.trainables.models.families.darts.networks import small
from trainables.errors import TrainingError
from trainables.models.families.darts.choices import ZERO, largest_operations
from trainables.models.families.darts.operations import N_OPERATIONS, OPERATIONS
from trainables.models.families.darts.plan import Plan


@settings(max_examples=50, deadline=None)
@given(n_exits=st.integers(1, 4), nodes=st.integers(1, 2), reductions=st.integers(0, 2), seed=st.integers(0, 99))
def test_edges_into_nodes_are_all_edges_in_turn(n_exits, nodes, reductions, seed):
    reductions = min(reductions, n_exits - 1)
    plan = Plan.of(n_exits=n_exits, nodes_per_exit=nodes, reductions=reductions, width=4)
    assert list(itertools.chain.from_iterable(plan.edges_into_nodes)) == list(range(plan.n_edges))
    for edges in plan.edges_into_nodes:
        assert len({plan.edge_names[edge].rpartition(" ")[2] for edge in edges}) == 1
    scores = torch.randn(5, plan.n_edges, N_OPERATIONS, generator=torch.Generator().manual_seed(seed))
    # Often zero on all edges into a node.
    scores[..., ZERO] += 1.5
    found = largest_operations(scores, plan)
    for row, edges in itertools.product(range(5), plan.edges_into_nodes):
        assert found[row, edges.start : edges.stop].tolist() == by_hand(scores[row, edges.start : edges.stop])


def by_hand(scores):
    chosen = [max(range(N_OPERATIONS), key=own.__getitem__) for own in scores.tolist()]
    if all(place == ZERO for place in chosen):
        edge, place = max(
            itertools.product(range(len(chosen)), range(ZERO)), key=lambda one: scores[one[0], one[1]].item()
        )
        chosen[edge] = place
    return chosen


@pytest.mark.parametrize(
    ("operations", "said"),
    [
        ("per-inputs", "operations must be 'per-input' or a list of one operation for each edge but are 'per-inputs'"),
        (7, "operations must be 'per-input' or a list"),
        (["identity"] * 5, r"one for each of the 6 edges \('0 -> 1', .* and 1 more\) but are 5"),
        (["identity"] * 5 + ["seperable_3x3"], "'seperable_3x3', of edge 2 -> 3; did you mean 'separable_3x3'"),
        (["identity"] * 5 + [None], "no operation None, of edge 2 -> 3; known are separable_3x3, "),
        (["identity", "zero", "zero", *["identity"] * 3], "but leave node 2 none; change one of '0 -> 2', '1 -> 2'"),
    ],
)
def test_operations_that_do_not_fit_are_refused_in_one_line(operations, said):
    with pytest.raises(TrainingError, match=said) as refused:
        small(operations=operations)
    assert "\n" not in str(refused.value)


def test_per_input_needs_an_input():
    with pytest.raises(TrainingError, match="can only be 'per-input' in an adaptive network"):
        small(operations="per-input", adaptive=False)


def test_zero_is_last():
    assert ZERO == N_OPERATIONS - 1 and OPERATIONS[ZERO] == "zero"
