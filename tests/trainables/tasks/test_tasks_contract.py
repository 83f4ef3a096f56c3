"""What every training task must hold to: those that are registered, and one from outside the packages."""

import numpy as np
import pytest
import torch

from policies.errors import ExitSearchError, ExitTableError
from policies.qualities import get_quality
from policies.tasks import get_task, load_table
from trainables.augmentation.boxes import BoxAugmentation
from trainables.augmentation.images import Augmentation
from trainables.data import SplitFractions
from trainables.losses.exit_loss import LossWeights
from trainables.models import NetworkSpec
from trainables.models.inference import unit_scale
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.tasks import TRAINING_TASKS, get_training_task
from trainables.workloads import get_workload


N_EXITS = 3
# A workload of each task, on data that are there.
WORKLOADS = {
    "classification": "digits",
    "detection": "tests.routing_detectors:WORKLOAD",
    "multi-label": "tests.toys.label_images:VIEWS",
    "tests.trainables.tasks.grades:GRADES": "tests.trainables.tasks.grades:WORKLOAD",
}


@pytest.fixture(params=sorted({*TRAINING_TASKS, *WORKLOADS}))
def task(request):
    return get_training_task(request.param)


@pytest.fixture
def workload(task):
    name = next(name for name in WORKLOADS if get_training_task(name) is task)
    found = get_workload(WORKLOADS[name])
    assert get_training_task(found.task) is task
    return found


@pytest.fixture
def data(task, workload, digits):
    return digits if workload.source.name == "digits" else workload.load(None, SplitFractions(), split_seed=0)


@pytest.fixture
def model(task, workload, data):
    built = workload.build_model(data.train, len(data.class_names), NetworkSpec(N_EXITS, width=8))
    task.prepare(built, data.train)
    return built


def loss_of(task, data, model):
    settings = TrainingSettings.from_params({"exit_weight_1": 0.5}, n_exits=N_EXITS, epochs=2)
    return task.loss(settings, data.train, n_classes=len(data.class_names), model=model)


def drawn_outputs(task, data, model, n, **options):
    return torch.randn(n, N_EXITS, *task.output_shape(model, len(data.class_names)), **options)


def test_it_is_the_training_of_a_task_that_policies_know(task, model, data):
    known = get_task(task.name)
    assert task.exit_figure_names[0] == known.quality
    table = task.table(model, data.search, {"class_names": list(data.class_names)})
    assert isinstance(table, known.table_type)
    assert table.task == task.name
    assert get_quality(known.quality).task in (None, task.name)


def test_an_exit_gives_what_the_task_says(task, model, data):
    outputs = model(unit_scale(torch.from_numpy(data.train.inputs[:5])))
    assert outputs.shape == (5, N_EXITS, *task.output_shape(model, len(data.class_names)))


def test_every_sample_has_a_target_and_a_truth(task, data):
    targets = task.targets(data.train)
    assert len(targets) == len(data.train.ids)
    torch.from_numpy(np.array(targets[:2]))
    n_classes = len(data.class_names)
    assert task.truth(data.train, n_classes).n_samples == len(targets)
    held = task.memberships(data.train, n_classes)
    assert held.shape == (len(targets), n_classes) and held.dtype == bool
    assert held.any(axis=0).all()


def test_targets_are_moved_with_images_or_stay(task, data):
    rows = 6
    images = unit_scale(torch.from_numpy(data.train.inputs[:rows]))
    targets = torch.from_numpy(np.array(task.targets(data.train)[:rows]))
    augmentation = BoxAugmentation(flip=True) if task.moves_targets else Augmentation(flip=True)
    moved, theirs = task.augmented(augmentation, images, targets, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape and not torch.equal(moved, images)
    assert theirs.shape == targets.shape
    assert torch.equal(theirs, targets) is not task.moves_targets
    same = task.augmented(Augmentation(), images, targets, torch.Generator())
    assert torch.equal(same[0], images) and torch.equal(same[1], targets)


def test_the_loss_is_one_number_that_every_exit_learns_from(task, model, data):
    rows = 8
    outputs = drawn_outputs(task, data, model, rows, requires_grad=True)
    targets = torch.from_numpy(np.array(task.targets(data.train)[:rows]))
    loss = loss_of(task, data, model)(outputs, targets, weights=LossWeights(), teacher_logits=None)
    assert loss.shape == ()
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert torch.isfinite(gradient).all()
    assert (gradient.abs().transpose(0, 1).flatten(1).sum(dim=1) > 0).all()


def test_the_loss_is_a_mean_over_samples(task, model, data):
    outputs = drawn_outputs(task, data, model, 6)
    targets = torch.from_numpy(np.array(task.targets(data.train)[:6]))
    loss = loss_of(task, data, model)
    torch.testing.assert_close(loss(outputs, targets), loss(torch.cat([outputs] * 2), torch.cat([targets] * 2)))


def test_a_table_is_of_the_split_and_says_what_it_is_of(task, model, data):
    table = task.table(model.train(), data.search, {"workload": "own", "class_names": list(data.class_names)})
    assert not model.training
    np.testing.assert_array_equal(table.ids, data.search.ids)
    assert (table.n_exits, table.cost[-1], table.split_hash) == (N_EXITS, 1.0, data.search.split_hash)
    assert table.meta["workload"] == "own"
    assert len(table.meta["model_hash"]) == 64


def test_a_table_goes_through_a_file(task, model, data, tmp_path):
    table = task.table(model, data.search, {"class_names": list(data.class_names)})
    table.save(tmp_path / "table.npz")
    again = load_table(tmp_path / "table.npz")
    for key, array in table.arrays().items():
        np.testing.assert_array_equal(again.arrays()[key], array)


def test_every_exit_is_reported_by_every_figure(task, model, data):
    table = task.table(model, data.search, {"class_names": list(data.class_names)})
    temperatures = np.array([0.4, 1.0, 2.5])
    found = task.exit_report(table, temperatures)
    assert tuple(found) == task.exit_figure_names
    for values in found.values():
        assert values.shape == (N_EXITS,)
        assert np.isfinite(values).all()
    known = get_task(task.name).exit_figures(table, temperatures)
    told = [name for name in task.exit_figure_names if name in known[0]]
    assert told[0] == task.exit_figure_names[0]
    for name in told:
        assert found[name] == pytest.approx([one[name] for one in known]), name


@pytest.mark.parametrize("task", sorted(TRAINING_TASKS), indirect=True)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_makes_no_table(value, task, model, data):
    """A detector would find nothing, which looks like an answer."""
    broken = next(one for one in reversed(list(model.heads[1].parameters())) if one.dim() > 1)
    torch.nn.init.constant_(broken, value)
    with pytest.raises(ExitTableError, match="must be finite but"):
        task.table(model, data.search, {"class_names": list(data.class_names)})


def test_names():
    assert all(task.name == name for name, task in TRAINING_TASKS.items())
    with pytest.raises(ExitSearchError, match="no training task 'classificaton'; did you mean 'classification'"):
        get_training_task("classificaton")
    with pytest.raises(ExitSearchError, match="must be a TrainingTask but is "):
        get_training_task("tests.toys.ordinal:ORDINAL")
