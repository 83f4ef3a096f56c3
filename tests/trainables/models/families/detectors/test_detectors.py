"""What every family of detectors must hold to."""

import pickle

import numpy as np
import pytest
import torch

from policies.errors import ExitSearchError
from trainables.errors import TrainingError
from trainables.models import NETWORKS, get_network, relative_cost
from trainables.models.detection.model import DetectorModel
from trainables.models.loading import load_weights
from trainables.models.plain import names_in_whole, plain_macs, plain_network
from trainables.models.spec import NetworkSpec
from trainables.training.freezing import freeze, train_the_rest
from trainables.workloads import get_workload


SHAPE = (3, 160, 160)
FAMILIES = sorted(name for name, family in NETWORKS.items() if family.task == "detection")


def build(name, *, shape=SHAPE, n_exits=3, n_classes=2, seed=3, **options):
    torch.manual_seed(seed)
    scale = {"mean": [0.4] * shape[0], "std": [0.2] * shape[0]}
    return get_network(name).build(
        input_shape=shape, n_classes=n_classes, n_exits=n_exits, width=16, **scale, **options
    )


@pytest.fixture(params=FAMILIES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def detectors():
    """One of each family, trained nowhere; tests that change one build their own."""
    return {name: build(name).eval() for name in FAMILIES}


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(0))


def test_all_exits_answer_for_the_same_anchors_and_cost_more(name, detectors, images):
    model = detectors[name]
    assert isinstance(model, DetectorModel)
    assert model.grids.sizes == ((20, 20), (10, 10), (5, 5), (3, 3))
    with torch.inference_mode():
        raw = model(images)
    assert raw.shape == (2, 3, len(model.anchors), 4 + 1 + 2)
    cost = relative_cost(model, SHAPE)
    assert (np.diff(cost) > 0).all()
    assert model.found(raw[:, 0]).shape == (2, 100, 6)
    decoded = model.decoded(raw[:, 1])
    assert decoded.shape == (2, len(model.anchors), 4 + 2)
    torch.testing.assert_close(decoded[..., 4:], raw[:, 1, :, 4:].softmax(dim=-1)[..., 1:])


@pytest.mark.parametrize(("shape", "n_exits"), [((1, 160, 192), 2), ((3, 203, 171), 1), ((3, 160, 160), 5)])
def test_any_shape_and_number_of_exits(name, shape, n_exits):
    model = build(name, shape=shape, n_exits=n_exits, anchors_per_cell=[2, 1, 1, 1], n_boxes=7).eval()
    with torch.inference_mode():
        raw = model(torch.rand(1, *shape))
        assert raw.shape == (1, n_exits, model.grids.n_anchors, 7)
        assert model.found(raw[:, -1]).shape == (1, 7, 6)


def test_stages_hand_on_tensors_of_which_some_samples_can_be_taken(name, detectors, images):
    model = detectors[name]
    with torch.inference_mode():
        whole, features = model(images), model.normalise(images)
        for k, (stage, head) in enumerate(zip(model.stages, model.heads, strict=True)):
            features = tuple(part[1:] for part in stage(features)) if k == 0 else stage(features)
            torch.testing.assert_close(head(features), whole[1:, k], rtol=1e-3, atol=1e-4)


def test_a_plain_network_answers_alike_and_pays_for_no_other_exit(name, detectors, images):
    model = detectors[name]
    with torch.inference_mode():
        expected = model(images)
        for k in range(3):
            plain = plain_network(model, k)
            assert isinstance(plain, DetectorModel)
            assert torch.equal(plain(images), expected[:, k : k + 1])
            assert torch.equal(plain.found(expected[:, k]), model.found(expected[:, k]))
            assert relative_cost(plain, SHAPE).tolist() == [1.0]
    assert (np.diff(plain_macs(model, SHAPE)) > 0).all()


def test_exits_start_from_the_full_network_by_name(name, images):
    full, whole = plain_network(build(name, seed=5), 2).eval(), build(name).eval()
    own = whole.state_dict()
    names = names_in_whole(whole, 2)
    given = {names[key]: tensor for key, tensor in full.state_dict().items()}
    missing = {key for key in own if key not in given}
    assert missing
    assert all(key.startswith(("heads.0.", "heads.1.")) for key in missing)
    load_weights(whole, {**own, **given})
    with torch.inference_mode():
        assert torch.equal(whole(images)[:, 2:], full(images))


def test_gradients_of_each_exit_reach_its_head_and_the_backbone(name, images):
    model = build(name)
    raw = model(images)
    for k in range(3):
        for part in (model.stages[0], model.heads[k]):
            found = torch.autograd.grad(raw[:, k].square().sum(), list(part.parameters()), retain_graph=True)
            assert all(gradient.isfinite().all() for gradient in found)
            assert any(gradient.any() for gradient in found)


