"""A user's own source, network and settings: taken, or one line that names them and what is wrong."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from policies.errors import ExitSearchError
from trainables.data import DataSource, Samples, SplitFractions
from trainables.models import MultiExitModel, NetworkFamily, NetworkSpec
from trainables.recipes.recipe import Recipe
from trainables.trials.batch_check import check_batch
from trainables.trials.spec import TrialSpec
from trainables.workloads import WORKLOADS, Workload


N_EXITS, N_CLASSES = 3, 4


def given():
    labels = np.arange(64) % N_CLASSES
    pixels = np.random.default_rng(0).integers(0, 99, (64, 1, 6, 6)) + 40 * labels[:, None, None, None]
    return {"inputs": pixels, "labels": labels.tolist(), "ids": range(64), "class_names": "abcd"}


class Stamps(DataSource):
    name = "stamps"

    def load(self, data_dir, options):
        return Samples(**given() | {"class_names": list("abcd")})


def network(*, input_shape, n_classes, n_exits, width, mean, std, model=MultiExitModel):
    stages = [nn.Sequential(nn.Flatten(), nn.Linear(36, width), nn.ReLU())]
    stages += [nn.Sequential(nn.Linear(width, width), nn.ReLU()) for _ in range(n_exits - 1)]
    return model(stages, [nn.Linear(width, n_classes) for _ in range(n_exits)], mean=mean, std=std)


def workload(source=None, build=network, **changes):
    return Workload(
        **{"name": "stamps", "source": source or Stamps(), "build": build, "n_exits": 3, "width": 5} | changes
    )


def load(source):
    return workload(source).load(None, SplitFractions(), split_seed=0)


def built_by(model):
    def build(**options):
        return network(**options, model=model)

    return build


@pytest.fixture
def check(monkeypatch):
    """Sends a batch through a workload's network, as a sweep does before it starts."""

    def checked(build, *, epochs=2, **changes):
        own = workload(build=build, **changes)
        monkeypatch.setitem(WORKLOADS, "stamps", own)
        splits = own.load(None, SplitFractions(), split_seed=0)
        recipe = Recipe(epochs=epochs, batch_size=32)
        check_batch(TrialSpec("stamps", tuple("abcd"), NetworkSpec(3, 5), recipe, 0.5, (0,)), {}, splits.train)

    return checked


def test_a_source_may_hand_over_lists_and_ranges():
    splits = load(Stamps)
    assert splits.train.inputs.dtype == np.uint8
    assert splits.train.labels.dtype == np.int64
    assert load(Stamps()).hashes == splits.hashes


def test_whatever_has_a_load_is_a_source():
    class Plain:
        def load(self, data_dir, options):
            return Samples(**given() | {"class_names": list("abcd")})

    assert load(Plain()).hashes == load(Stamps).hashes


def raises(error):
    def load(self, data_dir, options):
        raise error

    return load


def yields(self, data_dir, options):
    yield from ()


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (lambda self, data_dir, options: Samples(**given()), "Postmarks: class_names must be a list of names"),
        (lambda self, data_dir, options: given(), r"Postmarks: load\(\) must return Samples but returns dict"),
        (lambda self, data_dir, options: None, r"Postmarks: load\(\) must return Samples but returns NoneType"),
        (yields, r"Postmarks: load\(\) must return Samples but returns generator"),
        (lambda self, data_dir: None, r"Postmarks.load\(\) failed: TypeError: .* takes 2 positional arguments but 3"),
        (lambda self, data_dir, options: Samples(inputs=[]), "TypeError: .* missing 3 required positional arguments"),
        (
            raises(ValueError("no\nstamps")),
            r"Postmarks.load\(\) failed: ValueError: no \(.*test_own_workloads.py, line",
        ),
        (raises(KeyError("x")), r"Postmarks.load\(\) failed: KeyError: 'x'"),
        (
            lambda self, data_dir, options: Samples(**given() | {"ids": [0] * 64, "class_names": list("abcd")}),
            r"Postmarks: ids must be unique, .*'0' occur more than once",
        ),
    ],
)
def test_a_source_that_fails_is_named(method, message):
    source = type("Postmarks", (DataSource,), {"name": "postmarks", "load": method})
    with pytest.raises(ExitSearchError, match=message) as refused:
        load(source())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": 3}, "workload 3: name must be a name but is 3"),
        ({"source": object}, "source must be a data source, which has a load"),
        ({"build": "small-cnn"}, "build must be a function that builds the network but is 'small-cnn'"),
        ({"n_exits": 0}, "workload 'stamps': n_exits must be a whole number from 1 but is 0"),
        ({"n_exits": 2.5}, "n_exits must be a whole number from 1 but is 2.5"),
        ({"width": True}, "width must be a whole number from 1 but is True"),
        ({"augmentation": {"flip": True}}, "augmentation must be an Augmentation but is"),
        ({"settings": None}, "settings must be a function that gives TrainingSettings but is None"),
        (
            {"source": type("Empty", (DataSource,), {})},
            r"Empty\(\) failed: TypeError: Can't instantiate abstract class",
        ),
    ],
)
def test_a_workload_that_is_none_is_refused_when_it_is_made(changes, message):
    with pytest.raises(ExitSearchError, match=message) as refused:
        workload(**changes)
    assert "\n" not in str(refused.value)


