from dataclasses import replace

import numpy as np
import pytest
import torch

from policies.calibration.reliability import exit_samples
from policies.metrics.classification import macro_f1
from tests.tables import make_table
from trainables.data import Split
from trainables.models.inference import model_hash
from trainables.tasks.classification import ClassificationTraining


TASK = ClassificationTraining()


def test_table_holds_the_networks_own_logits(spec, digits):
    model = spec.build_model(digits.train)
    table = spec.table(model, digits.search, "search")
    with torch.inference_mode():
        expected = model.eval()(torch.from_numpy(digits.search.inputs)).numpy()
    np.testing.assert_allclose(table.logits, expected, atol=1e-5)
    assert (table.meta["split"], table.meta["model_hash"]) == ("search", model_hash(model))


def test_a_table_says_where_every_exit_costs_alike(spec, digits):
    alike = replace(spec, network=replace(spec.network, cost="exits"))
    counted, assumed = (one.table(one.build_model(digits.train), digits.search, "search") for one in (spec, alike))
    assert counted.assumed == set()
    assert assumed.assumed == {"cost"}
    assert assumed.cost.tolist() == [1 / 3, 2 / 3, 1.0]


def test_an_exit_is_reported_before_and_after_temperature_scaling():
    table, temperatures = make_table(200), np.array([0.5, 1.0, 2.0])
    found = TASK.exit_report(table, temperatures)
    for k in range(table.n_exits):
        answers = table.logits[:, k].argmax(axis=1)
        assert found["accuracy"][k] == (answers == table.labels).mean()
        assert found["macro_f1"][k] == macro_f1(answers, table.labels)
        assert found["ece"][k] == exit_samples(table, temperatures)[k].ece()
        assert found["raw_nll"][k] == exit_samples(table, np.ones(3))[k].nll()
    assert found["nll"][1] == found["raw_nll"][1]
    assert found["nll"][0] != found["raw_nll"][0]


def test_class_weights_are_counted_on_the_training_split(spec, digits):
    whole = digits.train
    kept = np.flatnonzero((whole.labels > 0) | (np.arange(len(whole.labels)) % 3 == 0))
    rare = Split(whole.inputs[kept], whole.labels[kept], whole.ids[kept], None)
    settings = spec.settings({"class_weighting": "balanced"})
    model = spec.build_model(rare)
    loss = TASK.loss(settings, rare, n_classes=10, model=model)
    counts = np.bincount(rare.labels, minlength=10)
    assert loss.class_weights == pytest.approx((len(kept) / (10 * counts)).tolist())
    assert loss == replace(settings.loss, class_weights=loss.class_weights)
    assert TASK.loss(spec.settings({}), rare, n_classes=10, model=model).class_weights is None


def test_a_network_that_is_no_better_than_chance_is_doubted():
    table = make_table(300, 2, 4, seed=3)
    assert TASK.doubts_after(table) == []
    largest = np.bincount(table.labels).argmax()
    constant = np.zeros_like(table.logits)
    constant[:, :, largest] = 1
    (found,) = TASK.doubts_after(replace(table, logits=constant))
    share = np.bincount(table.labels).max() / 300
    assert found.reason == (
        f"accuracy {share:.4f} is no better than chance: always naming the largest class gives {share:.4f}; 1 of 4 "
        f"classes are ever answered"
    )
