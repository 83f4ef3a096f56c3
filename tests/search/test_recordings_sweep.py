"""A sweep over recordings, for real: from WAV files to a policy that hears a recording until it is sure."""

import json

import numpy as np
import pytest

from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from tests.trainables.data.recordings import write_recordings
from trainables.export.model_file import load_model


OPTIONS = (
    "data.audio={sample_rate: 8000, high_hz: null, n_mels: 16, n_fft: 256, segment_seconds: 0.2, hop_seconds: 0.1}",
    "space.overrides.width=[4]",
    "search.first_trials=[]",
    "resources.concurrent=1",
    "policy.levels=[reading]",
    "policy.pooling=evidence",
)


@pytest.fixture(scope="module")
def heard(runner, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("EXITSEARCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        return runner("heard", *OPTIONS, sweep="moth", data_dir=write_recordings(folder, n_recordings=40, seconds=0.4))


def test_segments_of_a_recording_stay_together(heard):
    summary, folder, _ = heard
    groups = {}
    for split in ("search", "certify", "test"):
        table = ClassificationTable.load(folder / "tables" / summary["selected"]["network"] / f"{split}.npz")
        assert table.meta["segment_seconds"] == 0.2
        assert (table.groups == np.array([one.rpartition("#")[0] for one in table.ids])).all()
        groups[split] = set(table.groups)
        assert table.n_samples > len(groups[split])
    assert len(set.union(*groups.values())) == sum(map(len, groups.values()))


def test_the_policy_hears_recordings_until_it_is_sure(heard):
    summary, folder, printed = heard
    policy = Policy.load(folder / "policy.json")
    assert (policy.answering.level, policy.answering.pooling) == ("reading", "evidence")
    for split in ("search", "certify", "test"):
        own, full = (one[split] for one in (summary["selected"], summary["baselines"]["full_network"]))
        table = ClassificationTable.load(folder / "tables" / summary["selected"]["network"] / f"{split}.npz")
        n_recordings = len(np.unique(table.groups))
        assert (policy.decide(table).exits >= 0).sum() == pytest.approx(own["mean_read"] * n_recordings)
        assert full["mean_read"] == table.n_samples / n_recordings
        assert own["mean_seconds"] <= full["mean_seconds"] == pytest.approx(0.4)
    assert "Reading, test" in printed


def test_chosen_width_and_head_are_those_of_the_model_file(heard):
    summary, folder, _ = heard
    _, config = load_model(folder / "model.safetensors")
    chosen = summary["selected"]["hyperparameters"]
    assert (config.network.width, config.network.head) == (chosen["width"], chosen["head"])
    assert config.input_shape == (1, 16, 21)


def test_certificate_counts_recordings(heard):
    summary, folder, _ = heard
    certificate = json.loads((folder / "certificate.json").read_text())
    table = ClassificationTable.load(folder / "tables" / summary["selected"]["network"] / "certify.npz")
    assert certificate["unit"] == "parent"
    assert certificate["n"] == len(np.unique(table.groups))
