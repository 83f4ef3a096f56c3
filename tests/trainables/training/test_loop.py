from dataclasses import replace

import numpy as np
import pytest
import torch

from policies.metrics.exits import exit_accuracies
from trainables.augmentation.images import Augmentation, Views
from trainables.data import Split
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.tasks.classification import ClassificationTraining
from trainables.teachers.teacher import NetworkTeacher, SoftLabelTeacher, Teachers
from trainables.training.loop import MultiExitTraining


MOVED = Augmentation(shift=0.1)
TASK = ClassificationTraining()


def training(spec, split, *, teachers=None, augmentation=MOVED, recipe=None, **params):
    names = ("first",) if teachers else ()
    settings = TrainingSettings.from_params(params, n_exits=3, epochs=spec.recipe.epochs, teachers=names)
    model = spec.build_model(split)
    return MultiExitTraining(
        model,
        settings,
        recipe or spec.recipe,
        split,
        loss=TASK.loss(settings, split, n_classes=10, model=model),
        targets=TASK.targets(split),
        augmentation=augmentation,
        seed=spec.seeds[0],
        device=torch.device("cpu"),
        teachers=teachers,
    )


def weights(one):
    return {name: tensor.clone() for name, tensor in one.model.state_dict().items()}


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name, tensor in left.items():
        torch.testing.assert_close(tensor, right[name], rtol=0, atol=0)


def test_loss_falls_and_every_exit_learns(spec, digits):
    one = training(spec, digits.train, learning_rate_adamw=0.05)
    losses = [one.train_epoch() for _ in range(3)]
    assert losses[2] < losses[0] * 0.8
    untrained = exit_accuracies(TASK.table(spec.build_model(digits.train), digits.search, {}))
    assert (exit_accuracies(TASK.table(one.model, digits.search, {})) > untrained + 0.05).all()


def test_same_seed_gives_the_same_weights(spec, digits):
    first, second = training(spec, digits.train), training(spec, digits.train)
    assert first.train_epoch() == second.train_epoch()
    assert_same(weights(first), weights(second))


def test_continuing_from_a_state_equals_never_stopping(spec, digits, tmp_path):
    whole = training(spec, digits.train, distillation="self", alpha=0.5)
    whole.train_epoch()
    torch.save(whole.state(), tmp_path / "state.pt")
    expected = [whole.train_epoch() for _ in range(2)]
    resumed = training(spec, digits.train, distillation="self", alpha=0.5)
    resumed.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    assert resumed.epoch == 1
    assert [resumed.train_epoch() for _ in range(2)] == expected
    assert_same(weights(whole), weights(resumed))


def test_diverging_shows_in_the_loss(spec, digits):
    one = training(spec, digits.train, optimiser="sgd", learning_rate_sgd=1e30)
    assert not all(torch.isfinite(torch.tensor(one.train_epoch())) for _ in range(3))


def test_average_of_the_weights_is_what_is_judged(spec, digits):
    averaged = training(spec, digits.train, recipe=replace(spec.recipe, ema_decay=0.9))
    plain = training(spec, digits.train)
    assert averaged.train_epoch() == plain.train_epoch()
    assert_same(weights(averaged), weights(plain))
    assert plain.network is plain.model
    table = TASK.table(averaged.network, digits.search, {})
    assert not (table.logits == TASK.table(averaged.model, digits.search, {}).logits).all()


def test_average_goes_on_from_a_state(spec, digits, tmp_path):
    recipe = replace(spec.recipe, ema_decay=0.9)
    whole = training(spec, digits.train, recipe=recipe)
    whole.train_epoch()
    torch.save(whole.state(), tmp_path / "state.pt")
    whole.train_epoch()
    resumed = training(spec, digits.train, recipe=recipe)
    resumed.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    resumed.train_epoch()
    assert_same(whole.network.state_dict(), resumed.network.state_dict())


