"""The widest network within a budget, against trying every width."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from search.control.widths import widest


def costs(legal, slope):
    built = []

    def cost(width):
        assert width > 0
        built.append(width)
        return slope * width * width + width if width in legal else None

    return cost, built


@given(st.integers(1, 12), st.integers(1, 6), st.floats(0.1, 3.0), st.floats(0, 3e4))
def test_it_is_what_trying_all_would_find(step, times, slope, budget):
    own = step * times
    legal = set(range(step, 8 * own + 1, step))
    cost, _ = costs(legal, slope)
    assert widest(cost, own, budget) == max((width for width in legal if cost(width) <= budget), default=None)


@given(st.sets(st.integers(1, 40), min_size=1), st.floats(0, 2e3))
def test_with_holes_it_is_the_widest_that_there_is(holes, budget):
    own = 5
    legal = (set(range(1, 8 * own + 1)) - holes) | {own, own + 1}
    cost, _ = costs(legal, 1.0)
    assert widest(cost, own, budget) == max((width for width in legal if cost(width) <= budget), default=None)


@pytest.mark.parametrize(("budget", "expected"), [(1e6, 32), (10.0, None)])
def test_a_network_of_one_width_is_taken_or_left(budget, expected):
    cost, built = costs({32}, 1.0)
    assert widest(cost, 32, budget) == expected
    assert len(built) < 15


def test_few_networks_are_built_and_none_that_is_far_too_large():
    cost, built = costs(set(range(1, 10_000)), 1.0)
    assert widest(cost, 64, 20 * 20) == 19
    assert len(set(built)) < 15
    assert max(built) == 65


def test_no_network_is_more_than_eight_times_as_wide():
    cost, _ = costs(set(range(8, 10_000, 8)), 1.0)
    assert widest(cost, 16, 1e12) == 128
