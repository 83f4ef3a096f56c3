"""Journals for tests of tracking, and what a store must hold after one was delivered."""

import atexit
from contextlib import contextmanager
from functools import cache
from itertools import groupby
import math
from pathlib import Path
import shutil
import tempfile

from mlflow.tracking import MlflowClient
import pytest

from policies.goals.front import Front, FrontPoint
from policies.policy import Policy
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal


EXPERIMENT = "exitsearch"
SWEEP_ID = "5" * 32
_LOGGED = ("accuracy", "mean_depth", "train_loss", "epoch")


@cache
def _template():
    folder = Path(tempfile.mkdtemp(prefix="exitsearch-mlflow-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}").search_experiments()
    return folder / "mlflow.db"


def sqlite_store(folder):
    """The URI of a new, empty store; a copy, since making one takes seconds."""
    shutil.copy(_template(), folder / "mlflow.db")
    return f"sqlite:///{folder / 'mlflow.db'}"


def run_folder(path, name="tracked"):
    (path / "runs" / name).mkdir(parents=True, exist_ok=True)
    return RunFolder(path / "runs" / name)


def open_journal(folder, sweep_id=SWEEP_ID):
    """The journal of a run folder, with its first line."""
    journal = Journal(folder.path / "journal.jsonl")
    if not journal.events:
        journal.append("created", sweep_id=sweep_id, name=folder.name)
    return journal


def suggest(journal, number):
    journal.append(
        "suggested", trial=f"trial-{number:04}", number=number, params={"alpha": number / 7, "optimiser": "sgd"}
    )


def report(journal, number, epoch, **more):
    metrics = {"epoch": epoch, "accuracy": 0.5 + epoch / 100, "mean_depth": math.nan, "pid": 7, "done": False}
    journal.append("reported", trial=f"trial-{number:04}", metrics=metrics | {"train_loss": 0.1 + 0.2} | more)


def end(journal, number, failure=""):
    journal.append("ended", trial=f"trial-{number:04}", failure=failure)


def run_trials(journal, numbers, n_epochs=2):
    """Trials side by side; every third fails."""
    for number in numbers:
        suggest(journal, number)
    for epoch in range(1, n_epochs + 1):
        for number in numbers:
            report(journal, number, epoch)
    for number in numbers:
        end(journal, number, failure="the loss is nan" if number % 3 == 0 else "")


def front(n_policies):
    """The front of a sweep as :class:`Tracker` gets it."""
    return Front(
        tuple(
            FrontPoint(
                policy=Policy("confidence", ((number + 1) / 10,), (1.0, 1.0)),
                figures={"accuracy": 0.95 + number / 100, "mean_depth": 1.2 + number, "mean_cost": 0.3},
                violation=0.0,
                network="trial-0001",
                certified=number > 0,
                selected=number > 0,
            )
            for number in range(n_policies)
        )
    )


def finish(tracker, **more):
    """What comes after the trials."""
    tracker.log_front(front(2))
    folder = tracker._folder
    folder.summary_file.write_text("{}")
    tracker.finish({"test_accuracy": 0.9, **more}, {"feasible": "true"}, [folder.summary_file])


def contents(uri, sweep_id=SWEEP_ID, experiment=EXPERIMENT):
    """All that a store holds of a sweep, by kind and identity; a list where there should be one run."""
    client = MlflowClient(tracking_uri=uri)
    found = {}
    stored = client.get_experiment_by_name(experiment)
    if stored is None:
        return found
    text = f"tags.`exitsearch.sweep_id` = '{sweep_id}'"
    runs = list(client.search_runs([stored.experiment_id], text, max_results=5000))
    names = {run.info.run_id: _known_as(run) for run in runs}
    for run in runs:
        tags = run.data.tags
        found.setdefault((tags["exitsearch.kind"], _known_as(run)), []).append(
            {
                "status": run.info.status,
                "parent": names.get(tags.get("mlflow.parentRunId")),
                "params": dict(run.data.params),
                "points": {
                    key: sorted(_point(point) for point in client.get_metric_history(run.info.run_id, key))
                    for key in run.data.metrics
                },
                "failure": tags.get("failure"),
            }
        )
    return found


def _known_as(run):
    """The name of a policy; of sweeps and trials, which are named for people, what they are known by."""
    tags = run.data.tags
    known = {"sweep": "exitsearch.sweep", "trial": "exitsearch.trial_id"}.get(tags["exitsearch.kind"])
    return tags[known] if known else run.info.run_name


def expected(journal):
    """What a store must hold once all of a journal's events were delivered."""
    events = journal.events
    name = events[0]["name"]
    parent = _expected_run(None, next(event["params"] for event in events if event["event"] == "started"))
    found = {("sweep", name): [parent]}
    for event in events:
        if event["event"] == "started":
            parent["status"] = "RUNNING"
        elif event["event"] == "stopped":
            parent["status"] = "KILLED"
        elif event["event"] == "finished":
            parent["status"] = "FINISHED"
            for key, value in event["metrics"].items():
                point = _text(0, value, event.get("measured_ms", event["time_ms"]))
                parent["points"][key] = sorted({*parent["points"].get(key, []), point})
        elif event["event"] == "policy":
            run = _expected_run(name, event["params"], status="FINISHED")
            run["points"] = {key: [_text(0, value, event["time_ms"])] for key, value in event["metrics"].items()}
            found["policy", event["name"]] = [run]
    of_trials = sorted((event for event in events if "trial" in event), key=lambda event: event["trial"])
    for trial, group in groupby(of_trials, key=lambda event: event["trial"]):
        found["trial", trial] = [_expected_trial(name, list(group))]
    return found


def _expected_trial(parent, events):
    run = _expected_run(parent, {})
    for event in events:
        if event["event"] == "suggested":
            run["params"] = {key: str(value) for key, value in event["params"].items()}
        elif event["event"] == "reported":
            for key in _LOGGED:
                point = _text(event["metrics"]["epoch"], event["metrics"][key], event["time_ms"])
                run["points"].setdefault(key, []).append(point)
        elif event["event"] == "ended":
            run["status"] = "FAILED" if event["failure"] else "FINISHED"
            run["failure"] = event["failure"] or None
    run["points"] = {key: sorted(points) for key, points in run["points"].items()}
    return run


def _expected_run(parent, params, status="RUNNING"):
    return {
        "status": status,
        "parent": parent,
        "params": {key: str(value) for key, value in params.items()},
        "points": {},
        "failure": None,
    }


def _point(point):
    return _text(point.step, point.value, point.timestamp)


def _text(step, value, time_ms):
    # As text, because a number that is none does not equal itself.
    return f"{step} {float(value)!r} {time_ms}"


@contextmanager
def no_credentials():
    """MLflow's variables are not set, and are as they were afterwards."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("USERNAME", "PASSWORD", "TOKEN"):
            patched.setenv(f"MLFLOW_TRACKING_{name}", "")
            patched.delenv(f"MLFLOW_TRACKING_{name}")
        yield