@pytest.mark.parametrize("part", ["nothing", "backbone", "full-network"])
def test_what_is_frozen_stays_as_it_is(name, part, images):
    model = build(name)
    freeze(model, part)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    train_the_rest(model, part)
    model(images).square().mean().backward()
    optimiser.step()
    moved = {key for key, value in model.state_dict().items() if not torch.equal(value, before[key])}
    frozen = {
        "nothing": (),
        "backbone": tuple(f"stages.{k}.trunk." for k in range(3)),
        "full-network": ("stages.", "heads.2."),
    }[part]
    assert not {key for key in moved if key.startswith(frozen)} if frozen else moved
    assert {key.split(".")[1] for key in moved if key.startswith("heads.")} >= {"0", "1"}
    assert any("running_mean" in key for key in moved)
    # What an exit tells the next belongs to the heads, but not to the early ones alone.
    told = {key for key in before if ".context." in key}
    assert len(told) == 4
    assert bool(told & moved) == (part != "full-network")


def test_groups_hold_each_weight_once(name, detectors):
    for model in (detectors[name], plain_network(detectors[name], 1)):
        groups = model.parameter_groups()
        assert list(groups) == ["backbone", "heads"]
        ids = [id(weight) for group in groups.values() for weight in group]
        assert sorted(ids) == sorted(map(id, model.parameters()))
        assert groups["backbone"]
        assert groups["heads"]


def test_anchors_are_saved_and_fitted(name):
    model, other = build(name), build(name)
    boxes = np.zeros((3, 1, 6), dtype=np.float32)
    boxes[:, 0, :4] = (0.4, 0.4, 0.47, 0.53)
    model.fit_anchors(boxes)
    assert not torch.equal(model.anchors, other.anchors)
    load_weights(other, model.state_dict())
    assert torch.equal(model.anchors, other.anchors)
    assert torch.equal(plain_network(model, 0).anchors, model.anchors)


def test_a_detector_can_be_sent_to_a_worker(name, detectors, images):
    sent = pickle.loads(pickle.dumps(detectors[name]))  # noqa: S301
    with torch.inference_mode():
        assert torch.equal(sent(images), detectors[name](images))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"shape": (3, 159, 200)}, "at least 160 pixels high and wide for a detector but are 159 by 200"),
        ({"anchors_per_cell": 0}, "anchors_per_cell must be"),
        ({"anchors_per_cell": "many"}, "anchors_per_cell must be"),
        ({"anchors_per_cell": [4, 4]}, "each of the 4 grids"),
        ({"score_threshold": -1.0}, "score_threshold must lie in"),
        ({"blocks": ["nonsense", "more"]}, "there is no 'nonsense'"),
        ({"n_exits": 2, "blocks": []}, "name 1 blocks or say n_exits: 1"),
        ({"n_exits": 99}, "room for at most"),
        ({"shape": (2, 160, 160)}, "one channel or as many as the network wants"),
    ],
)
def test_what_cannot_be_built_is_one_line(name, options, text):
    with pytest.raises(ExitSearchError, match=text) as raised:
        build(name, **options)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        (["stem", "blocks.7"], "a map of stride 8 or more, but 'stem'"),
        (["blocks.7", "blocks.4"], "in the order in which the network runs them"),
    ],
)
def test_exits_need_maps_and_come_in_order(blocks, text):
    with pytest.raises(TrainingError, match=text):
        build("ssd", blocks=blocks)


@pytest.mark.parametrize("backbone", ["mobilenet-v3-large", "resnet18", "efficientnet_b0"])
def test_backbones_of_torchvision(backbone, images):
    model = build("ssd", backbone=backbone).eval()
    with torch.inference_mode():
        assert model(images).shape == (2, 3, len(model.anchors), 7)
    assert model.mean.flatten().tolist() == pytest.approx([0.4] * 3)


def test_an_unknown_backbone_is_refused():
    with pytest.raises(TrainingError, match="no 'mobilenet_v9'"):
        build("ssd", backbone="mobilenet-v9")


def test_pretrained_weights_get_what_they_were_trained_with(images):
    pretrained, random = build("ssd", pretrained=True), build("ssd")
    np.testing.assert_allclose(pretrained.mean.flatten() * 255, 127, rtol=1e-5)
    np.testing.assert_allclose(pretrained.std.flatten() * 255, 128, rtol=1e-5)
    own, other = pretrained.state_dict(), random.state_dict()
    assert own.keys() == other.keys()
    first = next(key for key in own if key.endswith("stem.0.weight"))
    assert not torch.equal(own[first], other[first])


def test_missing_packages_are_named_with_their_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(TrainingError, match=r"pip install 'exitsearch\[detection\]'"):
        build("ssd")


def test_a_workload_of_another_task_refuses_a_detector():
    with pytest.raises(TrainingError, match="network 'ssd' is for the task detection"):
        get_workload("digits").build_network(SHAPE, 2, NetworkSpec(3, 16, "ssd"), mean=[0.5] * 3, std=[0.2] * 3)
