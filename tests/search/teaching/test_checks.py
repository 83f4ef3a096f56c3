"""The teachers that a sweep names: what fits its data is let through, everything else is one line."""

from dataclasses import replace
from hashlib import sha256
import json
from pathlib import Path

import numpy as np
import pytest

from search.config.files import load_sweep
from search.errors import ConfigError, SweepError
from search.inputs import SweepInputs, load_splits
from search.teaching.checks import load_teachers
from trainables.augmentation.images import Augmentation
from trainables.errors import AlignmentError, ModelFileError, SoftLabelsError
from trainables.export.model_file import ModelConfig, save_model
from trainables.models import NetworkSpec
from trainables.teachers.soft_labels import SoftLabels
from trainables.workloads import get_workload


NO_AUGMENTATION = ("space.name=distillation", "training.augment=false")


@pytest.fixture(scope="module")
def splits():
    return load_splits(load_sweep("digits", []))


def config_with(*teachers, settings=NO_AUGMENTATION):
    """The digits preset with teachers, each a mapping of the sweep file."""
    config = load_sweep("digits", ["search.first_trials=[]", f"teachers={json.dumps(teachers)}", *settings])
    assert len(config.teachers) == len(teachers)
    return config


def said(splits, *, temperature=2.0, views=None):
    """Soft labels of a teacher that knows the labels."""
    train = splits.train
    logits = np.random.default_rng(0).normal(size=(views or 1, len(train.labels), 10))
    logits[:, np.arange(len(train.labels)), train.labels] += 5
    tempered = np.exp(logits / temperature)
    probabilities = (tempered / tempered.sum(axis=2, keepdims=True)).astype(np.float32)
    metadata = {"shift": 0.06, "flip": False, "erase": 0.0, "views": views, "seed": 2026} if views else None
    return SoftLabels(probabilities, train.ids, splits.class_names, "train", temperature, augmentation=metadata)


@pytest.fixture
def file(splits, tmp_path):
    said(splits).save(tmp_path / "teacher.npz")
    return str(tmp_path / "teacher.npz")


def load(config, splits, tmp_path):
    return load_teachers(SweepInputs.of(config, splits), report_file=tmp_path / "report" / "alignment.json")


def test_without_teachers_there_is_nothing_to_do(splits, tmp_path):
    found = load(load_sweep("digits", []), splits, tmp_path)
    assert (dict(found.logits), dict(found.models), found.reports) == ({}, {}, ())


def test_soft_labels_that_fit(splits, file, tmp_path):
    found = load(config_with({"name": "oracle", "soft_labels": file}), splits, tmp_path)
    assert found.logits[0].shape == (1, len(splits.train.labels), 10)
    assert [report.problem for report in found.reports] == [""]
    assert found.can_be_shown
    assert found.hashes == {"oracle": sha256(Path(file).read_bytes()).hexdigest()}
    assert not (tmp_path / "report").exists()


def test_soft_labels_of_views_fit_the_same_views(splits, tmp_path):
    said(splits, views=3).save(tmp_path / "views.npz")
    teacher = {"name": "oracle", "soft_labels": str(tmp_path / "views.npz")}
    settings = ("space.name=distillation", "training.views=3")
    found = load(config_with(teacher, settings=settings), splits, tmp_path)
    assert found.logits[0].shape[0] == found.views.count == 3
    with pytest.raises(AlignmentError, match="augmented with .*'views': 4.*'views': 3"):
        load(config_with(teacher, settings=("space.name=distillation", "training.views=4")), splits, tmp_path)
    with pytest.raises(ConfigError, match=r"augmentation is drawn anew each epoch; set training\.views"):
        load(config_with(teacher, settings=("space.name=distillation",)), splits, tmp_path)


@pytest.mark.parametrize("name", ["spec_augment", "mixup"])
def test_what_is_drawn_anew_and_soft_labels_exclude_each_other(name, splits, file, tmp_path):
    teacher = {"name": "oracle", "soft_labels": file}
    others = {"spec_augment", "mixup"} - {name}
    settings = ("space.name=audio", "training.augment=false", *(f"space.overrides.{one}=0" for one in others))
    with pytest.raises(ConfigError, match=f"but {name} is drawn anew each epoch; fix it at 0"):
        load(config_with(teacher, settings=settings), splits, tmp_path)
    both = (*settings, f"space.overrides.{name}=0")
    assert load(config_with(teacher, settings=both), splits, tmp_path).can_be_shown


def permuted(soft):
    rows = np.random.default_rng(1).permutation(len(soft.paths))
    return replace(soft, probabilities=soft.probabilities[:, rows], paths=soft.paths[rows])


def shortened(soft):
    return replace(soft, probabilities=soft.probabilities[:, :-1], paths=soft.paths[:-1])


