import optuna

from spaces import Fixed
from spaces.multilabel import MultiLabelSpace
from tests.spaces.test_spaces_contract import draw
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.tasks import get_training_task


def test_rare_labels_are_weighed_in_one_of_three_ways():
    assert {params["positive_weighting"] for params in draw(MultiLabelSpace(n_exits=3))} == {
        *("none", "capped", "balanced")
    }


def test_every_draw_is_one_that_sets_of_labels_can_be_trained_with():
    space = MultiLabelSpace(n_exits=3, teachers=("one", "other"))
    assert space.dimensions["kd_form"] == Fixed("kd")
    assert "kd_beta" not in space.dimensions
    for params in draw(space):
        settings = TrainingSettings.from_params(params, n_exits=3, epochs=5, teachers=("one", "other"))
        get_training_task("multi-label").require_trainable(settings)


def test_weighting_is_asked_first():
    trial = optuna.create_study().ask()
    MultiLabelSpace(n_exits=2)(trial)
    assert next(iter(trial.params)) == "positive_weighting"
