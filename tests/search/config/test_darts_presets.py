"""The presets of input-adaptive architectures: one whole configuration, and splits of the sizes that they tell."""

import numpy as np
import optuna
import pytest

from search.config.files import load_sweep
from trainables.data import Samples, split_samples


PRESETS = pytest.mark.parametrize(
    ("name", "data", "cost_weight", "final_exit_weight"),
    [("darts", "cifar10", 0.05, 0.0), ("darts-small", "fashion-mnist", 0.02, 1.0)],
)


@PRESETS
@pytest.mark.parametrize("adaptive", [True, False])
def test_nothing_of_the_one_trial_is_drawn(name, data, cost_weight, final_exit_weight, adaptive):
    fixed = f"space.overrides.network_adaptive={str(adaptive).lower()}"
    config = load_sweep(name, [f"workload={data}", fixed])
    space, (first,) = config.build_space(), config.search.first_trials
    assert config.search.trials == 1
    study = optuna.create_study()
    study.enqueue_trial(first.params)
    trial = study.ask()
    given = {**space(trial), **trial.params}
    assert set(trial.params) <= set(first.params)
    assert ("perturbation_weight" in given) == adaptive
    assert (given["cost_weight"], given["cost_weight_warmup"]) == (cost_weight, 0.2)
    assert given["final_exit_weight"] == final_exit_weight
    network = config.training.network_spec().with_params(given)
    assert network.options == {"nodes_per_exit": 1, "mixing_temperature": 1.0, "adaptive": adaptive}
    assert (config.all_seeds, config.splits.seed) == ((11, 22, 33), 2026)


def test_cifar_is_split_as_the_preset_says():
    labels = np.concatenate([np.repeat(np.arange(10), 5000), np.repeat(np.arange(10), 1000)])
    samples = Samples(
        inputs=np.zeros((60_000, 1, 1, 1), dtype=np.uint8),
        labels=labels,
        ids=np.arange(60_000).astype(str),
        class_names=tuple("0123456789"),
        official_test=np.arange(60_000) >= 50_000,
    )
    splits = split_samples(samples, load_sweep("darts", ["workload=cifar10"]).splits.fractions(), seed=2026)
    sizes = {name: len(splits[name].ids) for name in ("train", "search", "certify", "test")}
    assert sizes == {"train": 40_000, "search": 5_000, "certify": 5_000, "test": 10_000}
