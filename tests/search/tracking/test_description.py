"""What MLflow's page says first of a sweep's run."""

import pytest

from policies.policy import Policy
from search.run_folder.summary import Summary
from search.tracking.description import describe
from search.tracking.model import selected_model
from tests.finished_sweeps import write_sweep
from tests.search.summaries import made_up_summary


@pytest.fixture
def folder(tmp_path):
    return write_sweep(tmp_path / "digits-1")


def summary(**changes):
    made_up = Summary.model_validate(made_up_summary(0))
    selected = made_up.selected.model_copy(update={"network": "*net* [x](javascript:1) <b>"})
    return made_up.model_copy(update={"selected": selected, **changes})


def test_names_are_no_markdown(folder):
    text = describe(summary(), folder, "5" * 32)
    assert r"- Selected: rule ensemble, \*net\* \[x\](javascript:1) \<b\>" in text
    assert "[**The front as a chart**](#/experiments/{experiment_id}/runs?" in text


@pytest.mark.parametrize(("budget", "sought"), [(None, "with the least mean depth"), (1.5, "with the best macro f1")])
def test_what_was_sought_is_told(folder, budget, sought):
    text = describe(summary(budget=budget, objective="depth", quality="macro_f1"), folder, "5" * 32)
    assert f", {sought}\n" in text


def test_the_model_is_named_with_the_files_that_are_there(folder):
    folder.policy_file.write_text("{}")
    folder.model_file.unlink(missing_ok=True)
    link = "- The model: [`policy.json`](get-artifact?path=policy.json&run_uuid={run_id})\n"
    assert link in describe(summary(), folder, "5" * 32)
    folder.model_file.write_bytes(b"")
    assert "- The model: [`model.safetensors`](get-artifact?path=model.safetensors&" in describe(summary(), folder, "5")
    model = selected_model(summary(certified=True), Policy("confidence", (0.5,), (1.0, 1.0)), folder)
    assert model["tags"]["files"] == "model.safetensors, policy.json"
    assert (model["tags"]["certified"], model["tags"]["network"]) == ("true", "*net* [x](javascript:1) <b>")
