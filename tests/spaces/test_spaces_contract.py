"""What every registered space must hold to."""

import pickle

import optuna
import pytest

from spaces import SPACES, Fixed
from trainables.models import is_of_network
from trainables.recipes.hyperparameters import TrainingSettings, known_parameters


@pytest.fixture(params=sorted(SPACES))
def space_class(request):
    return SPACES[request.param]


def draw(space, count=100, seed=0):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    found = []
    for _ in range(count):
        trial = study.ask()
        fixed = space(trial)
        found.append({**trial.params, **fixed})
    return found


@pytest.mark.parametrize("teachers", [(), ("one",), ("one", "other", "third")])
@pytest.mark.parametrize("n_exits", [1, 2, 3, 5])
def test_every_draw_can_be_trained(space_class, n_exits, teachers):
    for params in draw(space_class(n_exits=n_exits, teachers=teachers)):
        own = {name: value for name, value in params.items() if not is_of_network(name)}
        settings = TrainingSettings.from_params(own, n_exits=n_exits, epochs=10, teachers=teachers)
        assert settings.learning_rate == params[f"learning_rate_{settings.optimiser}"]
        assert len(settings.loss.exit_weights) == n_exits


@pytest.mark.parametrize("teachers", [(), ("one", "other")])
def test_dimensions_are_known_parameters_and_all_of_them_are_asked_for(space_class, teachers):
    space = space_class(n_exits=3, teachers=teachers)
    own = {name for name in space.dimensions if not is_of_network(name)}
    assert own <= set(known_parameters(3, teachers))
    assert set().union(*draw(space)) == set(space.dimensions)


def test_pickled_space_draws_the_same(space_class):
    space = space_class(n_exits=3)
    assert draw(pickle.loads(pickle.dumps(space)), 20) == draw(space, 20)  # noqa: S301


def test_every_dimension_can_be_fixed(space_class):
    values = draw(space_class(n_exits=3), 400)
    for name in space_class(n_exits=3).dimensions:
        value = next(params[name] for params in values if name in params)
        fixed = space_class(n_exits=3, overrides={name: value})
        assert isinstance(fixed.dimensions[name], Fixed)
        assert {params[name] for params in draw(fixed, 30) if name in params} == {value}


def test_unknown_dimension_names_the_nearest(space_class):
    name = next(iter(space_class(n_exits=3).dimensions))
    with pytest.raises(ValueError, match=f"no dimension '{name}x'; nearest are .*{name}"):
        space_class(n_exits=3, overrides={f"{name}x": 1})
