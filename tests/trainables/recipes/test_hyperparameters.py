import pytest
import torch

from trainables.augmentation.spec_augment import SpecAugment
from trainables.errors import TrainingError
from trainables.losses.exit_loss import LossWeights
from trainables.losses.teacher_loss import TeacherLoss
from trainables.models.base import MultiExitModel
from trainables.recipes.hyperparameters import TrainingSettings, known_parameters, without_early_exits


def network():
    return MultiExitModel([torch.nn.Identity()], [torch.nn.Linear(2, 2)], mean=[0.0], std=[1.0])


def settings(epochs=10, **params):
    return TrainingSettings.from_params(params, n_exits=3, epochs=epochs)


def test_nothing_given_is_plain_training():
    plain = settings()
    assert plain.optimiser == "adamw"
    assert plain.loss.exit_weights == (1.0, 1.0, 1.0)
    assert plain.loss.teachers is None
    assert plain.loss_weights(5) == LossWeights()


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
        spec_augment=0.5,
        spec_augment_bands=6.4,
        mixup=0.2,
        class_weighting="balanced",
    )
    assert chosen.spec_augment == SpecAugment(0.5, 6, 12)
    assert (chosen.mixup, chosen.class_weighting) == (0.2, "balanced")
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
        ({"mixup": -0.1}, "mixup must not be negative but is -0.1"),
        ({"spec_augment": 1.5}, r"spec_augment must lie in \[0, 1\]"),
        ({"class_weighting": "rare"}, "class_weighting must be one of none, balanced"),
        ({"learning_rate_schedule": "cosine"}, "learning_rate_schedule must be one of one-cycle, constant"),
        ({"optimiser": "lion"}, "optimiser must be one of adamw, sgd but is 'lion'"),
    ],
)
def test_wrong_parameters_are_refused(params, message):
    with pytest.raises(TrainingError, match=message):
        settings(**params)


def test_known_parameters_count_depths_from_one():
    assert {"exit_weight_1", "teacher_weight_2"} <= set(known_parameters(3))
    assert not {"exit_weight_0", "exit_weight_3"} & set(known_parameters(3))


@pytest.mark.parametrize("final_div_factor", [20.0, 1e4])
@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)])
def test_learning_rate_cycles_and_ends_where_it_should(name, kind, final_div_factor):
    chosen = settings(optimiser=name)
    optimiser = chosen.build_optimiser(network())
    assert isinstance(optimiser, kind)
    scheduler = chosen.build_scheduler(optimiser, n_steps=50, final_div_factor=final_div_factor)
    rates = []
    for _ in range(50):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step() if len(rates) < 50 else None
    assert max(rates) == pytest.approx(chosen.learning_rate, rel=0.01)
    assert rates[-1] == pytest.approx(rates[0] / final_div_factor)


def test_learning_rate_can_stay_as_it_is():
    chosen = settings(learning_rate_schedule="constant", learning_rate_adamw=0.004)
    optimiser = chosen.build_optimiser(network())
    scheduler = chosen.build_scheduler(optimiser, n_steps=5, final_div_factor=1e4)
    for _ in range(8):
        assert optimiser.param_groups[0]["lr"] == 0.004
        optimiser.step()
        scheduler.step()


def taught(**params):
    params = {"distillation": "teachers"} | params
    return TrainingSettings.from_params(params, n_exits=3, epochs=11, teachers=("cnn", "vit"))


def test_teachers_from_outside_reach_their_places():
    chosen = taught(
        kd_mode="fused",
        kd_form="dkd",
        kd_taught="last",
        kd_temperature=4.0,
        kd_gamma=1.5,
        kd_weight_vit=0.3,
        kd_alpha=0.5,
        kd_alpha_schedule="linear",
        kd_alpha_end=0.1,
        kd_beta=4.0,
        kd_margin_weight=0.03,
    )
    assert chosen.loss.teachers == TeacherLoss((1.0, 0.3), "fused", "dkd", 4.0, 1.5, "last")
    assert chosen.loss_weights(0) == LossWeights(kd_alpha=0.5, kd_beta=4.0, kd_margin=0.03)
    assert chosen.loss_weights(10).kd_alpha == pytest.approx(0.1)


