"""Importance of training parameters: what the made-up objectives depend on must come first."""

from dataclasses import replace

from matplotlib.image import imread
import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution, distribution_to_json
import pytest

from search.importance import FEWEST_TRIALS, OBJECTIVES, parameter_importance
from search.importance_figure import draw_importance
from search.record import TrialRecord


UNIT = FloatDistribution(0.0, 1.0)
KINDS = CategoricalDistribution(["none", "self"])
ONE = CategoricalDistribution(["adamw"])


def trials(count, *, constant=False):
    """Accuracy depends on ``rate``, mean depth on ``decay`` and, where there is one, on the ``temperature``."""
    generator = np.random.default_rng(0)
    made = []
    for number in range(count):
        rate, decay, temperature = generator.random(3).tolist()
        kind = "self" if number % 2 else "none"
        drawn = {"rate": (rate, UNIT), "decay": (decay, UNIT), "kind": (kind, KINDS), "optimiser": ("adamw", ONE)}
        if kind == "self":
            drawn["temperature"] = (temperature, UNIT)
        depth = 1 + decay + (5 * temperature if kind == "self" else 0)
        result = {"accuracy": rate, "mean_depth": 2.0 if constant else depth, "depth_at_target": depth}
        params = {name: value for name, (value, _) in drawn.items()}
        distributions = {name: distribution_to_json(one) for name, (_, one) in drawn.items()}
        made.append(
            TrialRecord(
                f"trial-{number + 1:04}",
                number,
                params,
                {"params": params, "distributions": distributions, "system_attrs": {}},
                result,
                has_ended=True,
            )
        )
    return made


def test_what_an_objective_depends_on_comes_first():
    table = parameter_importance(trials(60), seed=0)
    first = table.groupby("objective", sort=False).first()
    assert list(first.index) == list(OBJECTIVES)
    assert first.loc["accuracy", "parameter"] == "rate"
    assert first.loc["accuracy", "importance"] > 0.7


def test_conditional_parameters_are_judged_on_the_trials_that_have_them():
    table = parameter_importance(trials(60), seed=0).set_index(["objective", "parameter"])
    assert table.loc[("mean_depth", "temperature"), "n_trials"] == 30
    assert table.loc[("mean_depth", "temperature"), "importance"] > 0.7
    assert table.loc[("mean_depth", "decay"), "n_trials"] == 60


def test_what_never_varied_is_left_out():
    table = parameter_importance(trials(40, constant=True), seed=0)
    assert set(table["objective"]) == {"accuracy", "depth_at_target"}
    assert "optimiser" not in set(table["parameter"])


def test_results_that_no_parameter_explains_are_left_out():
    alike = [replace(one, drawn=trials(2)[0].drawn) for one in trials(12)]
    assert parameter_importance(alike, seed=0).empty


@pytest.mark.parametrize(("count", "expected"), [(0, set()), (FEWEST_TRIALS - 1, set()), (FEWEST_TRIALS, {"rate"})])
def test_few_trials_say_nothing(count, expected):
    found = set(parameter_importance(trials(count), seed=0)["parameter"])
    assert found & {"rate", "temperature"} == expected


def test_same_seed_same_shares_however_many_trials():
    made = trials(230)
    one, two = (parameter_importance(made, seed=3) for _ in range(2))
    assert one.equals(two)
    assert one["n_trials"].max() == 230


def test_picture_is_drawn(tmp_path):
    table = parameter_importance(trials(20), seed=0)
    draw_importance(table, tmp_path / "importance.png", title="importance")
    assert imread(tmp_path / "importance.png").std() > 0.01
