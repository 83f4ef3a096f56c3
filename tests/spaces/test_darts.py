import optuna
import pytest

from spaces import SPACES
from tests.spaces.test_spaces_contract import draw


OF_PERTURBATIONS = {"perturbation_weight", "learning_rate_controller"}
OF_LEAVING = {"auxiliary_weight", "final_exit_weight"}
OF_LEAVING |= {"cost_weight", "cost_weight_schedule", "cost_weight_warmup", "cost_weight_until"}


def space(n_exits=4, **overrides):
    return SPACES["darts"](n_exits=n_exits, overrides=overrides)


def test_a_fixed_architecture_has_no_perturbations():
    for params in draw(space()):
        assert OF_PERTURBATIONS & set(params) == (OF_PERTURBATIONS if params["network_adaptive"] else set())
    assert not any(OF_PERTURBATIONS & set(params) for params in draw(space(network_adaptive=False), 20))


def test_a_network_with_one_exit_has_nowhere_to_leave_early():
    assert not any(OF_LEAVING & set(params) for params in draw(space(n_exits=1), 20))
    assert all(set(params) >= OF_LEAVING for params in draw(space(n_exits=2), 20))


def test_the_ramp_begins_before_it_ends():
    for params in draw(space()):
        assert 0 <= params["cost_weight_warmup"] <= 0.5 <= params["cost_weight_until"] <= 1
        assert params["cost_weight_schedule"] in {"linear", "cosine"}


def test_the_settings_of_the_presets_can_be_tried():
    preset = {"width": 64, "network_nodes_per_exit": 1, "network_mixing_temperature": 1.0, "network_adaptive": True}
    preset |= {"learning_rate_adamw": 3e-3, "learning_rate_alpha": 3e-4, "learning_rate_controller": 3e-4}
    preset |= {"weight_decay": 5e-4, "label_smoothing": 0.0, "bilevel": False}
    preset |= {"auxiliary_weight": 0.35, "final_exit_weight": 0.0}
    preset |= {"cost_weight": 0.05, "cost_weight_schedule": "cosine", "cost_weight_warmup": 0.2}
    preset |= {"cost_weight_until": 1.0, "perturbation_weight": 1e-3, "learning_rate_schedule": "one-cycle"}
    of = space()
    assert set(preset) == set(of.dimensions)
    study = optuna.create_study()
    study.enqueue_trial({name: of.dimensions[name].taken(value) for name, value in preset.items()})
    trial = study.ask()
    assert of(trial) == {}
    assert trial.params == preset


@pytest.mark.parametrize(("changes", "message"), [({"width": 6.5}, "of type int"), ({"bilevel": 1}, "must be among")])
def test_changes_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        space(**changes)