def test_teachers_that_are_not_named_are_not_heard():
    assert taught(kd_teachers="vit", kd_weight_vit=0.3).loss.teachers.weights == (0.0, 0.3)
    with pytest.raises(TrainingError, match=r"must be among cnn, vit, joined by \+, but names 'gpt'"):
        taught(kd_teachers="vit+gpt")


def test_what_belongs_to_the_last_exit_only_counts_with_it():
    assert taught(alpha=0.5).loss_weights(0).alpha == 0.0
    both = taught(alpha=0.5, kd_alpha=0.2, distillation="both").loss_weights(0)
    assert (both.alpha, both.kd_alpha) == (0.5, 0.2)
    assert taught(kd_alpha=0.5, distillation="none").loss.teachers is None


def test_teachers_must_be_there():
    with pytest.raises(TrainingError, match="'teachers' needs teachers but the sweep names none under teachers"):
        settings(distillation="teachers")
    with pytest.raises(TrainingError, match="unknown training parameter 'kd_alpha'"):
        settings(kd_alpha=0.5)


def test_with_one_exit_nothing_is_said_of_earlier_ones():
    params = {"exit_weight_1": 0.5, "exit_weight_12": 0.1, "teacher_weight_1": 2.0, "weight_decay": 0.1, "alpha": 0.3}
    assert without_early_exits(params) == {"weight_decay": 0.1, "alpha": 0.3}
    both = {**params, "distillation": "both", "kd_alpha": 0.4, "kd_weight_vit": 0.3}
    one = TrainingSettings.from_params(without_early_exits(both), n_exits=1, epochs=5, teachers=("cnn", "vit"))
    assert one.loss.exit_weights == (1.0,)
    assert (one.loss_weights(0).alpha, one.loss_weights(0).kd_alpha) == (0.0, 0.4)
    assert one.loss.teachers.weights == (1.0, 0.3)
    assert [without_early_exits({"distillation": name})["distillation"] for name in ("none", "self", "teachers")] == [
        "none",
        "none",
        "teachers",
    ]


def test_a_network_of_one_exit_learns_from_teachers_and_labels_alone():
    given = {"distillation": "both", "kd_alpha": 0.4, "kd_beta": 1.0, "kd_form": "dkd", "kd_margin_weight": 0.1}
    loss = TrainingSettings.from_params(without_early_exits(given), n_exits=1, epochs=5, teachers=("cnn",))
    outputs = torch.randn(6, 1, 4, requires_grad=True)
    labels, told = torch.tensor([0, 1, 2, 3, 0, 1]), torch.randn(6, 1, 4)
    value = loss.loss(outputs, labels, loss.loss_weights(0), teacher_logits=told)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(outputs.grad).all()


@pytest.mark.parametrize(("params", "rate"), [({}, 3e-3), ({"learning_rate_backbone": 2e-4}, 2e-4)])
def test_a_backbone_may_have_a_rate_of_its_own(params, rate):
    class Two(torch.nn.Module):
        def parameter_groups(self):
            return {"backbone": [torch.nn.Parameter(torch.zeros(1))], "heads": [torch.nn.Parameter(torch.zeros(2))]}

    optimiser = TrainingSettings.from_params(params, n_exits=3, epochs=1).build_optimiser(Two())
    assert [group["lr"] for group in optimiser.param_groups] == [rate, 3e-3]


def test_a_rate_must_not_be_negative():
    with pytest.raises(TrainingError, match="learning_rate_backbone must not be negative but is -1"):
        TrainingSettings.from_params({"learning_rate_backbone": -1}, n_exits=3, epochs=1)
