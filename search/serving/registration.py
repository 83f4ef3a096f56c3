"""Registering a bundle as a model in MLflow's registry: whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from search.errors import RegistrationError
from search.redaction import redact_uri
from search.serving.description import description_of, model_tags
from search.serving.place import RegistryPlace
from search.serving.saved_model import save_bundle
from search.tracking.connection import connect, find_experiment
from search.tracking.faults import reason_of
from search.tracking.store import KIND_TAG, MODEL_TYPE, POLICY_TAG, SWEEP_ID_TAG
from trainables.export.bundle.bundle import Bundle


CERTIFIED = "certified"
CANDIDATE = "candidate"
KIND = "bundle"
"""Kind of a run that is made for a bundle which no sweep's run can be found of."""
MODEL_TAG = "exitsearch.model"
"""Tag of the run that a model came from: the model's address in the registry."""

_EXISTING = ("RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS")


@dataclass(frozen=True, kw_only=True)
class RegisteredVersion:
    """A version of a model in the registry.

    Attributes:
        name: Name of the model.
        version: Number of the version, from 1.
        alias: Alias that leads to the version from now on: ``certified`` or ``candidate``.
        run_id: The run that it came from: the sweep's own where there is one.
        shown_uri: Address of the store, for people.
    """

    name: str
    version: int
    alias: str
    run_id: str
    shown_uri: str

    @property
    def model_uri(self) -> str:
        """The model's address, which ``mlflow models serve`` and ``mlflow.pyfunc.load_model`` take."""
        return f"models:/{self.name}@{self.alias}"


def register_bundle(bundle: Bundle, place: RegistryPlace, *, name: str | None = None) -> RegisteredVersion:
    """Log a bundle as a model, register it as a new version, and move the alias to it.

    The alias is ``certified`` where the policy is, else ``candidate``; the other one stays where it is.

    Args:
        bundle: What is registered; its folder is copied to the store.
        place: The store, the experiment, and the sweep whose run the model is shown in.
        name: Name of the model in the registry; the bundle's where None.

    Raises:
        RegistrationError: With MLflow's reason, in one line. What was begun is then deleted from the store, as far as
            that can be reached; the bundle is not touched.
    """
    name = name or bundle.manifest.name
    try:
        with ExitStack() as undo:
            registered = _Registration(bundle, place, name, connect(place.uri), undo).register()
            undo.pop_all()
    except Exception as error:
        raise RegistrationError(
            f"{name} could not be registered in MLflow at {redact_uri(place.uri)} ({reason_of(error, place.uri)}); the "
            f"bundle in {bundle.folder} is whole, name another --tracking-uri or --no-register for the next"
        ) from None
    return registered


class _Registration:
    """One bundle on its way to the registry; what is done is undone when ``undo`` is closed."""

    def __init__(self, bundle: Bundle, place: RegistryPlace, name: str, client: MlflowClient, undo: ExitStack) -> None:
        self._bundle, self._place, self._name, self._client, self._undo = bundle, place, name, client, undo
        self._experiment_id = find_experiment(client, place.uri, place.experiment)

    def register(self) -> RegisteredVersion:
        alias = CERTIFIED if self._bundle.manifest.certified else CANDIDATE
        tags = model_tags(self._bundle) | self._policy_run()
        self._make_room()
        run_id = self._run()
        model = self._log(run_id, tags)
        version = self._add_version(model, run_id, tags)
        self._on_failure(self._client.delete_tag, run_id, MODEL_TAG)
        self._client.set_tag(run_id, MODEL_TAG, f"models:/{self._name}/{version}")
        # Last, so that it never leads to a version that is taken back.
        self._client.set_registered_model_alias(self._name, alias, version)
        return RegisteredVersion(
            name=self._name,
            version=int(version),
            alias=alias,
            run_id=run_id,
            shown_uri=redact_uri(self._place.uri),
        )

    def _make_room(self) -> None:
        """The model's name in the registry."""
        try:
            self._client.create_registered_model(self._name)
        except MlflowException as error:
            if str(error.error_code) not in _EXISTING:
                raise
        else:
            self._on_failure(self._remove_empty_model, self._name)

    def _remove_empty_model(self, name: str) -> None:
        """Delete a model unless somebody else has added a version to it meanwhile."""
        if not self._client.get_registered_model(name).latest_versions:
            self._client.delete_registered_model(name)

    def _run(self) -> str:
        """The sweep's own run, or a new one."""
        if self._place.sweep_id is not None:
            found = self._find_run(KIND_TAG, "sweep")
            if found is not None:
                return found
        tags = {KIND_TAG: KIND, POLICY_TAG: self._bundle.policy.policy_hash}
        run = self._client.create_run(self._experiment_id, run_name=self._name, tags=tags)
        run_id = str(run.info.run_id)
        self._on_failure(self._client.delete_run, run_id)
        self._client.set_terminated(run_id)
        return run_id

    def _policy_run(self) -> dict[str, str]:
        """The run of the policy, where the sweep has one."""
        if self._place.sweep_id is None:
            return {}
        run_id = self._find_run(POLICY_TAG, self._bundle.policy.policy_hash)
        sweep = {SWEEP_ID_TAG: self._place.sweep_id}
        return sweep if run_id is None else sweep | {"exitsearch.policy_run": run_id}

    def _find_run(self, tag: str, value: str) -> str | None:
        text = f"tags.`{SWEEP_ID_TAG}` = '{self._place.sweep_id}' and tags.`{tag}` = '{value}'"
        found = self._client.search_runs([self._experiment_id], text, max_results=1)
        return str(found[0].info.run_id) if found else None

    def _log(self, run_id: str, tags: dict[str, str]) -> Any:
        """The bundle as a model of the run."""
        model = self._client.create_logged_model(
            self._experiment_id, name=self._name, source_run_id=run_id, tags=tags, model_type=MODEL_TYPE
        )
        self._on_failure(self._client.delete_logged_model, model.model_id)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            save_bundle(self._bundle, path, model=model, run_id=run_id)
            self._client.log_model_artifacts(model.model_id, str(path))
        self._client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        self._client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
        return model

    def _add_version(self, model: Any, run_id: str, tags: dict[str, str]) -> str:
        version = self._client.create_model_version(
            self._name,
            # Not models:/<id>: a database's registry would look that up in the store of the environment.
            model.artifact_location,
            run_id=run_id,
            tags=tags,
            description=description_of(self._bundle),
            model_id=model.model_id,
        )
        number = str(version.version)
        self._on_failure(self._client.delete_model_version, self._name, number)
        shown = json.dumps([{"name": self._name, "version": number}])
        self._client.set_logged_model_tags(model.model_id, {MLFLOW_MODEL_VERSIONS: shown})
        return number

    def _on_failure(self, step: Callable[..., Any], *arguments: str) -> None:
        self._undo.callback(_quietly, step, *arguments)


def _quietly(step: Callable[..., Any], *arguments: str) -> None:
    # The store that failed may be away; who registers is told of the first failure.
    with suppress(Exception):
        step(*arguments)
