"""Networks of somebody else's, cut into stages: they must give what they gave, and cost what they cost."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from tests.trainables.models.imported.networks import CLASSES, NETWORKS, SHAPE, Chain, Dense, Viewing, build, whole
from trainables.errors import CutError, ImportedNetworkWarning, TrainingError
from trainables.models import MultiExitModel, as_multi_exit, cumulative_macs
from trainables.models.latency import exit_latencies_ms


def take(features, rows):
    return tuple(one[rows] for one in features) if isinstance(features, tuple) else features[rows]


@pytest.mark.parametrize("name", NETWORKS)
def test_stages_give_what_the_network_gives(name):
    network, inputs = build(name), torch.rand(7, *SHAPE)
    wanted = whole(network, inputs)
    model = as_multi_exit(network, input_shape=SHAPE, n_classes=CLASSES)
    with torch.no_grad():
        torch.testing.assert_close(model(inputs), wanted)
        torch.testing.assert_close(model(inputs[:1]), wanted[:1])
    assert not model.training


@pytest.mark.parametrize("name", NETWORKS)
def test_samples_may_leave_at_any_exit(name):
    network, inputs = build(name), torch.rand(6, *SHAPE)
    wanted = whole(network, inputs)
    model = as_multi_exit(network, input_shape=SHAPE)
    left = torch.arange(6)
    with torch.no_grad():
        features = model.normalise(inputs)
        for k, (stage, head) in enumerate(zip(model.stages, model.heads, strict=True)):
            features = stage(features)
            torch.testing.assert_close(head(features), wanted[left, k])
            stay = torch.arange(len(left) - 1, 0, -1)
            left, features = left[stay], take(features, stay)


@pytest.mark.parametrize("name", NETWORKS)
def test_all_stages_cost_what_the_network_costs(name):
    network = build(name)
    torch.backends.mha.set_fastpath_enabled(False)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.rand(1, *SHAPE))
    torch.backends.mha.set_fastpath_enabled(True)
    macs = cumulative_macs(as_multi_exit(network, input_shape=SHAPE), SHAPE)
    assert macs[-1] == counter.get_total_flops() // 2
    assert (macs[1:] > macs[:-1]).all()


def test_cost_of_an_exit_is_that_of_what_it_needs():
    maps, head = 64, 4 * CLASSES
    first = maps * 9 * 4 + maps * 9 * 4 * 4 + head
    second = maps * 9 * 8 * 4 + head
    macs = cumulative_macs(as_multi_exit(build("dense"), input_shape=SHAPE), SHAPE)
    assert macs.tolist() == [first, first + second, first + second + maps * 9 * 12 * 4 + head]


def test_heads_are_apart_from_stages_where_later_exits_do_not_need_them():
    model = as_multi_exit(build("list"), input_shape=SHAPE)
    for k, stage in enumerate(model.stages[:-1]):
        assert not any("heads" in name for name, _ in stage.named_parameters())
        assert [name for name, _ in model.heads[k].named_parameters()] == [f"heads.{k}.weight", f"heads.{k}.bias"]


def test_of_several_tensors_those_cross_a_cut_that_are_needed():
    model = as_multi_exit(build("dense"), input_shape=SHAPE)
    sizes, features = [], torch.rand(2, *SHAPE)
    for stage in model.stages:
        features = stage(features)
        sizes.append([one.shape[1] for one in features] if isinstance(features, tuple) else features.shape[1])
    assert sizes == [[4, 4], [4, 4, 4], CLASSES]


def test_modules_are_the_networks_own():
    network = Dense().eval()
    model = as_multi_exit(network, input_shape=SHAPE)
    own = {id(weight) for weight in network.parameters()}
    assert {id(weight) for weight in model.parameters()} == own
    assert model.heads[0].classifier is model.heads[1].classifier is network.classifier
    assert all(weight.is_contiguous() for weight in network.parameters())


def test_a_trace_leaves_nothing_in_the_network():
    network = build("recurrent")
    before = set(vars(network))
    as_multi_exit(network, input_shape=SHAPE)
    assert set(vars(network)) == before


def test_inputs_are_standardised_as_in_its_training():
    network, inputs = build("list"), torch.rand(3, *SHAPE)
    model = as_multi_exit(network, input_shape=SHAPE, mean=[0.4], std=[0.2])
    torch.testing.assert_close(model(inputs), whole(network, (inputs - 0.4) / 0.2))


def test_grey_samples_become_colours_with_a_mean_for_each():
    network, inputs = Viewing().eval(), torch.rand(3, *SHAPE)
    network.convs[0] = nn.Conv2d(3, 4, 3, padding=1)
    model = as_multi_exit(network, input_shape=SHAPE, mean=[0.1, 0.2, 0.3], std=[1, 1, 2])
    scale = [torch.tensor(values).view(1, 3, 1, 1) for values in ([0.1, 0.2, 0.3], [1.0, 1.0, 2.0])]
    torch.testing.assert_close(model(inputs), whole(network, (inputs - scale[0]) / scale[1]))


def test_exits_can_be_timed():
    assert (exit_latencies_ms(as_multi_exit(build("dense"), input_shape=SHAPE), SHAPE) > 0).all()


def test_a_multi_exit_model_is_taken_as_it_is():
    model = MultiExitModel([nn.Flatten(), nn.Linear(64, 8)], [nn.Linear(64, 5), nn.Linear(8, 5)], mean=[0.5], std=[1])
    assert as_multi_exit(model, input_shape=SHAPE) is model
    with pytest.raises(TrainingError, match="mean and std are for networks that do not standardise"):
        as_multi_exit(model, input_shape=SHAPE, mean=[0.1])


class Changed(Chain):
    """A chain whose logits are changed before they are given."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, x):
        return self.change(self, x, super().forward(x))


