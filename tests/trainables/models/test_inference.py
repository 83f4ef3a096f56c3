import numpy as np
import torch

from trainables.models.inference import model_hash, outputs_on, unit_scale


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


def test_model_hash_follows_the_weights(spec, digits):
    model, other = spec.build_model(digits.train), spec.build_model(digits.train)
    assert model_hash(model) == model_hash(other)
    with torch.no_grad():
        next(other.parameters()).add_(1e-3)
    assert model_hash(model) != model_hash(other)
