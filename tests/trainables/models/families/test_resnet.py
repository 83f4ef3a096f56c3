import pytest
import torch

from trainables.errors import TrainingError
from trainables.models.families.resnet import _backbone, resnet18, resnet34


def network(build=resnet18, *, width=64, n_exits=4, **options):
    return build(
        input_shape=(3, 32, 32), n_classes=5, n_exits=n_exits, width=width, mean=[0.5] * 3, std=[0.2] * 3, **options
    )


@pytest.mark.parametrize(("name", "blocks_per_layer"), [("resnet18", (2, 2, 2, 2)), ("resnet34", (3, 4, 6, 3))])
def test_own_backbone_is_torchvisions(name, blocks_per_layer):
    """In names, shapes and answers, so that only the width is its own."""
    from torchvision.models import get_model

    theirs = get_model(name, weights=None, num_classes=5).eval()
    ours = _backbone(blocks_per_layer, 64, 5).eval()
    ours.load_state_dict(theirs.state_dict())
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(ours(images), theirs(images))


def test_own_backbone_starts_like_torchvisions():
    from torchvision.models import get_model

    theirs = get_model("resnet18", weights=None, num_classes=5).state_dict()
    for name, weight in _backbone((2, 2, 2, 2), 64, 5).state_dict().items():
        if weight.dtype.is_floating_point and weight.numel() > 1000:
            assert float(weight.std()) == pytest.approx(float(theirs[name].std()), rel=0.1), name


@pytest.mark.parametrize("build", [resnet18, resnet34])
@pytest.mark.parametrize("width", [12, 64])
def test_blocks_have_the_same_names_in_every_width(build, width):
    model = network(build, width=width, blocks=["layer1", "layer3.1"], n_exits=3)
    assert [head[-1].in_features for head in list(model.heads)[:-1]] == [width, 4 * width]
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 3, 5)


def test_pretrained_weights_are_for_one_width():
    with pytest.raises(TrainingError, match="for width 64 only, but width is 16; say width: 64, or .*pretrained=false"):
        network(width=16, pretrained=True)
