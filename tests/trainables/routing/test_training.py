from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.routing_detectors import rectangle_split, small_detector
from trainables.errors import TrainingError
from trainables.routing.image_losses import ImageLosses
from trainables.routing.presets import PHASES
from trainables.routing.settings import QualityGate
from trainables.routing.training import renew_heads, train_routing


def trained(detector, train, settings, *, epochs=2, seed=0, **options):
    losses = ImageLosses(detector.anchors)
    return train_routing(detector, train, settings.shortened(epochs), losses, seed=seed, **options)


@pytest.mark.parametrize("name", PHASES)
def test_every_phase_runs(name, detector, routing_train):
    found = trained(detector, routing_train, replace(PHASES[name].settings, batch_size=4))
    assert [epoch.epoch for epoch in found.curve] == [0, 1]
    last = found.curve[-1]
    assert sum(last.exit_mix) == pytest.approx(1)
    assert np.isfinite([last.loss, *last.detection_losses, *last.confidences]).all()
    assert not found.model.training and found.model.n_exits == 3
    temperatures = found.router.temperatures.detach()
    assert last.temperatures == pytest.approx(temperatures.tolist())
    if name != "1.7":
        assert temperatures.min() >= 0.5 - 1e-6 and temperatures.max() <= 3 + 1e-5
    is_learnt = found.router.settings.thresholds.are_learnt
    moved = np.abs(np.array(last.thresholds) - found.router.settings.at_thresholds(1, 2)).max()
    assert moved > 1e-3 if is_learnt else moved < 1e-6


def test_heads_learn_and_the_backbone_and_the_given_detector_stay(detector, routing_train):
    before = {name: value.clone() for name, value in detector.state_dict().items()}
    found = trained(detector, routing_train, PHASES["1.2"].settings)
    after = found.model.state_dict()
    assert all(torch.equal(value, before[name]) for name, value in detector.state_dict().items())
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed and not any(".trunk." in name for name in changed)
    assert all(any(name.startswith(f"heads.{k}.") for name in changed) for k in range(3))


def test_a_training_is_that_of_its_seed_and_leaves_the_global_generator(detector, routing_train):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, same, other = (
        trained(detector, routing_train, replace(PHASES["1.6"].settings, batch_size=2), epochs=1, seed=seed)
        for seed in (0, 0, 1)
    )
    assert one.curve == same.curve != other.curve
    assert torch.equal(torch.rand(3), expected)


def test_without_limits_a_temperature_can_run_away_and_with_them_it_cannot(detector, routing_train):
    settings = replace(PHASES["1.7"].settings, router_rate=0.8)
    free = trained(detector, routing_train, settings, epochs=4)
    kept = trained(detector, routing_train, replace(settings, least_temperature=0.5, most_temperature=3.0), epochs=4)
    ends = np.array(free.curve[-1].temperatures)
    assert (ends < 0.5).any() or (ends > 3).any()
    assert all(0.5 - 1e-6 <= one <= 3 + 1e-5 for epoch in kept.curve for one in epoch.temperatures)


def test_a_gate_silences_confidences_once_the_warm_up_is_over(detector, routing_train):
    gate = QualityGate(objectness=0.99, n_objects=3)
    settings = replace(PHASES["1.8"].settings, batch_size=4, gate=gate)
    first, *_, last = trained(detector, routing_train, settings, epochs=3).curve
    assert last.confidences[0] < 0.2 * first.confidences[0]
    assert last.exit_mix == (0.0, 0.0, 1.0)


def test_the_distribution_loss_draws_the_mix_to_its_target(detector, routing_train):
    settings = replace(PHASES["1.5"].settings, distribution_weight=1e4, router_rate=0.3)
    ends = [
        trained(detector, routing_train, replace(settings, target_mix=mix), epochs=6).curve[-1].exit_mix
        for mix in ((0.9, 0.05, 0.05), (0.02, 0.03, 0.95))
    ]
    assert ends[0][0] > 0.7 and ends[1][2] > 0.7


def test_new_heads_begin_anew(detector, routing_train):
    backbone = {id(one) for one in detector.parameter_groups()["backbone"]}
    renewed = small_detector(objects=routing_train.labels)
    old = {name: value.detach().clone() for name, value in renewed.named_parameters()}
    torch.manual_seed(1)
    renew_heads(renewed)
    for name, value in renewed.named_parameters():
        if ".trunk." in name:
            assert torch.equal(value, old[name])
        elif value.dim() > 1:
            assert not torch.equal(value, old[name]), name
    assert backbone
    slow, fast = (
        trained(detector, routing_train, PHASES["1.2"].settings, epochs=1, has_new_heads=new) for new in (False, True)
    )
    assert slow.curve != fast.curve


def test_what_cannot_be_routed_is_told(detector, routing_train):
    with pytest.raises(TrainingError, match="at least 2 exits but this has 1"):
        trained(small_detector(n_exits=1), routing_train, PHASES["1.2"].settings)
    with pytest.raises(TrainingError, match="at least 2 images to train on but got 1"):
        trained(detector, rectangle_split(1), PHASES["1.2"].settings)
    broken = small_detector(objects=routing_train.labels)
    torch.nn.init.constant_(broken.heads[0].predictions[0][-1].weight, float("nan"))
    with pytest.raises(TrainingError, match="finite loss but it is nan in epoch 1"):
        trained(broken, routing_train, PHASES["1.2"].settings)
