import numpy as np
import torch

from trainables.data import Split
from trainables.training.tabulate import exit_table, model_hash, unit_scale


def test_table_holds_the_networks_own_logits(spec, digits):
    model = spec.build_model(digits.train)
    table = spec.table(model, digits.search, "search")
    with torch.inference_mode():
        expected = model.eval()(torch.from_numpy(digits.search.inputs)).numpy()
    np.testing.assert_allclose(table.logits, expected, atol=1e-5)
    np.testing.assert_array_equal(table.ids, digits.search.ids)
    assert table.split_hash == digits.search.split_hash
    assert table.meta["split"] == "search"
    assert table.meta["model_hash"] == model_hash(model)
    assert table.cost[-1] == 1.0


def test_bytes_and_floats_give_the_same_table(spec, digits):
    model = spec.build_model(digits.train)
    split = digits.search
    as_bytes = Split((split.inputs * 255).round().astype(np.uint8), split.labels, split.ids, None)
    as_floats = Split(as_bytes.inputs.astype(np.float32) / 255, split.labels, split.ids, None)
    np.testing.assert_allclose(exit_table(model, as_bytes).logits, exit_table(model, as_floats).logits, atol=1e-5)
    assert unit_scale(torch.tensor([255], dtype=torch.uint8)).item() == 1.0


def test_model_hash_follows_the_weights(spec, digits):
    model, other = spec.build_model(digits.train), spec.build_model(digits.train)
    assert model_hash(model) == model_hash(other)
    with torch.no_grad():
        next(other.parameters()).add_(1e-3)
    assert model_hash(model) != model_hash(other)
