import pytest

from policies.goals.objectives import sought_in_words


@pytest.mark.parametrize(
    ("objective", "budget", "told"),
    [
        ("depth", None, "the least mean depth"),
        ("cost", None, "the least mean cost"),
        ("latency", None, "the least mean latency in ms"),
        ("depth", 1.5, "the best mAP@.5"),
    ],
)
def test_what_is_sought_is_told_in_words(objective, budget, told):
    assert sought_in_words(objective, "map_50", budget=budget) == told
