import pytest
import torch

from trainables.errors import TrainingError
from trainables.settings import TrainingSettings, known_parameters


def settings(epochs=10, **params):
    return TrainingSettings.from_params(params, n_exits=3, epochs=epochs)


def test_nothing_given_is_plain_training():
    plain = settings()
    assert plain.optimiser == "adamw"
    assert plain.loss.exit_weights == (1.0, 1.0, 1.0)
    assert plain.alpha.at(5) == 0.0
    assert plain.margin_weight.at(5) == 0.0


def test_parameters_reach_their_places():
    chosen = settings(
        optimiser="sgd",
        learning_rate_sgd=0.2,
        weight_decay=1e-3,
        label_smoothing=0.05,
        exit_weight_1=0.3,
        exit_weight_2=0.5,
        distillation="self",
        combination="additive",
        temperature=4.0,
        gamma=2.0,
        teacher_weight_2=0.7,
        alpha=0.6,
        margin_weight=0.04,
    )
    assert (chosen.learning_rate, chosen.weight_decay) == (0.2, 1e-3)
    assert chosen.loss.exit_weights == (0.3, 0.5, 1.0)
    assert chosen.loss.teacher_weights == (1.0, 0.7)
    assert (chosen.loss.temperature, chosen.loss.gamma, chosen.loss.label_smoothing) == (4.0, 2.0, 0.05)
    assert chosen.loss.combination == "additive"
    assert chosen.alpha.at(0) == chosen.alpha.at(9) == 0.6
    assert chosen.margin_weight.at(3) == 0.04


def test_schedules_are_shares_of_the_training():
    chosen = settings(
        epochs=21,
        distillation="self",
        alpha=0.8,
        alpha_schedule="linear",
        alpha_end=0.2,
        alpha_warmup=0.1,
        margin_weight=0.1,
        margin_weight_schedule="linear",
        margin_weight_end=0.0,
        margin_weight_until=0.5,
    )
    assert chosen.alpha.at(1) == 0.0
    assert chosen.alpha.at(2) == pytest.approx(0.8)
    assert chosen.alpha.at(20) == pytest.approx(0.2)
    assert chosen.margin_weight.at(5) == pytest.approx(0.05)
    assert chosen.margin_weight.at(10) == 0.0


def test_no_distillation_switches_its_parameters_off():
    chosen = settings(distillation="none", alpha=0.6, margin_weight=0.1)
    assert chosen.alpha.at(3) == 0.0
    assert chosen.margin_weight.at(3) == 0.0


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"learningrate": 0.1}, "unknown training parameter 'learningrate'; known are"),
        ({"exit_weight_3": 0.1}, "unknown training parameter 'exit_weight_3'"),
        ({"optimiser": "lion"}, "optimiser must be one of adamw, sgd but is 'lion'"),
    ],
)
def test_wrong_parameters_are_refused(params, message):
    with pytest.raises(TrainingError, match=message):
        settings(**params)


def test_known_parameters_count_depths_from_one():
    assert {"exit_weight_1", "teacher_weight_2"} <= set(known_parameters(3))
    assert not {"exit_weight_0", "exit_weight_3"} & set(known_parameters(3))


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)])
def test_learning_rate_cycles_and_ends_near_zero(name, kind):
    chosen = settings(optimiser=name)
    optimiser = chosen.build_optimiser(torch.nn.Linear(2, 2))
    assert isinstance(optimiser, kind)
    scheduler = chosen.build_scheduler(optimiser, n_steps=50)
    rates = []
    for _ in range(50):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step() if len(rates) < 50 else None
    assert max(rates) == pytest.approx(chosen.learning_rate, rel=0.01)
    assert rates[-1] < chosen.learning_rate * 1e-4
