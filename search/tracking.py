"""MLflow: one parent run a sweep, one child a trial, one child a front policy. Written from the driver only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
import functools
import json
import logging
import math
import os
from pathlib import Path
import textwrap
import time
from typing import Any, Concatenate, ParamSpec, cast
import warnings

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH
import pandas as pd

from search.callbacks import TrialReport
from search.result_files import write_json
from search.run_folder import RunFolder


KIND_TAG = "exitsearch.kind"
SWEEP_TAG = "exitsearch.sweep"
TRIAL_TAG = "exitsearch.trial_id"
POLICY_TAG = "exitsearch.policy_hash"
PARETO_TAG = "pareto"
_METRIC_PREFIXES = ("accuracy", "mean_depth", "mean_cost", "depth_at_target", "ece_exit_", "train_loss")
_METRICS = ("epoch", "seconds")
_PAGE = 1000

P = ParamSpec("P")


class TrackingWarning(UserWarning):
    """MLflow could not be written to; the sweep goes on without it."""


def default_tracking_uri() -> str:
    """An absolute SQLite address in the working folder."""
    return f"sqlite:///{Path.cwd() / 'mlflow.db'}"


def _never_fatal(
    method: Callable[Concatenate[Tracker, P], None],
) -> Callable[Concatenate[Tracker, P], None]:
    """An MLflow error costs a warning and the rest of the tracking, never a trial."""

    @functools.wraps(method)
    def guarded(self: Tracker, *args: P.args, **kwargs: P.kwargs) -> None:
        if not self.works:
            return
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            self.works = False
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            warnings.warn(
                f"MLflow at {self.uri} cannot be written to ({reason}); the sweep goes on, and all of its results are "
                f"in {self._folder.path}",
                TrackingWarning,
                stacklevel=2,
            )

    return cast("Callable[Concatenate[Tracker, P], None]", guarded)


class Tracker:
    """Writes one sweep to MLflow; picks up its own runs again when the sweep is resumed.

    Args:
        uri: Tracking URI.
        experiment: Name of the experiment; made if there is none.
        folder: The sweep's files; ``tracking.json`` remembers the parent run.
    """

    def __init__(self, uri: str, experiment: str, folder: RunFolder) -> None:
        self.uri = uri
        self.works = True
        self.parent_id = ""
        self._experiment = experiment
        self._folder = folder
        self._children: dict[str, str] = {}
        self._last_epoch: dict[str, int] = {}
        self._ended: set[str] = set()

    @_never_fatal
    def start(self, params: Mapping[str, Any]) -> None:
        """Create the database and the parent run, or find both again; call before any worker starts."""
        # A server that is down must not hold the sweep up for minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        self._client = MlflowClient(tracking_uri=self.uri)
        self._experiment_id = self._find_experiment()
        if not self._continue_parent():
            run = self._client.create_run(
                self._experiment_id,
                run_name=self._folder.name,
                tags={KIND_TAG: "sweep", SWEEP_TAG: self._folder.name},
            )
            self.parent_id = run.info.run_id
            write_json(self._folder.tracking_file, {"uri": self.uri, "run_id": self.parent_id})
            self._client.log_batch(self.parent_id, params=_params(params))
        self._client.update_run(self.parent_id, status="RUNNING")

    @_never_fatal
    def sweep_began(self, finished: Sequence[TrialReport], known: Set[str]) -> None:
        """After a resumption: close the runs of finished trials, and delete those of trials that Tune never saved.

        Tune suggests such a trial again under another id, so its run would be there twice.
        """
        for trial_id in set(self._children) - known:
            self._client.delete_run(self._children.pop(trial_id))
        for report in finished:
            if report.trial_id not in self._ended:
                self._end(report)

    @_never_fatal
    def trial_reported(self, report: TrialReport) -> None:
        """Add one metric point per report to the trial's run; a repeated epoch is not logged twice."""
        run_id = self._trial_run(report)
        epoch = int(report.result["epoch"])
        if epoch <= self._last_epoch.get(report.trial_id, 0):
            return
        now = int(time.time() * 1000)
        metrics = [Metric(key, float(value), now, epoch) for key, value in report.result.items() if _is_metric(key)]
        self._client.log_batch(run_id, metrics=metrics)
        self._last_epoch[report.trial_id] = epoch

    @_never_fatal
    def trial_ended(self, report: TrialReport) -> None:
        """Close the trial's run as finished, or as failed with the reason."""
        self._end(report)

    @_never_fatal
    def log_front(self, front: pd.DataFrame) -> None:
        """Make one run per front policy, tagged ``pareto=true``, with accuracy, mean depth and mean cost as metrics."""
        known = {run.data.tags.get(POLICY_TAG) for run in self._runs_of_kind("policy")}
        for position, row in enumerate(front.itertuples(), start=1):
            if row.policy.policy_hash not in known:
                self._log_policy(position, row)

    @_never_fatal
    def log_artifacts(self, paths: Iterable[Path]) -> None:
        """Attach files to the parent run."""
        for path in paths:
            self._client.log_artifact(self.parent_id, str(path))

    @_never_fatal
    def finish(self, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
        """Write the sweep's own figures and close the parent run."""
        now = int(time.time() * 1000)
        self._client.log_batch(
            self.parent_id,
            metrics=[Metric(key, value, now, 0) for key, value in metrics.items() if math.isfinite(value)],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )
        self._client.set_terminated(self.parent_id, status="FINISHED")

    @_never_fatal
    def abandon(self) -> None:
        """Close the parent run as killed: the sweep stopped before its end and may be resumed."""
        self._client.set_terminated(self.parent_id, status="KILLED")

    def _find_experiment(self) -> str:
        experiment = self._client.get_experiment_by_name(self._experiment)
        if experiment is not None:
            return str(experiment.experiment_id)
        location = None
        if self.uri.startswith("sqlite:///"):
            location = (Path(self.uri.removeprefix("sqlite:///")).absolute().parent / "mlflow-artifacts").as_uri()
        return str(self._client.create_experiment(self._experiment, artifact_location=location))

    def _continue_parent(self) -> bool:
        if not self._folder.tracking_file.is_file():
            return False
        stored = json.loads(self._folder.tracking_file.read_text())
        if stored.get("uri") != self.uri:
            return False
        self.parent_id = str(stored["run_id"])
        for run in self._runs_of_kind("trial"):
            trial_id = run.data.tags[TRIAL_TAG]
            self._children[trial_id] = run.info.run_id
            self._last_epoch[trial_id] = int(run.data.metrics.get("epoch", 0))
            if run.info.status in {"FINISHED", "FAILED"}:
                self._ended.add(trial_id)
        return True

    def _runs_of_kind(self, kind: str) -> list[Any]:
        text = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.parent_id}' and tags.`{KIND_TAG}` = '{kind}'"
        runs: list[Any] = []
        token = None
        while True:
            page = self._client.search_runs([self._experiment_id], text, max_results=_PAGE, page_token=token)
            runs += page
            token = page.token
            if not token:
                return runs

    def _trial_run(self, report: TrialReport) -> str:
        trial_id = report.trial_id
        if trial_id not in self._children:
            self._children[trial_id] = self._child(f"trial {trial_id}", "trial", {TRIAL_TAG: trial_id})
            self._client.log_batch(self._children[trial_id], params=_params(report.params))
        return self._children[trial_id]

    def _end(self, report: TrialReport) -> None:
        run_id = self._trial_run(report)
        if report.failure:
            self._client.set_tag(run_id, "failure", report.failure)
        self._client.set_terminated(run_id, status="FAILED" if report.failure else "FINISHED")
        self._ended.add(report.trial_id)

    def _log_policy(self, position: int, row: Any) -> None:
        tags = {
            PARETO_TAG: "true",
            POLICY_TAG: row.policy.policy_hash,
            TRIAL_TAG: row.network,
            "feasible": str(row.feasible).lower(),
            "certified": str(row.certified).lower(),
            "selected": str(row.selected).lower(),
        }
        run_id = self._child(f"policy {position}", "policy", tags)
        now = int(time.time() * 1000)
        figures = {"accuracy": row.accuracy, "mean_depth": row.mean_depth, "mean_cost": row.mean_cost}
        self._client.log_batch(
            run_id,
            metrics=[Metric(key, value, now, 0) for key, value in figures.items()],
            params=_params({"trial_id": row.network, **row.policy.to_dict()}),
        )
        self._client.set_terminated(run_id)

    def _child(self, name: str, kind: str, tags: Mapping[str, str]) -> str:
        run = self._client.create_run(
            self._experiment_id,
            tags={
                MLFLOW_RUN_NAME: name,
                MLFLOW_PARENT_RUN_ID: self.parent_id,
                KIND_TAG: kind,
                SWEEP_TAG: self._folder.name,
                **tags,
            },
        )
        return str(run.info.run_id)


def _params(values: Mapping[str, Any]) -> list[Param]:
    # Fitted rules have long parameters; the policy itself is in the front's table.
    return [Param(key, textwrap.shorten(str(value), MAX_PARAM_VAL_LENGTH)) for key, value in values.items()]


def _is_metric(key: str) -> bool:
    return key in _METRICS or key.startswith(_METRIC_PREFIXES)
