"""Importance of training parameters: what the made-up objectives depend on must come first."""

from dataclasses import replace

from matplotlib.image import imread
import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution, distribution_to_json
from optuna.trial import TrialState
import pytest

from search.analysis.importance import FEWEST_TRIALS, parameter_importance
from search.figures.importance import draw_importance
from search.trials.records import TrialRecord


OBJECTIVES = ("accuracy", "mean_depth", "objective_at_target")


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
        at_target = depth if rate > 0.1 else 9 - rate
        result = {"accuracy": rate, "mean_depth": 2.0 if constant else depth, "objective_at_target": at_target}
        params = {name: value for name, (value, _) in drawn.items()}
        distributions = {name: distribution_to_json(one) for name, (_, one) in drawn.items()}
        made.append(
            TrialRecord(
                f"trial-{number + 1:04}",
                number,
                params,
                {"params": params, "distributions": distributions, "system_attrs": {}},
                result,
                state=TrialState.COMPLETE,
            )
        )
    return made


@pytest.fixture(scope="module")
def table():
    """Of 60 trials."""
    return parameter_importance(trials(60), OBJECTIVES, seed=0)


def test_what_an_objective_depends_on_comes_first(table):
    first = table.groupby("objective", sort=False).first()
    assert list(first.index) == list(OBJECTIVES)
    assert first.loc["accuracy", "parameter"] == "rate"
    assert first.loc["accuracy", "importance"] > 0.7


def test_conditional_parameters_are_judged_on_the_trials_that_have_them(table):
    table = table.set_index(["objective", "parameter"])
    assert table.loc[("mean_depth", "temperature"), "n_trials"] == 30
    assert table.loc[("mean_depth", "temperature"), "importance"] > 0.7
    assert table.loc[("mean_depth", "decay"), "n_trials"] == 60
    assert table.loc[("mean_depth", "temperature"), "among"] == "30 trials with temperature"
    assert table.loc[("mean_depth", "decay"), "among"] == "all 60 trials"


def test_shares_of_a_group_are_at_most_1_together(table):
    sums = table.groupby(["objective", "among"])["importance"].sum()
    assert len(sums) == 2 * len(OBJECTIVES)
    assert sums.xs("all 60 trials", level="among").tolist() == pytest.approx([1.0] * len(OBJECTIVES))
    assert (sums.xs("30 trials with temperature", level="among") < 1).all()


def test_an_objective_that_repeats_another_or_hardly_varies_is_left_out():
    made = trials(40)
    repeated = [replace(one, result={**one.result, "objective_at_target": one.result["mean_depth"]}) for one in made]
    assert set(parameter_importance(repeated, OBJECTIVES, seed=0)["objective"]) == {"accuracy", "objective_at_target"}
    flat = [replace(one, result={**one.result, "accuracy": 0.97 + 0.004 * one.result["accuracy"]}) for one in made]
    assert set(parameter_importance(flat, OBJECTIVES, seed=0)["objective"]) == {"mean_depth", "objective_at_target"}


def test_what_never_varied_is_left_out():
    table = parameter_importance(trials(40, constant=True), OBJECTIVES, seed=0)
    assert set(table["objective"]) == {"accuracy", "objective_at_target"}
    assert "optimiser" not in set(table["parameter"])


def test_results_that_no_parameter_explains_are_left_out():
    alike = [replace(one, drawn=trials(2)[0].drawn) for one in trials(12)]
    assert parameter_importance(alike, OBJECTIVES, seed=0).empty


@pytest.mark.parametrize(("count", "expected"), [(0, set()), (FEWEST_TRIALS - 1, set()), (FEWEST_TRIALS, {"rate"})])
def test_few_trials_say_nothing(count, expected):
    found = set(parameter_importance(trials(count), OBJECTIVES, seed=0)["parameter"])
    assert found & {"rate", "temperature"} == expected


@pytest.mark.slow
def test_same_seed_same_shares_however_many_trials():
    made = trials(230)
    one, two = (parameter_importance(made, ("mean_depth",), seed=3) for _ in range(2))
    assert one.equals(two)
    assert one["n_trials"].max() == 230


def test_picture_is_drawn(tmp_path):
    table = parameter_importance(trials(20), OBJECTIVES, seed=0)
    assert table["among"].nunique() == 2
    draw_importance(table, tmp_path / "importance.png", title="importance")
    picture = (255 * imread(tmp_path / "importance.png")[:, :, :3]).round().astype(int)
    for colour in ((0x1F, 0x5F, 0xA8), (0xED, 0xAE, 0x49)):
        assert (picture == colour).all(axis=2).sum() > 1000
