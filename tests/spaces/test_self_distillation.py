from spaces import SPACES
from tests.spaces.test_spaces_contract import draw


TEACHER = {"temperature", "gamma", "alpha", "alpha_schedule", "margin_weight", "combination", "teacher_weight_1"}


def space(**overrides):
    return SPACES["self-distillation"](n_exits=3, overrides=overrides)


def test_no_teacher_without_distillation():
    for params in draw(space()):
        present = TEACHER & set(params)
        assert present == (TEACHER if params["distillation"] == "self" else set())


def test_ends_are_asked_for_only_where_a_weight_moves():
    for params in draw(space(distillation="self")):
        assert ("alpha_end" in params) == (params["alpha_schedule"] == "linear")
        assert ("margin_weight_until" in params) == (params["margin_weight_schedule"] == "linear")


def test_each_optimiser_has_its_own_learning_rate():
    for params in draw(space()):
        assert f"learning_rate_{params['optimiser']}" in params
        assert len([name for name in params if name.startswith("learning_rate")]) == 1


def test_bounds_and_choices_follow_the_sweep_file():
    changed = space(alpha={"low": 0.5, "high": 0.6}, optimiser=["sgd"], learning_rate_sgd="1e-1", distillation="self")
    for params in draw(changed, 50):
        assert 0.5 <= params["alpha"] <= 0.6
        assert params["optimiser"] == "sgd"
        assert params["learning_rate_sgd"] == 0.1


def test_a_network_with_one_exit_has_nobody_to_teach():
    one = SPACES["self-distillation"](n_exits=1)
    assert all("distillation" not in params for params in draw(one, 20))
