"""What a sweep came to, in a form in which a disturbed one can be compared with an undisturbed one."""

from collections import Counter
from dataclasses import dataclass
import json
from pathlib import Path

from mlflow.tracking import MlflowClient
import pandas as pd

from search.config.files import load_sweep
from search.run_folder.journal import Journal
from search.trials.log import TrialLog
from search.tuning.searcher import ConstrainedSearch


@dataclass(frozen=True)
class Outcome:
    """Everything that must not depend on disturbances.

    Attributes:
        params: Of each trial.
        results: Last report of each trial, without its time.
        steps: Epochs in MLflow of each trial, in order.
        statuses: How many MLflow runs of each kind have each status.
        front: The front as CSV.
        policies: Accuracy and mean depth of each policy run in MLflow, sorted.
        summary: Trial counts and the selected policy.
        states: How many trials Optuna's study has in each state.
    """

    params: dict
    results: dict
    steps: dict
    statuses: dict
    front: str
    policies: list
    summary: dict
    states: dict


def outcome_of(folder: Path, uri: str) -> Outcome:
    """Read the files and the MLflow runs of a finished sweep, and check what must hold of any."""
    with Journal(folder / "journal.jsonl") as journal:
        log = TrialLog(journal)
        kinds = Counter((event["event"], event.get("trial")) for event in journal.events)
        study = ConstrainedSearch(load_sweep(str(folder / "sweep.yaml"), []), log).study
    for trial_id in log.trials:
        assert kinds["suggested", trial_id] == kinds["ended", trial_id] == 1
    runs = _runs(uri, folder.name)
    summary = json.loads((folder / "summary.json").read_text())
    return Outcome(
        params={trial.trial_id: trial.params for trial in log.trials.values()},
        results={
            trial.trial_id: {key: value for key, value in trial.result.items() if key != "seconds"}
            for trial in log.trials.values()
        },
        steps={
            run.data.tags["exitsearch.trial_id"]: _steps(uri, run)
            for run in runs
            if run.data.tags["exitsearch.kind"] == "trial"
        },
        statuses=dict(Counter((run.data.tags["exitsearch.kind"], run.info.status) for run in runs)),
        front=pd.read_csv(folder / "pareto_front.csv").to_csv(),
        policies=sorted(
            (run.data.metrics["accuracy"], run.data.metrics["mean_depth"])
            for run in runs
            if run.data.tags["exitsearch.kind"] == "policy"
        ),
        summary={key: _unmeasured(summary[key]) for key in ("trials", "selected", "certified", "front_size")},
        states=dict(Counter(trial.state.name for trial in study.trials)),
    )


def _unmeasured(value):
    """Without the times that are measured anew."""
    if not isinstance(value, dict):
        return value
    return {key: _unmeasured(inner) for key, inner in value.items() if key != "mean_latency_ms"}


def _runs(uri, name):
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("exitsearch").experiment_id
    return client.search_runs([experiment], f"tags.`exitsearch.sweep` = '{name}'", max_results=1000)


def _steps(uri, run):
    history = MlflowClient(tracking_uri=uri).get_metric_history(run.info.run_id, "accuracy")
    return [point.step for point in history]
