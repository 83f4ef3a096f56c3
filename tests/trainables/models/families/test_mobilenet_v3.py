import pytest
import torch

from trainables.errors import TrainingError
from trainables.models.families.mobilenet_v3 import mobilenet_v3_large, mobilenet_v3_small


def network(build=mobilenet_v3_small, *, width=16, n_exits=4, **options):
    return build(
        input_shape=(3, 32, 32), n_classes=5, n_exits=n_exits, width=width, mean=[0.5] * 3, std=[0.2] * 3, **options
    )


@pytest.mark.parametrize("build", [mobilenet_v3_small, mobilenet_v3_large])
def test_width_scales_all_channels(build):
    first, *_ = network(build, width=8).stages
    assert first.get_submodule("features.0.0").out_channels == 8
    n_narrow, n_full = (sum(p.numel() for p in network(build, width=width).parameters()) for width in (8, 16))
    assert 0.2 < n_narrow / n_full < 0.4


def test_full_width_is_torchvisions():
    from torchvision.models import mobilenet_v3_small as torchvisions

    shapes = [p.shape for p in torchvisions(num_classes=5).parameters()]
    assert [p.shape for stage in network().stages for p in stage.parameters()] == shapes


def test_blocks_can_be_named():
    model = network(blocks=["features.1", "features.4"], n_exits=3)
    assert [head[-1].in_features for head in list(model.heads)[:-1]] == [16, 40]
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 3, 5)


@pytest.mark.parametrize(("width", "near"), [(4, 8), (12, 16), (17, 16)])
def test_width_must_be_one_that_torchvision_can_make(width, near):
    with pytest.raises(TrainingError, match=f"multiple of 8 for MobileNetV3 but is {width}; say {near}"):
        network(width=width)


def test_pretrained_weights_are_for_one_width():
    with pytest.raises(TrainingError, match="for width 16 only, but width is 8; say width: 16, or .*pretrained=false"):
        network(width=8, pretrained=True)


@pytest.mark.parametrize("build", [mobilenet_v3_small, mobilenet_v3_large])
def test_statistics_are_those_of_the_data_after_a_short_training(build):
    torch.manual_seed(0)
    model = network(build, n_exits=1).train()
    images = torch.rand(16, 3, 32, 32)
    seen = {}
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.register_forward_hook(lambda one, inputs, _: seen.update({one: inputs[0].var(dim=(0, 2, 3))}))
    with torch.no_grad():
        for _ in range(30):
            model(images)
    assert len(seen) > 20
    for module, variance in seen.items():
        # They begin at 1.
        torch.testing.assert_close(module.running_var, variance, rtol=0.1, atol=0.05)
