"""One sweep's runs in one MLflow store, found by their tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import DatasetInput, LoggedModelOutput, LoggedModelStatus, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_IS_EXTERNAL, MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from search.tracking.connection import connect, find_experiment
from search.tracking.naming import run_name


KIND_TAG = "exitsearch.kind"
SWEEP_TAG = "exitsearch.sweep"
SWEEP_ID_TAG = "exitsearch.sweep_id"
TRIAL_TAG = "exitsearch.trial_id"
POLICY_TAG = "exitsearch.policy_hash"
MODEL_KIND = "selected"
"""Kind of the model that a sweep's run leads to."""
MODEL_TYPE = "early-exit"
"""What MLflow calls the type of such models."""
SUPERSEDED_TAG = "exitsearch.superseded"
"""Tag of a model that the sweep found before it found another one."""
_MODEL_TAG = "exitsearch.selected"

# What tells the runs of a kind apart.
_IDENTITY_TAGS = {"sweep": SWEEP_ID_TAG, "trial": TRIAL_TAG, "policy": POLICY_TAG}
_PAGE = 500
_PER_REQUEST = 100


@dataclass
class StoredRun:
    """What is known of a run.

    Attributes:
        run_id: Identity that MLflow gave the run.
        status: State of the run as MLflow names it, such as RUNNING.
        n_params: Number of parameters that the run has.
        parent_id: The run that it is shown under; empty for the sweep's own.
        start_ms: When the run began, in milliseconds since 1970.
    """

    run_id: str
    status: str = "RUNNING"
    n_params: int = 0
    parent_id: str = ""
    start_ms: int = 0


