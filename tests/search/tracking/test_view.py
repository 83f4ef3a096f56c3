"""MLflow's page opens on the front: what the views say, and what Chromium shows of them."""

import json

from mlflow.tracking import MlflowClient
import pytest

from search.tracking.naming import trial_name
from search.tracking.tracker import Tracker
from search.tracking.view import EXPERIMENT_KEY, VIEW_TAG, Shown, experiment_view, sweep_key, sweep_view, view_lines
from tests.chromium import open_page
from tests.search.tracking.tracked import (
    EXPERIMENT,
    SWEEP_ID,
    finish,
    open_journal,
    run_folder,
    run_trials,
    sqlite_store,
)


def tracked(tmp_path, uri, *, experiment=EXPERIMENT, times=1):
    """Deliver a finished sweep to a store some times over; gives the links to it."""
    folder = run_folder(tmp_path)
    splits = {"train": "a" * 64, "search": "b" * 64}
    folder.environment_file.write_text(json.dumps({"split_hashes": splits, "split_sizes": {"train": 9, "search": 3}}))
    with open_journal(folder) as journal:
        for number in range(times):
            folder.tracking_file.unlink(missing_ok=True)
            tracker = Tracker(uri, experiment, folder, journal)
            tracker.start({"workload": "digits"})
            if not number:
                run_trials(journal, range(1, 3))
            finish(tracker)
    return tracker.links


def test_views_are_kept_with_the_experiment_and_sent_again_change_nothing(tmp_path, uri):
    tracked(tmp_path, uri, times=2)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    views = {key for key in experiment.tags if key.startswith(VIEW_TAG)}
    assert views == {VIEW_TAG + sweep_key(SWEEP_ID), VIEW_TAG + EXPERIMENT_KEY}
    names = sorted(run.info.run_name for run in client.search_runs([experiment.experiment_id]))
    assert names == [
        "confidence 1.20 / 0.950",
        "confidence 2.20 / 0.960 certified",
        "tracked",
        "trial-0001 sgd, alpha 0.143",
        "trial-0002 sgd, alpha 0.286",
    ]
    (sweep,) = client.search_runs([experiment.experiment_id], "tags.`exitsearch.kind` = 'sweep'")
    digests = {one.dataset.digest: one.tags[0].value for one in sweep.inputs.dataset_inputs}
    assert digests == {"a" * 32: "train", "b" * 32: "search"}


@pytest.mark.parametrize("n_exits", [0, 1, 3, 6, 60])
def test_view_fits_into_a_tag_and_has_the_last_exit(n_exits):
    params = tuple(f"a_parameter_with_a_long_name_{number}" for number in range(30))
    shown = Shown(quality="macro_f1", n_exits=n_exits, n_epochs=300, params=params)
    for text in (sweep_view(shown, SWEEP_ID), experiment_view(shown)):
        assert len(text) < 5000
        charts = json.loads(text)["compareRunCharts"]
        assert (charts[0]["type"], charts[0]["yaxis"]["key"]) == ("SCATTER", "macro_f1")
        # With another key for the data, MLflow shows the depth for the quality under the pointer.
        assert charts[0]["xaxis"] == {"key": "front_mean_depth", "type": "METRIC"}
        of_exits = [chart["metricKey"] for chart in charts if "_exit_" in chart.get("metricKey", "")]
        assert of_exits[-1:] == ([f"macro_f1_exit_{n_exits}"] if n_exits else [])


@pytest.mark.parametrize(
    ("uri", "experiment", "starts"),
    [
        (
            "sqlite:////tmp/mlflow.db",
            "7",
            ["http://127.0.0.1:5000/#/experiments/7/runs?compareRunsMode=CHART&view"] * 2,
        ),
        ("https://me:hush@host/mlflow/", "7", ["https://host/mlflow/#/experiments/7/runs?compareRunsMode=CHART"] * 2),
        ("sqlite:////tmp/mlflow.db", "", []),
    ],
)
def test_links_are_of_the_server_without_its_password(uri, experiment, starts):
    addresses = [address for _, address in view_lines(uri, experiment, SWEEP_ID)]
    assert len(addresses) == len(starts)
    assert all(address.startswith(start) for address, start in zip(addresses, starts, strict=True))


def test_trials_are_named_by_their_choices_first():
    params = {"learning_rate": 0.012345, "optimiser": "adamw", "distillation": "none", "nesterov": True, "alpha": 0.5}
    assert trial_name("trial-0007", params) == "trial-0007 adamw, learning_rate 0.0123, alpha 0.5"


def test_long_names_of_parameters_cost_parameters_and_never_the_view():
    shown = Shown(n_exits=6, params=tuple(f"{number}{'ü' * 240}" for number in range(6)))
    text = sweep_view(shown, SWEEP_ID)
    assert len(text) < 5000
    (parallel,) = (chart for chart in json.loads(text)["compareRunCharts"] if chart["type"] == "PARALLEL")
    assert 0 < len(parallel["selectedParams"]) < 6


def test_parameters_are_called_in_the_view_as_in_the_store():
    text = sweep_view(Shown(params=("rate (log)",)), SWEEP_ID)
    assert '"selectedParams":["rate _log_"]' in text


def test_names_are_as_long_as_a_database_takes(tmp_path):
    uri, folder = sqlite_store(tmp_path), run_folder(tmp_path)
    with open_journal(folder) as journal:
        tracker = Tracker(uri, EXPERIMENT, folder, journal)
        tracker.start({"workload": "digits"})
        journal.append("suggested", trial="trial-0001", number=0, params={"optimiser": "\0" + "sgd" * 200})
        tracker.finish({}, {"mlflow.runName": "x" * 300}, [])
    client = MlflowClient(tracking_uri=uri)
    runs = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    names = sorted(run.info.run_name for run in runs)
    assert names == ["trial-0001 " + ("sgd" * 200)[:236] + "...", "x" * 247 + "..."]


def told_under_the_pointer(page, point):
    """What MLflow's page says of a point, which takes notice of a pointer that moves, once it is ready."""
    for _ in range(60):
        box = point.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x - 30, y - 30)
        page.mouse.move(x, y, steps=5)
        page.wait_for_timeout(500)
        lines = page.evaluate("document.body.innerText").splitlines()
        told = [line for line in lines if line.startswith(("X (", "Y ("))]
        if told:
            return told
    return []


@pytest.mark.slow
def test_link_opens_the_front_and_an_unknown_one_the_experiment(tmp_path, mlflow_server):
    # Into the database below the server, so that the links are those of a store on this machine.
    for _, address in tracked(tmp_path, mlflow_server.backend_uri, experiment="shown"):
        address = address.replace("127.0.0.1:5000", f"127.0.0.1:{mlflow_server.port}")
        with open_page(address) as page:
            page.locator(".scatterlayer .point").first.wait_for()
            assert page.locator(".plot-container").first.locator(".scatterlayer .point").count() == 2
            page.get_by_text("confidence 2.20 / 0.960 certified").first.wait_for()
            page.get_by_text("front_mean_depth vs. accuracy").first.wait_for()
            told = told_under_the_pointer(page, page.locator(".scatterlayer .point").last)
            assert told == ["X (front_mean_depth): 1.2", "Y (accuracy): 0.95"]
    with open_page(address.replace(EXPERIMENT_KEY, "unknown")) as page:
        page.get_by_role("link", name="shown").first.wait_for()