def swapped(soft):
    return replace(soft, class_names=(*soft.class_names[1::-1], *soft.class_names[2:]))


@pytest.mark.parametrize(
    ("change", "problem", "message"),
    [
        (permuted, "order", "rows are in another order; first difference: row 0 is"),
        (shortened, "length", r"there must be \d+ rows, one per training sample, but there are \d+"),
        (lambda soft: replace(soft, temperature=4.0), "temperature", "temperature of the loss, 2, but are at 4"),
        (swapped, "classes", "in the order of the data but column 0 is '1' instead of '0'"),
    ],
)
def test_misaligned_soft_labels_are_refused_with_a_report(change, problem, message, splits, tmp_path):
    change(said(splits)).save(tmp_path / "teacher.npz")
    config = config_with({"name": "oracle", "soft_labels": str(tmp_path / "teacher.npz")})
    with pytest.raises(AlignmentError, match=message) as refused:
        load(config, splits, tmp_path)
    report = tmp_path / "report" / "alignment.json"
    assert str(report) in str(refused.value)
    assert json.loads(report.read_text())[0]["problem"] == problem


def test_damaged_or_missing_files_are_refused(splits, tmp_path):
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 half a file")
    for name, message in (("damaged.npz", "not a readable"), ("none.npz", "there is no such")):
        with pytest.raises(SoftLabelsError, match=message):
            load(config_with({"name": "oracle", "soft_labels": str(tmp_path / name)}), splits, tmp_path)
    with pytest.raises(ModelFileError, match="there is no such model file"):
        load(config_with({"name": "oracle", "model": str(tmp_path / "none.safetensors")}), splits, tmp_path)


def test_searched_temperature_and_soft_labels_do_not_go_together(splits, file, tmp_path):
    settings = (*NO_AUGMENTATION, "space.overrides.kd_temperature={low: 1, high: 4}")
    with pytest.raises(ConfigError, match="kd_temperature must be one value where teachers are soft labels"):
        load(config_with({"name": "oracle", "soft_labels": file}, settings=settings), splits, tmp_path)


def test_a_space_that_does_not_use_teachers_is_named(splits, file, tmp_path):
    with pytest.raises(ConfigError, match="space 'self-distillation' does not use them; set space.name"):
        load(config_with({"name": "oracle", "soft_labels": file}, settings=()), splits, tmp_path)


def test_a_model_must_know_the_same_classes(splits, tmp_path):
    network = NetworkSpec(2, 8)
    model = get_workload("digits").build_model(splits.train, 10, network)
    right = ModelConfig("digits", network, (1, 8, 8), splits.class_names)
    save_model(tmp_path / "right.safetensors", model, right)
    save_model(tmp_path / "other.safetensors", model, replace(right, class_names=tuple("abcdefghij")))
    found = load(config_with({"name": "one", "model": str(tmp_path / "right.safetensors")}), splits, tmp_path)
    assert found.models == {0: tmp_path / "right.safetensors"}
    with pytest.raises(
        AlignmentError,
        match="must know the 10 classes of the data in their order but number 1 of its 10 is 'a' instead",
    ):
        load(config_with({"name": "one", "model": str(tmp_path / "other.safetensors")}), splits, tmp_path)


@pytest.mark.parametrize(
    ("teachers", "message"),
    [
        ([{"name": "a"}], "must name one of soft_labels, model and network for teacher 'a'"),
        ([{"name": "a", "model": "m", "network": "resnet-18"}], "names .*'model', 'network'"),
        ([{"name": "A b", "model": "m"}], "teachers.0.name"),
        ([{"name": "a", "model": "m"}, {"name": "a", "model": "n"}], "teachers must differ .* 'a' occurs 2 times"),
        ([{"name": "a", "soft": "m"}], "soft"),
    ],
)
def test_sections_that_are_wrong(teachers, message):
    with pytest.raises(ConfigError, match=message) as refused:
        load_sweep("digits", [f"teachers={json.dumps(teachers)}"])
    assert "\n" not in str(refused.value)


def test_augmentation_of_the_sweep_file():
    digits = get_workload("digits")
    config = load_sweep("digits", ["training.random_erasing=0.25"])
    assert config.training.augmentation(digits) == Augmentation(shift=0.06, erase=0.25)
    assert load_sweep("digits", ["training.augment=false"]).training.augmentation(digits).is_none


def test_a_sweep_whose_teacher_cannot_be_trained_leaves_nothing(runner):
    broken = "{name: broken, network: small-cnn, epochs: 1, params: {learning_rate_adamw: 1.0e+30}}"
    with pytest.raises(SweepError, match="teacher 'broken' cannot be trained"):
        runner("untaught", f"teachers=[{broken}]", "space.name=distillation", "search.first_trials=[]")
    assert not (runner.folder / "runs" / "untaught").exists()
