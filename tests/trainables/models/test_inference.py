import numpy as np
import pytest
import torch
from torch import nn

from tests.stopping_network import stopping_network, stopping_split
from trainables.models.inference import batches_on, classifier_outputs_on, model_hash, outputs_on, unit_scale


def test_outputs_are_those_of_the_whole_network_in_evaluation(spec, digits):
    model = spec.build_model(digits.train)
    inputs = np.concatenate([digits.search.inputs, digits.train.inputs])[:300]
    with torch.inference_mode():
        expected = model.eval()(torch.from_numpy(inputs))
    found = outputs_on(model.train(), inputs)
    torch.testing.assert_close(found, expected)
    assert not model.training


def test_bytes_and_floats_give_the_same_outputs(spec, digits):
    model = spec.build_model(digits.train)
    as_bytes = (digits.search.inputs * 255).round().astype(np.uint8)
    torch.testing.assert_close(outputs_on(model, as_bytes), outputs_on(model, as_bytes.astype(np.float32) / 255))
    assert unit_scale(torch.tensor([255], dtype=torch.uint8)).item() == 1.0


def test_of_a_network_without_stop_heads_there_are_logits_alone(spec, digits):
    model = spec.build_model(digits.train)
    found = classifier_outputs_on(model, digits.search.inputs)
    assert found.stop_prob is None
    np.testing.assert_array_equal(found.logits, outputs_on(model, digits.search.inputs).numpy())


def test_stop_probabilities_come_with_the_logits_of_one_run():
    model, inputs = stopping_network().train(), stopping_split(300).inputs
    runs = []
    model.stages[0].register_forward_hook(lambda *_: runs.append(1))
    found = classifier_outputs_on(model, inputs)
    assert len(runs) == 2  # 256 samples, and the rest
    assert not model.training
    with torch.inference_mode():
        said = model.outputs(torch.as_tensor(inputs))
    np.testing.assert_allclose(found.logits, said.logits.numpy(), atol=1e-5)
    np.testing.assert_allclose(found.stop_prob[:, :2], said.stop_logits.sigmoid().numpy(), atol=1e-5)
    assert (found.stop_prob[:, 2] == 1).all()
    assert found.stop_prob.dtype == np.float32


def test_model_hash_follows_the_weights(spec, digits):
    model, other = spec.build_model(digits.train), spec.build_model(digits.train)
    assert model_hash(model) == model_hash(other)
    with torch.no_grad():
        next(other.parameters()).add_(1e-3)
    assert model_hash(model) != model_hash(other)


@pytest.mark.parametrize(("side", "sizes"), [(8, [256, 44]), (192, [113, 113, 74]), (2100, [1] * 3)])
def test_large_images_come_in_smaller_batches(side, sizes):
    inputs = np.zeros((sum(sizes), 1, side, side), dtype=np.uint8)
    assert [len(batch) for batch in batches_on(nn.Identity(), inputs)] == sizes
