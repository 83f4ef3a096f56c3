"""What a sweep starts from."""

import torch

from search.config.files import load_sweep
from search.inputs import SweepInputs, load_inputs, load_splits


def test_trials_search_for_the_target_with_its_margin():
    config = load_sweep("digits", ["target=0.9", "policy.latency_ms=[1, 2, 3]", "seeds=[3, 5]"])
    inputs = load_inputs(config)
    assert inputs.target.asked == config.request
    assert inputs.target.tightened.target > 0.9
    assert inputs.spec.search_target == inputs.target.tightened
    assert inputs.spec.seeds == (3, 5)
    assert inputs.spec.metadata["latency_ms"] == [1, 2, 3]
    assert inputs.splits.hashes == load_splits(config).hashes


def test_weights_that_trials_start_from_are_read(tmp_path):
    config = load_sweep("digits", ["search.first_trials=[]"])
    splits = load_splits(config)
    network = SweepInputs.of(config, splits).spec.build_model(splits.train, seed=9)
    torch.save(network.state_dict(), tmp_path / "given.pth")
    given = load_sweep("digits", ["search.first_trials=[]", f"training.weights={tmp_path / 'given.pth'}"])
    built = SweepInputs.of(given, splits).spec.build_model(splits.train)
    assert all(torch.equal(one, other) for one, other in zip(built.parameters(), network.parameters(), strict=True))
