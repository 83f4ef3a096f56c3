"""What every training task must hold to: those that are registered, and one from outside the packages."""

import numpy as np
import pytest
import torch

from policies.errors import ExitSearchError
from policies.qualities import get_quality
from policies.tasks import get_task, load_table
from trainables.losses.exit_loss import LossWeights
from trainables.models import NetworkSpec
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.tasks import TRAINING_TASKS, get_training_task
from trainables.workloads import get_workload


N_EXITS = 3
# A workload of each task, on data that are there.
WORKLOADS = {
    "classification": "digits",
    "tests.trainables.tasks.grades:GRADES": "tests.trainables.tasks.grades:WORKLOAD",
}


@pytest.fixture(params=sorted({*TRAINING_TASKS, *WORKLOADS}))
def task(request):
    return get_training_task(request.param)


@pytest.fixture
def model(task, digits):
    name = next(name for name, workload in WORKLOADS.items() if get_training_task(name) is task)
    workload = get_workload(WORKLOADS[name])
    assert get_training_task(workload.task) is task
    return workload.build_model(digits.train, len(digits.class_names), NetworkSpec(N_EXITS, width=8))


def loss_of(task, split, model):
    settings = TrainingSettings.from_params({"exit_weight_1": 0.5}, n_exits=N_EXITS, epochs=2)
    return task.loss(settings, split, n_classes=10, model=model)


def test_it_is_the_training_of_a_task_that_policies_know(task, model, digits):
    known = get_task(task.name)
    assert task.exit_figure_names[0] == known.quality
    table = task.table(model, digits.search, {})
    assert isinstance(table, known.table_type)
    assert table.task == task.name
    assert get_quality(known.quality).task in (None, task.name)


def test_an_exit_gives_as_many_numbers_as_the_task_says(task, model, digits):
    outputs = model(torch.from_numpy(digits.train.inputs[:5]))
    assert outputs.shape[:2] == (5, N_EXITS)
    assert outputs[0, 0].numel() == task.n_outputs(len(digits.class_names))


def test_every_sample_has_a_target(task, digits):
    targets = task.targets(digits.train)
    assert len(targets) == len(digits.train.ids)
    torch.from_numpy(np.array(targets[:2]))


def test_the_loss_is_one_number_that_every_exit_learns_from(task, model, digits):
    rows = 8
    outputs = torch.randn(rows, N_EXITS, task.n_outputs(10), requires_grad=True)
    targets = torch.from_numpy(np.array(task.targets(digits.train)[:rows]))
    loss = loss_of(task, digits.train, model)(outputs, targets, weights=LossWeights(), teacher_logits=None)
    assert loss.shape == ()
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert torch.isfinite(gradient).all()
    assert (gradient.abs().sum(dim=(0, 2)) > 0).all()


def test_the_loss_is_a_mean_over_samples(task, model, digits):
    outputs = torch.randn(6, N_EXITS, task.n_outputs(10))
    targets = torch.from_numpy(np.array(task.targets(digits.train)[:6]))
    loss = loss_of(task, digits.train, model)
    torch.testing.assert_close(loss(outputs, targets), loss(outputs.repeat(2, 1, 1), targets.repeat(2)))


def test_a_table_is_of_the_split_and_says_what_it_is_of(task, model, digits):
    table = task.table(model.train(), digits.search, {"workload": "own"})
    assert not model.training
    np.testing.assert_array_equal(table.ids, digits.search.ids)
    assert (table.n_exits, table.cost[-1], table.split_hash) == (N_EXITS, 1.0, digits.search.split_hash)
    assert table.meta["workload"] == "own"
    assert len(table.meta["model_hash"]) == 64


def test_a_table_goes_through_a_file(task, model, digits, tmp_path):
    table = task.table(model, digits.search, {})
    table.save(tmp_path / "table.npz")
    again = load_table(tmp_path / "table.npz")
    for key, array in table.arrays().items():
        np.testing.assert_array_equal(again.arrays()[key], array)


def test_every_exit_is_reported_by_every_figure(task, model, digits):
    table = task.table(model, digits.search, {})
    temperatures = np.ones(N_EXITS)
    found = task.exit_report(table, temperatures)
    assert tuple(found) == task.exit_figure_names
    for values in found.values():
        assert values.shape == (N_EXITS,)
        assert np.isfinite(values).all()
    known = get_task(task.name).exit_figures(table, temperatures)
    assert found[task.exit_figure_names[0]] == pytest.approx([one[task.exit_figure_names[0]] for one in known])


def test_names():
    assert all(task.name == name for name, task in TRAINING_TASKS.items())
    with pytest.raises(ExitSearchError, match="no training task 'classificaton'; did you mean 'classification'"):
        get_training_task("classificaton")
    with pytest.raises(ExitSearchError, match="must be a TrainingTask but is "):
        get_training_task("tests.toys.ordinal:ORDINAL")
