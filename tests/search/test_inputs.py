"""What a sweep starts from."""

from dataclasses import replace
import re

import numpy as np
import pytest
import torch

from search.config.files import load_sweep
from search.errors import ConfigError
from search.inputs import SweepInputs, load_inputs, load_splits
from search.preflight.announcement import announcement
from trainables.data import SPLIT_NAMES


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


def test_a_claim_for_every_value_needs_a_column_of_the_data():
    with pytest.raises(ConfigError, match="workload 'digits' has no 'site', and of columns there is none; leave"):
        load_inputs(load_sweep("digits", ["target=0.9", "policy.by=site"]))
    config = load_sweep("digits", ["target=0.8"])
    splits = load_splits(config)
    sited = {
        name: replace(splits[name], columns={"site": np.array(["A", "B", "B"])[np.arange(len(splits[name].ids)) % 3]})
        for name in SPLIT_NAMES
    }
    asked = load_sweep("digits", ["target=0.8", "policy.by=site"])
    with pytest.raises(ConfigError, match="has no 'device', and of columns there is only 'site'"):
        SweepInputs.of(load_sweep("digits", ["target=0.8", "policy.by=device"]), replace(splits, **sited))
    inputs = SweepInputs.of(asked, replace(splits, **sited))
    assert inputs.target.claim.by == "site"
    assert inputs.target.certify.smallest_subgroup.name == "site = A"
    assert inputs.target.tightened.target > SweepInputs.of(config, splits).target.tightened.target
    assert any("where site = A, the fewest of any value" in line for line in announcement(inputs))


def test_splits_are_proposed_that_the_rarest_value_needs():
    config = load_sweep("digits", ["target=0.95", "policy.by=site"])
    splits = load_splits(config)
    sited = {
        name: replace(splits[name], columns={"site": np.where(np.arange(len(splits[name].ids)) % 8, "B", "A")})
        for name in SPLIT_NAMES
    }
    inputs = SweepInputs.of(config, replace(splits, **sited))
    first, *_, why_not, proposal = announcement(inputs)
    assert "the search target, with the margin for a lower bound on search over all samples, is accuracy" in first
    assert "samples where site = A, too few to certify accuracy 0.95 even without an error: about 59" in why_not
    assert "certify has about" in proposal
    n_certify = int(re.search(r"about (\d+) of", proposal)[1])
    assert n_certify // 8 >= 59