def squeezed(network, x, logits):
    return [one.unsqueeze(2).squeeze() for one in logits]


def noisy(network, x, logits):
    return [F.dropout(one) for one in logits]


def entangled(network, x, logits):
    return [one - one.mean(0) for one in logits]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda network, x, logits: logits[-1], r"at two exits or more, .* Changed gives one tensor of shape \(3, 5\)"),
        (lambda network, x, logits: logits[:1], "at two exits or more"),
        (lambda network, x, logits: "logits", "at two exits or more"),
        (lambda network, x, logits: (logits, x), "exit 1 gives list"),
        (lambda network, x, logits: [one[:, :, None] for one in logits], "must give logits of one shape"),
        (lambda network, x, logits: [logits[0], logits[1][:, :2]], "must give logits of one shape"),
        (lambda network, x, logits: torch.stack(logits, 2).flatten(0, 1), "at two exits or more"),
        (
            lambda network, x, logits: torch.stack(logits, 2)[:, :, :2].flatten(0, 1)[None],
            r"\(N, E, C\) or \(E, N, C\)",
        ),
        (lambda network, x, logits: [one / 0 for one in logits], "logits must be finite but exit 1 of Changed"),
        (lambda network, x, logits: [one.argmax(1, keepdim=True) for one in logits], "must be real numbers"),
        (squeezed, "must not depend on the others of its batch, but at exit 1"),
        (noisy, "must give the same logits each time, but exit 1"),
        (entangled, "must not depend on the others of its batch"),
        (
            lambda network, x, logits: [logits[0], logits[0], logits[2]],
            "exit 2 of Changed takes no multiply-accumulates",
        ),
        (lambda network, x, logits: [logits[0], logits[0].relu()], "exit 2 of Changed takes no multiply-accumulates"),
        (lambda network, x, logits: [x.mean((2, 3)).repeat(1, 5), logits[0]], "exit 1 .* no multiply-.* more at all"),
    ],
)
def test_what_is_no_such_network_is_refused(change, message):
    with pytest.raises(TrainingError, match=message) as refused:
        as_multi_exit(Changed(change), input_shape=SHAPE)
    assert "\n" not in str(refused.value)
    assert not isinstance(refused.value, CutError)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_classes": 7}, "one logit for each class of the data, 7, but Chain gives 5; give data of its own"),
        ({"n_classes": 3}, "one logit for each class of the data, 3, but Chain gives 5; name the classes of all"),
        ({"input_shape": (3, 8, 8)}, r"must take samples of shape \(3, 8, 8\) but Chain does not \(RuntimeError"),
        ({"input_shape": (3, 8, 8), "mean": [0.1, 0.2]}, "mean must have one value or one for each of the 3 channels"),
        ({"mean": [0.1] * 3, "std": [1.0] * 2}, "as many values as each other but have 3 and 2"),
        ({"std": [0.0]}, "std must be positive numbers"),
        ({"mean": [float("nan")]}, "mean must be numbers"),
    ],
)
def test_what_does_not_fit_the_network_is_refused(options, message):
    with pytest.raises(TrainingError, match=message) as refused:
        as_multi_exit(Chain(), **{"input_shape": SHAPE} | options)
    assert "\n" not in str(refused.value)


def test_batch_statistics_are_refused():
    network = Chain()
    network.blocks[0][1] = nn.BatchNorm2d(4, track_running_stats=False)
    with pytest.raises(TrainingError, match="BatchNorm needs running statistics"):
        as_multi_exit(network, input_shape=SHAPE)


def moody(network, x, logits):
    return logits if x.sum() > 0 else logits[::-1]


def summed(network, x, logits):
    return torch.stack(logits, 1) + 1


def overwritten(network, x, logits):
    # The first exit is read again after it was changed in place, by what only the second needs.
    features = network.blocks[0](x)
    seen = features.mean((2, 3))
    features.mul_(2)
    return [
        network.heads[0](seen) + 0 * network.heads[0](features.mean((2, 3))),
        network.heads[1](network.blocks[1](features).mean((2, 3))),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (moody, r"torch.fx can trace it, but Changed cannot be traced \(symbolically traced .*; name its stages"),
        (summed, "exits can be told apart only in a list, a tuple, a dict or by torch.stack"),
    ],
)
def test_what_cannot_be_cut_says_what_to_do(change, message):
    with pytest.raises(CutError, match=message) as refused:
        as_multi_exit(Changed(change), input_shape=SHAPE)
    assert "tabulate it only" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_read_before_a_change_in_place_cannot_be_read_after_it():
    message = "stages must give the logits that the network gives, but those of Changed do not at exit 1; .* in place"
    with pytest.raises(CutError, match=message):
        as_multi_exit(Changed(overwritten), input_shape=SHAPE)


def test_outputs_from_the_deepest_to_the_shallowest_are_doubted():
    with pytest.warns(ImportedNetworkWarning, match="exit 2 alone takes .* is their order right"):
        as_multi_exit(Changed(lambda network, x, logits: logits[::-1]), input_shape=SHAPE)