def test_clipped_gradients_are_no_longer_than_the_clip(spec, digits):
    one = training(spec, digits.train, recipe=replace(spec.recipe, gradient_clip=1e-3), optimiser="sgd")
    one.train_epoch()
    norm = torch.stack([p.grad.norm() for p in one.model.parameters()]).norm()
    # As long as the clip: unclipped it is some hundred times that.
    assert norm == pytest.approx(1e-3, rel=1e-3)


class Seen:
    """A teacher that keeps what it was shown."""

    def __init__(self, n_classes=10):
        self.batches = []

    def __call__(self, images, rows, view):
        self.batches.append((images.clone(), rows.clone(), view))
        return torch.zeros(len(rows), 10)

    def to(self, device):
        return self


@pytest.mark.parametrize("n_views", [None, 2])
def test_teachers_see_the_augmented_images_of_the_rows(spec, digits, n_views):
    seen = Seen()
    recipe = replace(spec.recipe, n_views=n_views, view_seed=3)
    one = training(spec, digits.train, teachers=Teachers([seen]), recipe=recipe, distillation="teachers", kd_alpha=0.5)
    for _ in range(3):
        one.train_epoch()
    images, rows, view = seen.batches[-1]
    plain = torch.tensor(digits.train.inputs)[rows]
    assert not torch.equal(images, plain)
    if n_views:
        assert {view for *_, view in seen.batches} == {0, 1}
        moves = Views(MOVED, 2, 3).draw(len(digits.train.labels))[view]
        torch.testing.assert_close(images, moves[rows].apply(plain))


def test_soft_labels_train_exactly_as_the_network_that_made_them(spec, digits):
    """With views the file can hold every image that the teacher would see."""
    recipe = replace(spec.recipe, n_views=2, view_seed=5)
    teacher = training(spec, digits.train).model
    views = Views(MOVED, 2, 5).draw(len(digits.train.labels))
    images = torch.tensor(digits.train.inputs)
    with torch.no_grad():
        logits = torch.stack([teacher.eval()(moves.apply(images))[:, -1] for moves in views])
    params = {"recipe": recipe, "distillation": "teachers", "kd_alpha": 0.7, "kd_margin_weight": 0.01}
    live = training(spec, digits.train, teachers=Teachers([NetworkTeacher(teacher, (8, 8))]), **params)
    told = training(spec, digits.train, teachers=Teachers([SoftLabelTeacher(logits)]), **params)
    for _ in range(3):
        assert live.train_epoch() == pytest.approx(told.train_epoch(), rel=1e-4)


def test_a_teacher_of_another_size_sees_resized_images(spec, digits):
    teacher = training(spec, digits.train).model
    images = torch.rand(4, 1, 32, 32)
    found = NetworkTeacher(teacher, (8, 8))(images, torch.arange(4), 0)
    small = torch.nn.functional.interpolate(images, size=(8, 8), mode="bilinear", antialias=True)
    torch.testing.assert_close(found, teacher.eval()(small)[:, -1])
    assert not found.requires_grad


@pytest.mark.parametrize("params", [{"spec_augment": 1.0}, {"mixup": 0.4}, {"class_weighting": "balanced"}])
def test_masks_mixtures_and_class_weights_are_trained_with_and_can_be_continued(spec, digits, params, tmp_path):
    whole = digits.train
    kept = np.flatnonzero((whole.labels > 0) | (np.arange(len(whole.labels)) % 3 == 0))
    split = Split(whole.inputs[kept], whole.labels[kept], whole.ids[kept], None)
    plain, one = spec.training({}, split), spec.training(params, split)
    assert one.train_epoch() != plain.train_epoch()
    torch.save(one.state(), tmp_path / "state.pt")
    expected = one.train_epoch()
    torch.rand(7)
    resumed = spec.training(params, split)
    resumed.load_state(torch.load(tmp_path / "state.pt", weights_only=True))
    assert resumed.train_epoch() == expected
