"""From the events of a sweep's journal to its runs in MLflow. An event that was applied before changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
import json
from pathlib import Path
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_RUN_NAME, MLFLOW_RUN_NOTE
from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH

from policies.qualities import QUALITIES
from search.redaction import redact, redact_text
from search.run_folder.journal import Event
from search.tracking.description import EXPERIMENT_MARK, RUN_MARK
from search.tracking.faults import Fault, fault_of, reason_of
from search.tracking.naming import as_text, mlflow_key, model_name, run_name, trial_name
from search.tracking.store import MlflowStore, StoredRun
from trainables.tasks import TRAINING_TASKS


_METRIC_PREFIXES = (
    *("accuracy", "mean_depth", "mean_cost", "mean_latency_ms", "depth_at_target", "objective_at_target", "violation"),
    *(name for name in QUALITIES if name != "accuracy"),
    "train_loss",
    *(f"{name}_exit_" for task in TRAINING_TASKS.values() for name in task.exit_figure_names),
)
_METRICS = ("epoch", "seconds")
_METRICS_PER_REQUEST = 800
_TAG_LENGTH = 5000
# MLflow takes no longer digests.
_DIGEST_LENGTH = 32
_UPLOAD_ATTEMPTS = 3


@dataclass
class _Waiting:
    """What will be written to one run in one request."""

    run: StoredRun
    metrics: list[Metric] = field(default_factory=list)
    params: list[Param] = field(default_factory=list)
    tags: list[RunTag] = field(default_factory=list)


class MlflowRuns:
    """Applies events to a store: one parent run a sweep, one child a trial, one child a front policy.

    Args:
        store: Store of the sweep's MLflow runs.
        folder: Folder of the sweep, in which artifacts lie.
        sweep_id: Identity of the sweep, which its runs carry as a tag.
        sweep: Name of the sweep.
        tell: Takes a line that the user should see.
    """

    def __init__(
        self, store: MlflowStore, folder: Path, *, sweep_id: str, sweep: str, tell: Callable[[str], None]
    ) -> None:
        self._store = store
        self._folder = folder
        self._sweep_id = sweep_id
        self._sweep = sweep
        self._tell = tell
        self._waiting: dict[str, _Waiting] = {}
        self._failed_uploads: dict[str, int] = {}

    def connect(self) -> bool:
        """Open the store and read which runs there are; False where it does not have the sweep."""
        self._waiting.clear()
        self._store.open()
        return self._store.find("sweep", self._sweep_id) is not None

    def apply(self, events: Sequence[Event]) -> None:
        """Write events that follow each other; what goes to the same run goes together.

        Raises:
            Exception: What MLflow raises. Some of the events may have been written then: connect, and apply them again.
        """
        kinds = {
            "started": self._start,
            "view": self._set_view,
            "data": self._name_data,
            "suggested": self._suggest,
            "reported": self._report,
            "ended": self._end,
            "policy": self._add_policy,
            "finished": self._finish,
            "failed": self._fail,
            "stopped": self._stop,
        }
        self._waiting.clear()
        for event in events:
            if event["event"] in kinds:
                kinds[event["event"]](event)
        for waiting in list(self._waiting.values()):
            self._send(waiting.run)

    def probe(self) -> None:
        """Write something that changes nothing; raises where the store takes nothing at all."""
        self._store.touch()

    def _start(self, event: Event) -> None:
        run = self._parent(event)
        params = _params(event["params"])
        # What the sweep was started with first; a resumption may run it on other resources.
        is_first = run.n_params == 0 or run.start_ms == event["time_ms"]
        if is_first and run.n_params < len(params):
            self._waiting_for(run).params = params
            self._send(run)
        self._store.reopen(run)

    def _set_view(self, event: Event) -> None:
        self._parent(event)
        self._store.set_experiment_tag(str(event["key"]), str(event["value"]))

    def _name_data(self, event: Event) -> None:
        inputs = [_dataset(**facts) for facts in event["datasets"]]
        self._store.log_datasets(self._parent(event), inputs)

    def _suggest(self, event: Event) -> None:
        run = self._trial(event, trial_name(str(event["trial"]), redact(event["params"])))
        params = _params(event["params"])
        if run.n_params < len(params):
            self._waiting_for(run).params = params

    def _report(self, event: Event) -> None:
        run = self._trial(event)
        values = {key: value for key, value in event["metrics"].items() if _is_metric(key)}
        # One report's points are never spread over two requests.
        if len(self._waiting_for(run).metrics) + len(values) > _METRICS_PER_REQUEST:
            self._send(run)
        self._waiting_for(run).metrics += _metrics(values, event["time_ms"], int(event["metrics"]["epoch"]))

    def _end(self, event: Event) -> None:
        run = self._trial(event)
        failure = str(event.get("failure") or "")
        if failure:
            self._waiting_for(run).tags.append(_tag("failure", failure))
        self._send(run)
        status = "FAILED" if failure else "FINISHED"
        if run.status != status:
            self._store.close(run, status, event["time_ms"])

    def _add_policy(self, event: Event) -> None:
        identity, time_ms = str(event["policy_hash"]), event["time_ms"]
        self._parent(event)
        run = self._store.find("policy", identity)
        if run is None:
            tags = {tag.key: tag.value for tag in _tags(event["tags"])}
            run = self._store.create("policy", identity, name=str(event["name"]), start_ms=time_ms, tags=tags)
        if run.status == "FINISHED":
            return
        waiting = self._waiting_for(run)
        waiting.metrics = _metrics(event["metrics"], time_ms, 0)
        waiting.params = _params(event["params"])
        self._send(run)
        self._store.close(run, "FINISHED", time_ms)

    def _finish(self, event: Event) -> None:
        run = self._parent(event)
        waiting = self._waiting_for(run)
        # A sweep that is finished a second time with the same figures has the same points.
        waiting.metrics = _metrics(event["metrics"], int(event.get("measured_ms") or event["time_ms"]), 0)
        places = {EXPERIMENT_MARK: self._store.experiment_id, RUN_MARK: run.run_id}
        waiting.tags = _tags(event["tags"], places)
        self._send(run)
        for name in event["artifacts"]:
            self._upload(run, str(name))
        # Journals of earlier versions name none.
        if event.get("model"):
            self._link_model(run, event["model"])
        self._store.close(run, "FINISHED", event["time_ms"])

    def _fail(self, event: Event) -> None:
        run = self._parent(event)
        waiting = self._waiting_for(run)
        waiting.metrics = _metrics(event["metrics"], event["time_ms"], 0)
        waiting.tags = [_tag("failure", event["reason"])]
        self._send(run)
        for name in event["artifacts"]:
            self._upload(run, str(name))
        self._store.close(run, "FAILED", event["time_ms"])

    def _stop(self, event: Event) -> None:
        self._store.close(self._parent(event), "KILLED", event["time_ms"])

    def _parent(self, event: Event) -> StoredRun:
        run = self._store.find("sweep", self._sweep_id)
        return run or self._store.create("sweep", self._sweep_id, name=self._sweep, start_ms=event["time_ms"], tags={})

    def _trial(self, event: Event, name: str = "") -> StoredRun:
        self._parent(event)
        trial = str(event["trial"])
        run = self._store.find("trial", trial)
        return run or self._store.create("trial", trial, name=name or trial, start_ms=event["time_ms"], tags={})

    def _waiting_for(self, run: StoredRun) -> _Waiting:
        return self._waiting.setdefault(run.run_id, _Waiting(run))

    def _send(self, run: StoredRun) -> None:
        waiting = self._waiting.pop(run.run_id, None)
        if waiting and (waiting.metrics or waiting.params or waiting.tags):
            self._store.log(run, metrics=waiting.metrics, params=waiting.params, tags=waiting.tags)

    def _upload(self, run: StoredRun, name: str) -> None:
        """Attach a file; what cannot be attached must not keep the sweep's run open for ever."""
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder.resolve()) or not path.is_file():
            self._tell(f"{name} is not attached to the sweep's MLflow run: there is no such file in {self._folder}")
            return
        self._add(name, "attached to", lambda: self._store.upload(run, path))

    def _link_model(self, run: StoredRun, model: Mapping[str, Any]) -> None:
        """Have the run lead to the model that the sweep selected; a store that knows no models must do without."""
        tags = {tag.key: tag.value for tag in _tags(model["tags"])}
        params = {param.key: param.value for param in _params(model["params"])}
        name, identity = model_name(str(model["name"])), str(model["identity"])
        link = partial(self._store.link_model, run, name=name, identity=identity, tags=tags, params=params)
        self._add("the selected model", "linked with", link)

    def _add(self, name: str, done: str, add: Callable[[], None]) -> None:
        """Add something to the sweep's run that it can do without, once the store has refused it a few times."""
        try:
            add()
        except Exception as error:
            attempts = self._failed_uploads[name] = self._failed_uploads.get(name, 0) + 1
            if fault_of(error) is not Fault.EVENT and attempts < _UPLOAD_ATTEMPTS:
                raise
            reason = reason_of(error, self._store.uri)
            self._tell(
                f"{name} could not be {done} the sweep's MLflow run ({reason}); "
                f"--resume --name {self._sweep} tries again"
            )


