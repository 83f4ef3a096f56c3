from spaces import SPACES
from tests.spaces.test_spaces_contract import draw


OF_TEACHER = {"combination", "temperature", "alpha", "teacher_weight_1", "teacher_weight_2"}


def space(n_exits=3, **overrides):
    return SPACES["detection"](n_exits=n_exits, overrides=overrides)


def test_nothing_of_a_teacher_is_asked_where_there_is_none():
    seen = {params["distillation"] for params in draw(space(), 40)}
    assert seen == {"none", "self"}
    for params in draw(space(), 40):
        assert OF_TEACHER & set(params) == (OF_TEACHER if params["distillation"] == "self" else set())


def test_a_network_with_one_exit_has_neither_teacher_nor_weights():
    for params in draw(space(n_exits=1), 10):
        rates = {"learning_rate_adamw", "learning_rate_backbone"}
        assert set(params) == {*rates, "weight_decay", "label_smoothing"}
