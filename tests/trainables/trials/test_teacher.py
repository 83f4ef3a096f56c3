"""Training a teacher: its best epoch, and no teacher that knows nothing."""

from dataclasses import replace

import pytest

from policies.metrics.exits import exit_accuracies
from trainables.errors import TrainingError
from trainables.recipes.recipe import Recipe
from trainables.trials.teacher import train_teacher


def test_best_epoch_is_kept(spec, digits):
    told = []
    teacher = train_teacher(
        replace(spec, recipe=Recipe(epochs=4, batch_size=64)),
        {"learning_rate_adamw": 0.02},
        digits.train,
        digits.search,
        on_epoch=lambda *facts: told.append(facts),
    )
    accuracies = [accuracy for _, _, accuracy in told]
    assert [epoch for epoch, _, _ in told] == [1, 2, 3, 4]
    assert teacher.epoch == 1 + accuracies.index(max(accuracies))
    assert teacher.qualities[-1] == max(accuracies)
    found = exit_accuracies(spec.table(teacher.network, digits.search, "search"))
    assert tuple(found) == teacher.qualities


def test_patience_ends_the_training(spec, digits, monkeypatch):
    answers = iter([[0.5], [0.9], [0.8], [0.9], [0.7]])
    monkeypatch.setattr("trainables.trials.teacher.exit_qualities", lambda task, table: tuple(next(answers)))
    patient = replace(spec, recipe=Recipe(epochs=9, batch_size=64, patience=2))
    teacher = train_teacher(patient, {}, digits.train, digits.search)
    assert (teacher.epoch, next(answers)) == (2, [0.7])


def test_a_teacher_that_knows_nothing_is_refused(spec, digits):
    idle = {"optimiser": "sgd", "learning_rate_sgd": 1e-9}
    with pytest.raises(
        TrainingError, match="one answer for all of search but .*always naming the largest class gives 1.0000"
    ):
        train_teacher(spec, idle, digits.train, replace(digits.search, labels=digits.search.labels * 0 + 3))


def test_a_training_that_diverges_is_refused(spec, digits):
    with pytest.raises(TrainingError, match="try a smaller learning rate"):
        train_teacher(spec, {"optimiser": "sgd", "learning_rate_sgd": 1e30}, digits.train, digits.search)
