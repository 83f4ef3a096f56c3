"""What of a sweep MLflow should have: it is added to the journal, which is delivered in the background."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import json
import math
import os
from pathlib import Path
from typing import Any

from policies.goals.front import FrontPoint
from policies.goals.objectives import OBJECTIVES
from policies.outline import outline
from policies.qualities import QUALITIES
from search.redaction import redact, redact_text, redact_uri
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Event, Journal
from search.tracking.delivery import Delivery
from search.tracking.naming import policy_name
from search.tracking.notices import TrackingNotices, tell
from search.tracking.receipt import Receipt
from search.tracking.runs import MlflowRuns
from search.tracking.store import POLICY_TAG, TRIAL_TAG, MlflowStore

# Scripts that find a sweep's store take the address from here, where it was before it had to be light to import.
from search.tracking.uri import default_tracking_uri as default_tracking_uri
from search.tracking.view import (
    EXPERIMENT_KEY,
    FRONT_DEPTH,
    VIEW_TAG,
    experiment_view,
    quality_of,
    shown_in,
    sweep_key,
    sweep_view,
    view_lines,
)


PARETO_TAG = "pareto"
COLOUR_TAG = "mlflow.runColor"
"""The colour of a run in MLflow's lists and charts."""
_CERTIFIED_COLOUR = "#1f9d55"
_SELECTED_COLOUR = "#d9822b"
_COLOUR = "#4f7fc4"
# Seconds that a store which is away is given at the end of a sweep, and where the user is waiting for its stop.
FINISH_GRACE = 10.0
ABANDON_GRACE = 3.0
ABANDON_LIMIT = 10.0


