"""A sweep whose networks are given: it only tabulates, searches and certifies."""

import json
import math

import pytest
import torch

from policies.errors import ExitSearchError
from search.config.files import load_sweep
from search.errors import GivenWeightsWarning, RunFolderError, UntrainedWarning
from search.inputs import load_inputs
from trainables.export.model_file import load_model


pytestmark = pytest.mark.filterwarnings("ignore::search.errors.GivenWeightsWarning")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Of a network with some knowledge of digits."""
    config = load_sweep("digits", ["search.first_trials=[]", "training.epochs=4"])
    inputs = load_inputs(config)
    training = inputs.spec.training({"learning_rate_adamw": 0.01}, inputs.splits.train)
    for _ in range(4):
        training.train_epoch()
    path = tmp_path_factory.mktemp("weights") / "digits.pth"
    torch.save({"state_dict": training.model.state_dict()}, path)
    return path


def settings(path, *more):
    return (f"training.weights={path}", "training.epochs=0", "search.first_trials=[]", "resources.concurrent=1", *more)


def test_tabulate_search_certify_and_resume(runner, weights):
    given = settings(weights, "search.trials=2", "search.scheduler=asha")
    with (
        pytest.warns(UntrainedWarning, match="all 2 trials are the same network; set search.trials to 1"),
        pytest.warns(GivenWeightsWarning, match=r"digits.pth: networks start from these weights .*'state_dict'"),
    ):
        summary, folder, _ = runner("given", *given)
    assert summary["trials"] == {"started": 2, "complete": 2, "pruned": 0, "fail": 0}
    assert summary["certified"]
    assert summary["selected"]["search"]["accuracy"] >= 0.5
    state = torch.load(weights, weights_only=True)["state_dict"]
    model, _ = load_model(folder / "model.safetensors")
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    reports = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    reports = [event["metrics"] for event in reports if event["event"] == "reported"]
    assert [report["epoch"] for report in reports] == [0, 0]
    assert all(math.isnan(report["train_loss"]) for report in reports)
    assert reports[0]["accuracy"] == reports[1]["accuracy"]

    again, _, printed = runner("given", *given, resume=True)
    assert "2 trials were finished before, 0 go on" in printed
    for key in ("trial_id", "rule", "params", "thresholds"):
        assert again["selected"].get(key) == summary["selected"].get(key)

    state["heads.0.2.weight"] += 1
    torch.save({"state_dict": state}, weights.with_name("other.pth"))
    weights.with_name("other.pth").replace(weights)
    with pytest.raises(
        RunFolderError, match="was started from other weights: the file of training.weights has changed"
    ):
        runner("given", *given, resume=True)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ("training.weights=none.pth",),
            "training.weights must be a file but there is no file .*none.pth; name another",
        ),
        (("training.width=8",), "weights must fit the network but do not .* name the network, exits and width"),
        (("training.n_exits=2",), "weights must fit the network but do not"),
    ],
)
def test_weights_that_do_not_fit_are_refused_before_there_is_a_folder(more, message, runner, weights):
    with pytest.raises(ExitSearchError, match=message) as refused:
        runner("unfit", *settings(weights, *more))
    assert "\n" not in str(refused.value)
    assert not (runner.folder / "runs" / "unfit").exists()


def test_training_goes_on_from_the_weights(weights):
    """A first epoch with no step to speak of is the network that was given."""
    config = load_sweep("digits", [f"training.weights={weights}", "training.epochs=1", "search.first_trials=[]"])
    inputs = load_inputs(config)
    training = inputs.spec.training({"learning_rate_adamw": 1e-12}, inputs.splits.train)
    before = {name: weight.detach().clone() for name, weight in training.model.named_parameters()}
    state = torch.load(weights, weights_only=True)["state_dict"]
    assert all(torch.equal(before[name], state[name]) for name in before)
    training.train_epoch()
    for name, weight in training.model.named_parameters():
        torch.testing.assert_close(weight.detach(), before[name], atol=1e-6, rtol=1e-4)
