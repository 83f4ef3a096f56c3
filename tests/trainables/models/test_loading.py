import pytest
import torch
from torch import nn

from trainables.models.loading import describe_mismatch, load_weights


def network(n_classes=3):
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, n_classes))


def weights(**changes):
    return {**network().state_dict(), **changes}


def test_what_fits_is_taken_as_is_normalisation_that_did_not_count():
    old = {name: torch.full_like(tensor, 2) for name, tensor in weights().items() if "num_batches" not in name}
    taken = network()
    load_weights(taken, old)
    assert taken[2].weight.unique().tolist() == [2]
    assert describe_mismatch(network().state_dict(), old) == ""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (network(7).state_dict(), "of 9 tensors 2 of another shape: '2.weight [7, 4] instead of [3, 4]', '2.bias [7] "),
        ({}, "of 9 tensors 8 missing: '0.weight', '0.bias', '1.weight', '1.bias', '1.running_mean' and 3 more"),
        (weights(more=torch.ones(1)), "of 9 tensors 1 not this network's: 'more'"),
        (
            {"2.bias": torch.ones(9), **{f"other{i}": torch.ones(1) for i in range(4000)}},
            "1 of another shape: '2.bias [9] instead of [3]'; 7 missing: '0.weight', '0.bias', '1.weight', '1.bias' "
            "and 3 more; 4000 not this network's",
        ),
    ],
)
def test_what_does_not_fit_is_counted_and_five_are_named(given, message):
    with pytest.raises(ValueError, match="of 9 tensors") as refused:
        load_weights(network(), given)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 300