class Tracker:
    """Adds what MLflow should have to a sweep's journal, and delivers the journal to it.

    No fault of MLflow reaches the sweep: each is one warning, and what is missing is sent later.

    Args:
        uri: Tracking URI of the MLflow store.
        experiment: Name of the experiment; made if there is none.
        folder: The sweep's files; ``tracking.json`` remembers what was delivered.
        journal: The sweep's journal, which begins with its id.

    Attributes:
        uri: The address as used; it may hold a password.
        shown_uri: The address for people.
    """

    def __init__(self, uri: str, experiment: str, folder: RunFolder, journal: Journal) -> None:
        self.uri = uri
        self.shown_uri = redact_uri(uri)
        self._experiment = experiment
        self._folder = folder
        self._journal = journal
        self._notices = TrackingNotices(uri)
        self._delivery: Delivery | None = None
        self._is_finished = False
        self._store: MlflowStore | None = None
        self._sweep_id = ""

    @property
    def links(self) -> list[tuple[str, str]]:
        """Addresses that open MLflow on the front, each with a label; none where the store has not answered."""
        return [] if self._store is None else view_lines(self.uri, self._store.experiment_id, self._sweep_id)

    @property
    def sweep_id(self) -> str:
        """Identity of the sweep; empty before the start."""
        return self._sweep_id

    def start(self, params: Mapping[str, Any]) -> None:
        """Begin the sweep or go on with it; call before any worker starts.

        Args:
            params: The configuration as JSON values; passwords in it are hidden.

        Raises:
            ValueError: If the journal does not begin with the sweep's id.
        """
        created = self._events("created")
        if not created:
            raise ValueError(f"{self._journal.path} must begin with the event 'created' but has none")
        sweep_id, sweep = str(created[0]["sweep_id"]), str(created[0]["name"])
        self._journal.append("started", params=redact(params))
        store = MlflowStore(self.uri, self._experiment, sweep_id=sweep_id, sweep=sweep)
        runs = MlflowRuns(store, self._folder.path, sweep_id=sweep_id, sweep=sweep, tell=tell)
        receipt = Receipt(self._folder.tracking_file, uri=self.uri, experiment=self._experiment, sweep_id=sweep_id)
        self._name_data(str(params.get("workload", "")))
        self._add_views(sweep_id)
        self._store, self._sweep_id = store, sweep_id
        self._delivery = Delivery(self._journal, runs, receipt, self._notices)
        if store.is_sqlite:
            # Several processes that create one database at once spoil it.
            self._delivery.connect()
        self._delivery.start()

    def log_front(self, front: Iterable[FrontPoint]) -> None:
        """Add policies that are not in the journal yet; of each it is known whether it was selected."""
        known = {event.get("policy_hash") for event in self._events("policy")}
        for point in front:
            if point.policy.policy_hash not in known:
                self._journal.append("policy", **_policy_facts(point))

    def finish(
        self,
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        artifacts: Iterable[Path],
        *,
        model: Mapping[str, Any] | None = None,
    ) -> None:
        """Add the sweep's own figures, and wait until the store has everything or is seen to be away.

        Args:
            metrics: Figures; those that are not finite are left out.
            tags: Marks of the sweep's run.
            artifacts: Files in the run folder to attach.
            model: The model that the run leads to, as :func:`~search.tracking.model.selected_model` states it; None for
                none.
        """
        self._add_views(self._sweep_id)
        facts: dict[str, Any] = {"tags": redact(tags), **self._facts(metrics, artifacts)}
        if model is not None:
            facts["model"] = redact(model)
        earlier = self._events("finished")[-1:]
        if earlier and earlier[0]["metrics"] == facts["metrics"]:
            # The same figures again are the same points, not further ones.
            facts["measured_ms"] = earlier[0].get("measured_ms", earlier[0]["time_ms"])
        self._journal.append("finished", **facts)
        self._is_finished = True
        self._drain(FINISH_GRACE)

    def fail(self, reason: str, metrics: Mapping[str, float], artifacts: Iterable[Path]) -> None:
        """Note that the sweep has failed for good, and why, and wait until the store knows or is seen to be away.

        Args:
            reason: Why, for a person.
            metrics: Figures; those that are not finite are left out.
            artifacts: Files in the run folder to attach.
        """
        self._journal.append("failed", reason=redact_text(reason, self.uri), **self._facts(metrics, artifacts))
        self._is_finished = True
        self._drain(FINISH_GRACE)

    def abandon(self, reason: str = "") -> None:
        """Note that the sweep stopped before its end, and wait a little until the store knows; it may be resumed."""
        if self._delivery is None:
            return
        try:
            if not self._is_finished:
                self._journal.append("stopped", reason=redact_text(reason, self.uri))
        except OSError as error:
            # It is being stopped for another reason, which the user should see.
            tell(f"the stop of the sweep is not in its journal ({error})")
        self._drain(ABANDON_GRACE, ABANDON_LIMIT)

    def _add_views(self, sweep_id: str) -> None:
        """Add how MLflow's page shows the sweep, and the experiment, unless that is what it was told last."""
        shown = shown_in(self._journal.events)
        views = {sweep_key(sweep_id): sweep_view(shown, sweep_id), EXPERIMENT_KEY: experiment_view(shown)}
        told = {event["key"]: event["value"] for event in self._events("view")}
        for name, value in views.items():
            if told.get(VIEW_TAG + name) != value:
                self._journal.append("view", key=VIEW_TAG + name, value=value)

    def _name_data(self, workload: str) -> None:
        """Add which data each split is, by the digests in ``environment.json``; nothing where there are none."""
        try:
            found = json.loads(self._folder.environment_file.read_text())
            hashes, sizes = found["split_hashes"], found["split_sizes"]
        except (OSError, ValueError, KeyError):
            return
        datasets = [
            {"name": workload or "data", "split": split, "digest": digest, "n_samples": sizes.get(split)}
            for split, digest in hashes.items()
        ]
        if [event["datasets"] for event in self._events("data")][-1:] != [datasets]:
            self._journal.append("data", datasets=datasets)

    def _facts(self, metrics: Mapping[str, float], artifacts: Iterable[Path]) -> dict[str, Any]:
        """Figures and files, as JSON values."""
        return {
            "metrics": {key: float(value) for key, value in metrics.items() if math.isfinite(value)},
            "artifacts": [Path(os.path.relpath(path, self._folder.path)).as_posix() for path in artifacts],
        }

    def _drain(self, grace: float, limit: float = math.inf) -> None:
        if self._delivery is not None:
            self._delivery.drain(grace, limit)
            self._notices.ended(self._delivery.n_missing, self._folder.name)
            self._delivery = None

    def _events(self, kind: str) -> list[Event]:
        return [event for event in self._journal.events if event["event"] == kind]


def _policy_facts(point: FrontPoint) -> dict[str, Any]:
    shown = (*QUALITIES, *(one.column for one in OBJECTIVES.values()))
    metrics = {key: point.figures[key] for key in shown if key in point.figures}
    quality = quality_of(metrics)
    certified, selected = bool(point.certified), bool(point.selected)
    return {
        "name": policy_name(point.rule, point.figures, quality=quality, certified=certified),
        "policy_hash": point.policy.policy_hash,
        "tags": {
            PARETO_TAG: "true",
            POLICY_TAG: point.policy.policy_hash,
            TRIAL_TAG: point.network,
            "network": point.network,
            "rule": point.rule,
            "feasible": str(point.feasible).lower(),
            "certified": "not tested" if point.certified is None else str(point.certified).lower(),
            "selected": str(point.selected).lower(),
            COLOUR_TAG: _CERTIFIED_COLOUR if certified else _SELECTED_COLOUR if selected else _COLOUR,
        },
        "metrics": metrics | ({FRONT_DEPTH: metrics["mean_depth"]} if "mean_depth" in metrics else {}),
        "params": {"trial_id": point.network, **outline(point.policy)},
    }
