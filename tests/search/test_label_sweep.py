"""A sweep of networks that answer with sets of labels, for real: from images in views to policies about parents."""

import io
import json
import shutil

import numpy as np
import pytest
from rich.console import Console

from policies.policy import Policy
from policies.tables.multilabel import MultiLabelTable
from search.cli.compare import compare_command
from search.cli.reports.report import report_command
from tests.toys.label_images import LABEL_NAMES, VIEWS_PLACE
from trainables.export.model_file import load_model


TEACHER = json.dumps(
    [{"name": "large", "network": "small-cnn", "width": 8, "epochs": 8, "params": {"learning_rate_adamw": 0.03}}]
)
OPTIONS = (
    f"workload={VIEWS_PLACE}",
    "space.name=multi-label",
    "search.first_trials=[{distillation: teachers, learning_rate_adamw: 0.03, optimiser: adamw}]",
    "search.trials=2",
    "training.epochs=4",
    "training.batch_size=15",
    f"teachers={TEACHER}",
    "policy.levels=[sample, parent]",
    "policy.rules=[label-margin]",
    "policy.best_trials=1",
)


@pytest.fixture(scope="module")
def swept(runner):
    return runner("labels", *OPTIONS)


def test_it_goes_the_whole_way(swept):
    summary, folder, printed = swept
    assert (summary["task"], summary["main_quality"], summary["quality"]) == ("multi-label",) + ("exact_match",) * 2
    assert "Teacher large: exact match 0." in printed
    policy = Policy.from_dict(json.loads((folder / "policy.json").read_text()))
    assert policy.answering.pooling == "mean"
    network = summary["selected"]["network"]
    for split in ("search", "certify", "test"):
        table = MultiLabelTable.load(folder / "tables" / network / f"{split}.npz")
        figures = summary["selected"][split]
        assert table.label_names == LABEL_NAMES
        assert figures["n_judged"] == len(np.unique(table.parents)) == table.n_samples // 3
        assert 0 <= figures["hamming"] <= 1 - figures["exact_match"] <= 1
    assert load_model(folder / "model.safetensors")[1].class_names == LABEL_NAMES


def test_trials_know_how_rare_labels_were_weighed(swept):
    _, folder, _ = swept
    journal = (folder / "journal.jsonl").read_text()
    for name in ("positive_weighting", "hamming_exit_2", "label_macro_f1_exit_1", "nll_exit_1"):
        assert f'"{name}"' in journal


def test_it_is_reported_and_compared(swept, tmp_path):
    _, folder, _ = swept
    shown = io.StringIO()
    report_command([folder], compare=False, split="test", console=Console(file=shown, width=120))
    assert "Exits on test, 8 parents" in shown.getvalue()
    other = shutil.copytree(folder, tmp_path / "other", ignore=shutil.ignore_patterns("checkpoints", "tune"))
    runs, console = f"{folder},{other}", Console(file=io.StringIO())
    found = compare_command(runs, runs, metrics=None, split="test", seed=0, console=console)
    assert {"exact_match", "hamming", "label_macro_f1", "label_micro_f1"} <= {*found["metric"]}
