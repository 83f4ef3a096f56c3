from spaces import SPACES
from tests.spaces.test_spaces_contract import draw


TEACHERS = ("cnn", "vit", "large")


def space(teachers=TEACHERS, n_exits=3, **overrides):
    return SPACES["distillation"](n_exits=n_exits, teachers=teachers, overrides=overrides)


def about_teachers(params):
    return {name for name in params if name.startswith("kd_")}


def test_without_teachers_it_is_self_distillation():
    assert draw(space(teachers=()), 50) == draw(SPACES["self-distillation"](n_exits=3), 50)


def test_teachers_are_asked_about_only_where_they_teach():
    found = draw(space())
    assert {params["distillation"] for params in found} == {"none", "self", "teachers", "both"}
    for params in found:
        assert bool(about_teachers(params)) == (params["distillation"] in {"teachers", "both"})
        assert ("alpha" in params) == (params["distillation"] in {"self", "both"})


def test_weights_and_mode_only_matter_between_several():
    for params in draw(space(distillation="teachers")):
        heard = params["kd_teachers"].split("+")
        weighed = {name for name in params if name.startswith("kd_weight_")}
        assert weighed == ({f"kd_weight_{name}" for name in heard} if len(heard) > 1 else set())
        assert ("kd_mode" in params) == (len(heard) > 1)


def test_every_subset_of_a_few_teachers_can_be_heard():
    assert len(space().dimensions["kd_teachers"].options) == 7
    assert space().dimensions["kd_teachers"].options[0] == "cnn+vit+large"
    many = space(teachers=tuple("abcdef")).dimensions["kd_teachers"]
    assert many.options == ("a+b+c+d+e+f",)


def test_beta_belongs_to_decoupled_forms():
    for params in draw(space(distillation="teachers")):
        assert ("kd_beta" in params) == (params["kd_form"] != "kd")


def test_temperature_is_fixed_until_bounds_are_given():
    assert {params["kd_temperature"] for params in draw(space(distillation="teachers"), 30)} == {2.0}
    searched = draw(space(distillation="teachers", kd_temperature={"low": 1, "high": 8}), 30)
    assert len({params["kd_temperature"] for params in searched}) > 20


def test_a_network_with_one_exit_can_be_taught_from_outside():
    found = draw(space(n_exits=1, distillation="both"), 20)
    assert all("kd_alpha" in params and "alpha" not in params for params in found)