def test_a_family_that_is_none_is_refused_when_it_is_made():
    with pytest.raises(ExitSearchError, match="network 'mine': build must be a function but is None"):
        NetworkFamily("mine", None, width=4)
    with pytest.raises(ExitSearchError, match="network 'mine': n_exits must be a whole number from 1 but is 0"):
        NetworkFamily("mine", network, width=np.int64(4), n_exits=0)


class GivesList(MultiExitModel):
    def forward(self, inputs):
        return list(super().forward(inputs).unbind(1))


class GivesTuple(MultiExitModel):
    def forward(self, inputs):
        return super().forward(inputs).unbind(1)


class GivesDict(MultiExitModel):
    def forward(self, inputs):
        return {f"exit {9 - k}": logits for k, logits in enumerate(super().forward(inputs).unbind(1))}


class GivesExitsFirst(MultiExitModel):
    def forward(self, inputs):
        return super().forward(inputs).transpose(0, 1)


class GivesSamplesFirst(MultiExitModel):
    def forward(self, inputs):
        return super().forward(inputs) + 0.0


FORMS = [GivesList, GivesTuple, GivesDict, GivesExitsFirst, GivesSamplesFirst]


@pytest.mark.parametrize("form", FORMS)
def test_outputs_of_every_form_are_those_of_the_stages(form, check):
    check(built_by(form))
    images = torch.rand(N_EXITS, 1, 6, 6)
    plain, other = (
        workload(build=built_by(model)).build_network((1, 6, 6), N_CLASSES, NetworkSpec(3, 5), mean=[0.5], std=[0.2])
        for model in (MultiExitModel, form)
    )
    other.load_state_dict(plain.state_dict())
    # As many samples as exits, and one alone, are not taken for each other.
    for n in (N_EXITS, 1, 2):
        torch.testing.assert_close(other(images[:n]), plain(images[:n]))


@pytest.mark.parametrize("form", FORMS)
def test_networks_of_every_form_are_trained_averaged_and_tabulated(form, check, monkeypatch):
    check(built_by(form))
    splits = load(Stamps)
    spec = TrialSpec("stamps", tuple("abcd"), NetworkSpec(3, 5), Recipe(1, 8, ema_decay=0.5), 0.5, (0,))
    training = spec.training({}, splits.train)
    assert np.isfinite(training.train_epoch())
    assert spec.table(training.network, splits.search, "search").logits.shape[1:] == (N_EXITS, N_CLASSES)


def test_one_exit_may_be_left_without_its_axis(monkeypatch):
    class Flat(MultiExitModel):
        def forward(self, inputs):
            return super().forward(inputs)[:, 0]

    spec = NetworkSpec(1, 5)
    model = workload(build=built_by(Flat)).build_network((1, 6, 6), N_CLASSES, spec, mean=[0.5], std=[0.2])
    assert model(torch.rand(7, 1, 6, 6)).shape == (7, 1, N_CLASSES)


def forward(change):
    """A network whose forward changes what its stages give."""

    class Strange(MultiExitModel):
        def forward(self, inputs):
            return change(super().forward(inputs))

    return built_by(Strange)


def stages(change):
    """A network whose list of stages or heads is changed after it was made."""

    def build(**options):
        model = network(**options)
        change(model)
        return model

    return build


class Detached(nn.Linear):
    def forward(self, features):
        return super().forward(features).detach()


def cut_off(model):
    model.heads[1] = Detached(5, N_CLASSES)


def one_class_more(model):
    model.heads[2] = nn.Linear(5, N_CLASSES + 1)


def all_one_class_more(model):
    for k in range(N_EXITS):
        model.heads[k] = nn.Linear(5, N_CLASSES + 1)


def freeze(model):
    model.requires_grad_(False)


def freeze_but_first_head(model):
    model.requires_grad_(False)
    model.heads[0].requires_grad_(True)


def keep_shape(model):
    model.heads[0] = nn.Unflatten(1, (5, 1))


