"""``exitsearch teacher`` and ``exitsearch soft-labels``, one after the other, and a sweep's gate after them."""

import json

import numpy as np
import pytest

from search.cli import main
from search.sweep import load_splits
from search.sweep_file import load_sweep
from search.teachers import load_teachers
from trainables.model_file import load_model
from trainables.soft_labels import SoftLabels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    command = ["teacher", "digits", "--set", "training.epochs=4", "--set", "training.n_exits=2"]
    command += ["--param", "learning_rate_adamw=0.02", "--out", str(folder / "large")]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 0
    return folder


def export(folder, *options, code=0):
    with pytest.raises(SystemExit) as ended:
        main(["soft-labels", str(folder / "large" / "model.safetensors"), "digits", *options])
    assert ended.value.code == code


def test_teacher_is_trained_and_described(folder):
    network, facts = load_model(folder / "large" / "model.safetensors")
    assert (network.n_exits, facts.workload, facts.input_shape) == (2, "digits", (1, 8, 8))
    told = json.loads((folder / "large" / "teacher.json").read_text())
    assert len(told["search_accuracy_by_exit"]) == 2
    assert told["search_accuracy_by_exit"][-1] > 0.8
    assert 1 <= told["best_epoch"] <= 4
    assert told["params"] == {"learning_rate_adamw": 0.02}


@pytest.mark.parametrize("images", ["training.augment=false", "training.views=2"])
def test_exported_soft_labels_pass_the_gate_of_their_sweep(folder, tmp_path, images, capsys):
    export(folder, "--set", images, "--out", str(tmp_path / "soft.npz"))
    printed = " ".join(capsys.readouterr().out.split())
    soft = SoftLabels.load(tmp_path / "soft.npz")
    assert f"temperature 2, right about {soft.facts['accuracy']:.1%}" in printed
    assert soft.facts["accuracy"] > 0.8
    teacher = json.dumps([{"name": "large", "soft_labels": str(tmp_path / "soft.npz")}])
    config = load_sweep("digits", [f"teachers={teacher}", "space.name=distillation", images])
    found = load_teachers(config, load_splits(config), report_file=tmp_path / "report.json")
    assert found.reports[0].problem == ""
    np.testing.assert_allclose(found.reports[0].agreement, soft.facts["accuracy"])


def test_images_that_cannot_be_shown_again_are_refused(folder, tmp_path, capsys):
    export(folder, "--out", str(tmp_path / "soft.npz"), code=2)
    assert "set training.views to how many fixed augmentations" in capsys.readouterr().err
    assert not (tmp_path / "soft.npz").exists()


def test_a_folder_that_exists_is_not_overwritten(folder, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["teacher", "digits", "--out", str(folder / "large")])
    assert ended.value.code == 2
    assert "must be a new folder but exists" in capsys.readouterr().err
