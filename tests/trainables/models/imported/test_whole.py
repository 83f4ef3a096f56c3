"""Networks that cannot be cut are run whole, with the reason told."""

import pytest
import torch

from tests.trainables.models.imported.networks import SHAPE, Chain, build, whole
from trainables.errors import ImportedNetworkWarning, TrainingError
from trainables.models import MultiExitModel
from trainables.models.imported.whole import UncutNetwork, as_uncut, take_in
from trainables.models.inference import model_hash, outputs_on


class Moody(Chain):
    def forward(self, x):
        return super().forward(x) if x.sum() > -1 else []


@pytest.mark.parametrize("form", ["list", "dict", "samples first", "exits first"])
def test_all_forms_of_logits_are_brought_into_one(form):
    network, inputs = build(form), torch.rand(4, *SHAPE)
    model = as_uncut(network, input_shape=SHAPE, mean=[0.2], std=[0.5], n_classes=5)
    wanted = whole(network, (inputs - 0.2) / 0.5)
    assert (model.n_exits, model.training) == (3, False)
    torch.testing.assert_close(torch.as_tensor(outputs_on(model, inputs.numpy())), wanted)


def test_as_many_samples_as_exits_are_not_taken_for_exits():
    network, inputs = build("exits first"), torch.rand(3, *SHAPE)
    torch.testing.assert_close(as_uncut(network, input_shape=SHAPE)(inputs), whole(build("list"), inputs))


def test_what_can_be_cut_is_cut(recwarn):
    assert isinstance(take_in(build("list"), input_shape=SHAPE), MultiExitModel)
    assert not recwarn.list


def test_what_cannot_be_cut_is_run_whole_and_that_is_said():
    network = Moody().eval()
    with pytest.warns(ImportedNetworkWarning, match="cannot be traced .*; it is run whole here"):
        model = take_in(network, input_shape=SHAPE)
    assert isinstance(model, UncutNetwork)
    assert len(model_hash(model)) == 64


def test_what_fits_nothing_is_refused_whole_too():
    with pytest.raises(TrainingError, match="one logit for each class of the data, 7"):
        take_in(Moody(), input_shape=SHAPE, n_classes=7)