def _is_metric(key: str) -> bool:
    return key in _METRICS or key.startswith(_METRIC_PREFIXES)


def _metrics(values: Mapping[str, Any], time_ms: int, step: int) -> list[Metric]:
    return [
        Metric(key, float(value), time_ms, step) for key, value in values.items() if isinstance(value, (int, float))
    ]


def _params(values: Mapping[str, Any]) -> list[Param]:
    # Fitted rules have long parameters; the policy itself is in the front's table.
    texts = {mlflow_key(key): as_text(str(value), MAX_PARAM_VAL_LENGTH) for key, value in redact(values).items()}
    return [Param(key, text) for key, text in texts.items()]


def _tags(values: Mapping[str, Any], places: Mapping[str, str] | None = None) -> list[RunTag]:
    """Tags; marks in a run's description are replaced by what the store calls these places."""
    texts = redact(values)
    if MLFLOW_RUN_NOTE in texts:
        for mark, place in (places or {}).items():
            texts[MLFLOW_RUN_NOTE] = str(texts[MLFLOW_RUN_NOTE]).replace(mark, place)
    if MLFLOW_RUN_NAME in texts:
        texts[MLFLOW_RUN_NAME] = run_name(str(texts[MLFLOW_RUN_NAME]))
    return [_tag(key, value) for key, value in texts.items()]


def _dataset(name: str, split: str, digest: str, n_samples: int | None) -> DatasetInput:
    profile = None if n_samples is None else json.dumps({"num_rows": n_samples})
    dataset = Dataset(name, digest[:_DIGEST_LENGTH], "exitsearch", json.dumps({"split": split}), profile=profile)
    return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, split)])


def _tag(key: str, value: Any) -> RunTag:
    return RunTag(mlflow_key(key), as_text(redact_text(str(value)), _TAG_LENGTH))
