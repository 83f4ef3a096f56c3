"""What a policy about segments means for recordings."""

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from policies.policy import Policy
from policies.recordings.pooling import Recordings
from policies.recordings.summary import RecordingsWarning, summarise_recordings
from search.reporting.console import print_policies
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary
from tests.tables import make_table


POLICY = Policy("confidence", (0.8, 0.7), (1.0, 1.0, 1.0))
FACTS = {"segment_seconds": 1.0, "hop_seconds": 0.5}


def summarised(tables, *, target):
    return summarise_recordings(tables, {name: POLICY.decide(table) for name, table in tables.items()}, target=target)


def segments(seed, *, n_recordings=60, per_recording=5):
    table = make_table(n_recordings * per_recording, n_classes=3, seed=seed)
    labels = np.repeat(np.arange(n_recordings) % 3, per_recording)
    columns = (np.arange(3) - (labels - table.labels)[:, None]) % 3
    logits = np.take_along_axis(table.logits, columns[:, None, :], axis=2)
    ids = np.array([f"{i // per_recording}.wav#{i % per_recording:03d}" for i in range(len(labels))])
    return replace(table, logits=logits, labels=labels, ids=ids, meta=FACTS)


def test_listening_is_chosen_on_search_and_reported_on_all():
    tables = {"search": segments(1), "test": segments(2)}
    found = summarised(tables, target=0.95)
    pooled = {
        name: Recordings.pooled(table, POLICY.decide(table), segment_seconds=1.0, hop_seconds=0.5)
        for name, table in tables.items()
    }
    assert found["threshold"] == pooled["search"].least_threshold(0.95)
    for name in tables:
        assert found["whole"][name] == pooled[name].figures()
        assert found["until_sure"][name] == pooled[name].figures(found["threshold"])
    assert found["until_sure"]["search"]["accuracy"] >= 0.95
    assert found["until_sure"]["search"]["mean_seconds"] < found["whole"]["search"]["mean_seconds"] == 3.0


def test_out_of_reach_listens_to_the_end():
    found = summarised({"search": segments(1)}, target=1.01)
    assert found["threshold"] is None
    assert found["until_sure"] == found["whole"]


def test_samples_that_are_no_segments_have_none():
    assert summarised({"search": make_table(50)}, target=0.9) is None


@pytest.mark.parametrize("meta", [FACTS, FACTS | {"segment_seconds": "1 s"}])
def test_what_cannot_be_told_is_a_warning(meta):
    with pytest.warns(RecordingsWarning, match="recordings are left out of the report"):
        assert summarised({"search": replace(make_table(50), meta=meta)}, target=0.9) is None


def test_without_a_target_all_is_heard():
    found = summarised({"search": segments(1)}, target=None)
    assert found["threshold"] is None
    assert found["until_sure"]["search"]["mean_seconds"] == 3.0


def test_a_person_is_told(tmp_path):
    figures = {"accuracy": 0.9, "mean_depth": 1.5, "mean_cost": 0.4, "macro_f1": 0.9, "exit_mix": [0.5, 0.5]}
    selected = {"rule": "confidence", "params": POLICY.to_dict(), "search": figures}
    summary = {"selected": selected, "baselines": {}, "oracle": {"search": None}, "alarms": [], "certificate": None}
    summary |= {
        "asked": "accuracy 0.9",
        "least_accuracy": 0.9,
        "undertrained": "",
        "estimate": {"sentence": "estimated, not certified"},
    }
    goal = {"quality": "accuracy", "target": 0.9, "bounds": {}, "budget": None, "objective": "depth", "feasible": True}
    recordings = summarised({"search": segments(1)}, target=0.95)
    console = Console(width=200, record=True)
    found = Summary.model_validate({**summary, **goal, "certified": False, "recordings": recordings})
    print_policies(console, found, ResultFiles(tmp_path))
    until_sure = recordings["until_sure"]["search"]
    expected = f"{until_sure['accuracy']:.4f}, heard until sure ({until_sure['mean_seconds']:.2f} s)"
    assert expected in console.export_text()