class MlflowStore:
    """Reads and writes the runs of one sweep; every method may raise what MLflow raises.

    Args:
        uri: Tracking URI of the MLflow store.
        experiment: Name of the experiment; made if there is none.
        sweep_id: Tells this sweep's runs from all others.
        sweep: Name of the sweep.

    Attributes:
        uri: The tracking URI.
        experiment_id: Identity of the experiment in the store; empty before that was opened.
    """

    def __init__(self, uri: str, experiment: str, *, sweep_id: str, sweep: str) -> None:
        self.uri = uri
        self._experiment = experiment
        self._sweep_id = sweep_id
        self._sweep = sweep
        self._runs: dict[tuple[str, str], StoredRun] = {}
        self.experiment_id = ""

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a file that this process creates."""
        return self.uri.startswith("sqlite:")

    def open(self) -> None:
        """Connect, creating a database and the experiment where there are none, and read which runs there are."""
        self._client = connect(self.uri)
        self.experiment_id = find_experiment(self._client, self.uri, self._experiment)
        self._runs = self._read_runs()
        self._adopt()

    def find(self, kind: str, identity: str) -> StoredRun | None:
        """The run of a trial or a policy, or the sweep's own with its id as identity; None where there is none."""
        return self._runs.get((kind, identity))

    def create(self, kind: str, identity: str, *, name: str, start_ms: int, tags: Mapping[str, str]) -> StoredRun:
        """Make a run that is marked as this sweep's."""
        parent = self.find("sweep", self._sweep_id)
        parent_id = parent.run_id if parent and kind != "sweep" else ""
        marks = {MLFLOW_PARENT_RUN_ID: parent_id} if parent_id else {}
        marks |= {KIND_TAG: kind, SWEEP_TAG: self._sweep, SWEEP_ID_TAG: self._sweep_id, _IDENTITY_TAGS[kind]: identity}
        run = self._client.create_run(
            self.experiment_id, start_time=start_ms, tags={**tags, MLFLOW_RUN_NAME: run_name(name), **marks}
        )
        stored = StoredRun(str(run.info.run_id), parent_id=parent_id, start_ms=start_ms)
        self._runs[kind, identity] = stored
        if kind == "sweep":
            self._adopt()
        return stored

    def log(
        self,
        run: StoredRun,
        *,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
    ) -> None:
        """Write to a run, in as few requests as MLflow allows; points that are there already are left as they are.

        Args:
            run: Run that is written to.
            metrics: Figures to write, at most 800: one request takes them all, so that they are written together or not
                at all.
            params: Parameters to write, any number of them.
            tags: Tags to write, at most as many as one request takes.
        """
        head, rest = params[:_PER_REQUEST], params[_PER_REQUEST:]
        while rest:
            self._client.log_batch(run.run_id, params=rest[:_PER_REQUEST])
            rest = rest[_PER_REQUEST:]
        self._client.log_batch(run.run_id, metrics=metrics, params=head, tags=tags)
        run.n_params = max(run.n_params, len(params))

    def reopen(self, run: StoredRun) -> None:
        """Mark a run as running."""
        if run.status != "RUNNING":
            self._client.update_run(run.run_id, status="RUNNING")
            run.status = "RUNNING"

    def close(self, run: StoredRun, status: str, end_ms: int) -> None:
        """Mark a run as ended."""
        self._client.set_terminated(run.run_id, status=status, end_time=end_ms)
        run.status = status

    def upload(self, run: StoredRun, path: Path) -> None:
        """Attach a file."""
        self._client.log_artifact(run.run_id, str(path))

    def link_model(
        self, run: StoredRun, *, name: str, identity: str, tags: Mapping[str, str], params: Mapping[str, str]
    ) -> None:
        """Make a run's model, whose files are the run's own; the same model again changes nothing.

        Args:
            run: Run that found the model.
            name: Name of the model, for people.
            identity: What tells the model from another one that the sweep found before, which is marked as superseded.
            tags: Marks of the model.
            params: Parameters of the model.
        """
        mine = f"tags.`{SWEEP_ID_TAG}` = '{self._sweep_id}' AND tags.`{KIND_TAG}` = '{MODEL_KIND}'"
        found = self._client.search_logged_models([self.experiment_id], mine)
        same = [one for one in found if (one.tags.get(_MODEL_TAG), one.source_run_id) == (identity, run.run_id)]
        for one in found:
            if one in same[1:]:
                # Made once more because an answer was lost; no run leads to it.
                self._client.delete_logged_model(one.model_id)
            elif one not in same:
                self._client.set_logged_model_tags(one.model_id, {SUPERSEDED_TAG: "true"})
        marks = {KIND_TAG: MODEL_KIND, SWEEP_TAG: self._sweep, SWEEP_ID_TAG: self._sweep_id, _MODEL_TAG: identity}
        marks[MLFLOW_MODEL_IS_EXTERNAL] = "true"
        model = (
            same[0]
            if same
            else self._client.create_logged_model(
                self.experiment_id,
                name=name,
                source_run_id=run.run_id,
                tags={**tags, **marks},
                params=dict(params),
                model_type=MODEL_TYPE,
            )
        )
        if model.status != LoggedModelStatus.READY:
            self._client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        outputs = self._client.get_run(run.run_id).outputs
        if all(one.model_id != model.model_id for one in (outputs.model_outputs if outputs else [])):
            self._client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, step=0)])

    def set_experiment_tag(self, key: str, value: str) -> None:
        """Mark the experiment; the same mark again changes nothing."""
        self._client.set_experiment_tag(self.experiment_id, key, value)

    def log_datasets(self, run: StoredRun, datasets: Sequence[DatasetInput]) -> None:
        """Name the data that a run is about; what is named already is not named twice."""
        self._client.log_inputs(run.run_id, datasets=list(datasets))

    def touch(self) -> None:
        """Write what is there already, to see whether anything can be written."""
        run = self.find("sweep", self._sweep_id)
        if run is None:
            raise MlflowException("the sweep has no run, so nothing can be written")
        self._client.set_tag(run.run_id, SWEEP_TAG, self._sweep)

    def _read_runs(self) -> dict[tuple[str, str], StoredRun]:
        """All runs of the sweep. One that is there twice, because an answer was lost, is deleted."""
        found: dict[tuple[str, str], tuple[int, StoredRun]] = {}
        surplus = []
        for run in self._search():
            kind = run.data.tags.get(KIND_TAG, "")
            if kind not in _IDENTITY_TAGS:
                continue
            key = (kind, run.data.tags.get(_IDENTITY_TAGS[kind], ""))
            new = (len(run.data.metrics) + len(run.data.params) + len(run.data.tags), _stored(run))
            if key in found:
                fuller, emptier = (new, found[key]) if new[0] > found[key][0] else (found[key], new)
                surplus.append(emptier[1].run_id)
                new = fuller
            found[key] = new
        for run_id in surplus:
            self._client.delete_run(run_id)
        return {key: run for key, (_, run) in found.items()}

    def _search(self) -> Iterator[Any]:
        text = f"tags.`{SWEEP_ID_TAG}` = '{self._sweep_id}'"
        token = None
        while True:
            page = self._client.search_runs([self.experiment_id], text, max_results=_PAGE, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _adopt(self) -> None:
        """Show all runs under the sweep's own, also those of one that somebody deleted."""
        parent = self.find("sweep", self._sweep_id)
        if parent is None:
            return
        for (kind, _), run in self._runs.items():
            if kind != "sweep" and run.parent_id != parent.run_id:
                self._client.set_tag(run.run_id, MLFLOW_PARENT_RUN_ID, parent.run_id)
                run.parent_id = parent.run_id


def _stored(run: Any) -> StoredRun:
    return StoredRun(
        run_id=str(run.info.run_id),
        status=str(run.info.status),
        n_params=len(run.data.params),
        parent_id=run.data.tags.get(MLFLOW_PARENT_RUN_ID, ""),
        start_ms=int(run.info.start_time or 0),
    )