def of_two(model):
    model.heads[0] = nn.LSTM(5, N_CLASSES)


def positional(input_shape, n_classes):
    return None


WRONG = {
    "nothing": (lambda **_: None, r"must return a MultiExitModel, stages with a head after each, but returns NoneType"),
    "a plain module": (lambda **_: nn.Linear(1, 1), "must return a MultiExitModel, .* but returns Linear"),
    "other arguments": (positional, r"positional\(\) of workload 'stamps' failed: TypeError: .*unexpected keyword"),
    "an exit too few": (
        lambda **options: network(**options | {"n_exits": 2}),
        "must build as many exits as n_exits says, 3, but builds 2",
    ),
    "a head too few": (
        lambda *, n_classes, mean, std, **_: MultiExitModel([nn.Flatten()], [], mean=mean, std=std),
        "failed: ValueError: a model needs one head per stage but got 1 stages and 0 heads",
    ),
    "a list too short": (
        forward(lambda logits: list(logits.unbind(1))[:2]),
        r"Strange.forward\(\).*|a network of 3 exits must give as many outputs but gives 2",
    ),
    "text": (forward(lambda logits: "logits"), "a network must give logits at every exit, .* but gives str"),
    "of texts": (
        forward(lambda logits: ["a", "b", "c"]),
        "an exit must give one tensor of logits but exit 1 gives str",
    ),
    "one exit": (forward(lambda logits: logits[:, 0]), r"forward must give logits of shape \(N, E, C\), here"),
    "classes first": (forward(lambda logits: logits.transpose(1, 2)), r"gives \(16, 4, 3\): 4 exits instead of 3"),
    "mean of the batch": (forward(lambda logits: logits.mean(0, keepdim=True)), "1 samples instead of 16"),
    "twice the batch": (forward(lambda logits: torch.cat([logits, logits])), "32 samples instead of 16"),
    "a class more": (stages(all_one_class_more), r"gives \(16, 3, 5\): 5 classes instead of 4"),
    "an exit with a class more": (
        stages(one_class_more),
        r"exits? must give logits of one shape, \(N, C\), but exit 3 gives \(16, 5\) and exit 1 \(16, 4\)",
    ),
    "a head that keeps an axis": (stages(keep_shape), r"but exit 1 gives \(16, 5, 1\)"),
    "a head of two outputs": (stages(of_two), "an exit must give one tensor of logits but exit 1 gives tuple"),
    "NaN": (
        forward(lambda logits: torch.cat([logits[:, :1], logits[:, 1:] / 0 * 0], dim=1)),
        "exit 2 gives NaN or infinity for samples of the training split",
    ),
    "whole numbers": (forward(lambda logits: logits.argsort()), "logits must be real numbers but are torch.int64"),
    "detached": (
        forward(torch.Tensor.detach),
        "the logits of exit 1 have no gradient, so that its weights would never",
    ),
    "one exit detached": (stages(cut_off), "the logits of exit 2 have no gradient"),
    "frozen": (stages(freeze), "no weight is to be trained"),
    "other than its stages": (forward(lambda logits: logits.cumsum(1)), "forward must give what stages and heads give"),
    "not there": (forward(lambda logits: logits.nothing), "Strange.*failed: AttributeError: .*nothing.*line"),
}


@pytest.mark.parametrize(("build", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_trained_is_one_line_before_anything_is(build, message, check):
    with pytest.raises(ExitSearchError, match=message) as refused:
        check(build)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_the_class_and_the_builder_are_named(check):
    with pytest.raises(
        ExitSearchError, match=r"Strange, which built_by.<locals>.build\(\) of workload 'stamps' builds,: "
    ):
        check(forward(lambda logits: logits / 0))


def test_a_frozen_backbone_with_an_exit_to_train_passes(check):
    check(stages(freeze_but_first_head))
    check(stages(freeze), epochs=0)


def test_the_batch_leaves_random_numbers_as_they_were(check):
    before = torch.get_rng_state()
    check(network)
    assert torch.equal(torch.get_rng_state(), before)


def test_settings_of_a_users_own(check):
    def settings(params, *, n_exits, epochs, teachers):
        return {"optimiser": "adamw"}

    with pytest.raises(ExitSearchError, match=r"settings\(\) must return TrainingSettings but returns dict"):
        check(network, settings=settings)
    with pytest.raises(ExitSearchError, match=r"<lambda>\(\) of workload 'stamps' failed: TypeError"):
        check(network, settings=lambda params: None)
    changed = replace(workload(), settings=lambda params, **how: Workload.settings(params, **how))
    assert changed.trial_settings({}, n_exits=3, epochs=1).optimiser == "adamw"
