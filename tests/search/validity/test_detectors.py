"""Detectors whose training cannot work: each sweep ends with the right reason, and nothing downstream runs."""

import json

import pytest
import torch

from search.config.files import load_sweep
from search.errors import ValidityError
from search.inputs import load_inputs
from search.run_folder.folder import RunFolder
from search.validity.plan import FullNetworkPlan, starting_from
from search.validity.training import train_full_network
from trainables.export.model_file import load_model
from trainables.models.inference import unit_scale
from trainables.trials.full_network import quality_of


PLACE = "tests.search.validity.rectangles"
GATE = (
    "full_network.epochs=3",
    "search.first_trials=[]",
    "space.name=detection",
    "training.batch_size=32",
    "policy.quality=map_50",
    "target=0.2",
    "policy.rules=[top-scores]",
    "splits={train: 0.4, search: 0.2, certify: 0.2, test: 0.2}",
)


def stopped(runner, name, workload, *assignments):
    """The report and the message of a sweep that does not pass."""
    with pytest.raises(ValidityError) as raised:
        runner(name, *GATE, f"workload={PLACE}:{workload}", *assignments)
    folder = runner.folder / "runs" / name
    names = {path.name for path in folder.iterdir()}
    assert {"summary.json", "policy.json", "tune"}.isdisjoint(names)
    return json.loads((folder / "validity.json").read_text()), str(raised.value)


def test_anchors_that_match_nothing_end_it_before_training(runner):
    report, message = stopped(runner, "dots", "DOTS")
    assert report["curve"] == []
    first = report["reasons"][0]
    assert first["ends"]
    assert "objects of train are matched by one of" in first["reason"]
    assert "(IoU at least 0.5): objects are 0.0156 x 0.0156 of the image (median), anchors" in first["reason"]
    assert "data.image_size" in first["advice"]
    assert "was not trained: " in message


def test_a_learning_rate_of_zero(runner):
    report, message = stopped(runner, "still", "GOOD", "full_network.params={learning_rate_adamw: 0}")
    loss = report["loss"]
    assert report["reasons"][0]["reason"] == (
        f"the loss went from {loss['first']:.4g} to {loss['last']:.4g}: the learning rate is 0"
    )
    assert "the loss went from" in message


def test_swapped_coordinates(runner):
    report, message = stopped(runner, "swapped", "SWAPPED", "full_network.params={learning_rate_adamw: 0.005}")
    assert report["reasons"][0]["reason"].startswith("boxes fit what is seen better with x and y swapped (contrast")
    assert "left, top, right, bottom" in report["reasons"][0]["advice"]
    assert "with x and y swapped" in message


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The inputs of a sweep whose detector can be trained, and the folder where that was done."""
    torch.set_num_threads(1)
    own = ("full_network.epochs=10", "full_network.params={learning_rate_adamw: 0.01}", "training.batch_size=16")
    inputs = load_inputs(load_sweep("digits", [*GATE, f"workload={PLACE}:GOOD", *own, "training.frozen=full-network"]))
    folder = RunFolder(tmp_path_factory.mktemp("trained"))
    plan = FullNetworkPlan.of(inputs)
    return inputs, folder, train_full_network(plan, inputs.splits.train, inputs.splits.search, folder)


def test_a_detector_that_finds_passes(trained):
    _, _, verdict = trained
    assert verdict.passed
    assert verdict.quality == "map_50"
    assert verdict.doubts == ()
    assert verdict.reached == max(one.quality for one in verdict.curve)


def test_its_last_exit_stays_the_same_to_the_last_bit_while_early_heads_learn(trained):
    inputs, folder, _ = trained
    spec = starting_from(inputs, folder.full_network_file).spec
    alone, _ = load_model(folder.full_network_file)
    images = unit_scale(torch.tensor(inputs.splits.search.inputs))
    training = spec.training({"learning_rate_adamw": 0.01}, inputs.splits.train)
    losses = [training.train_epoch() for _ in range(3)]
    assert losses[-1] < losses[0]
    assert torch.equal(training.model.anchors, alone.anchors)
    with torch.inference_mode():
        said = training.model.eval()(images)
        assert torch.equal(said[:, -1], alone(images)[:, 0])
    assert quality_of(spec.table(training.model, inputs.splits.search, "search"), "map_50") == trained[2].reached
