"""Reaching an MLflow store: its database or server, and the experiment in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import logging
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlflow.exceptions import MlflowException
from mlflow.store.db.db_types import DATABASE_ENGINES
from mlflow.tracking import MlflowClient
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool


_CREDENTIALS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")

_ARTIFACT_ROOT = "_MLFLOW_SERVER_ARTIFACT_ROOT"

# Who calls tries again by itself; hidden retries could make a run twice.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "PGCONNECT_TIMEOUT": "20",
}


def connect(uri: str) -> MlflowClient:
    """A client of a store; an SQLite file is created where there is none.

    Raises:
        Exception: What a database raises that is away, at once.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    # Faults are reported by us, once and without a traceback.
    for name in ("mlflow", "psycopg"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _reach_database(uri)
    with _no_stray_folders(uri):
        return MlflowClient(tracking_uri=_without_credentials(uri))


@contextmanager
def _no_stray_folders(uri: str) -> Iterator[None]:
    """Take away the empty folders that MLflow makes where an address, read as a path, seems to lie.

    MLflow also puts the folder of its own default experiment into a statement as text, which quotes in a name break.
    """
    file = _database_file(uri)
    if file is None:
        yield
        return
    own = os.environ.get(_ARTIFACT_ROOT)
    os.environ[_ARTIFACT_ROOT] = own or (file.parent / "mlruns").as_uri()
    seeming = Path(uri.removeprefix("sqlite:///")).parent
    new = [folder for folder in (seeming, *seeming.parents) if not folder.exists()]
    try:
        yield
    finally:
        if own is None:
            del os.environ[_ARTIFACT_ROOT]
        for folder in new:
            with suppress(OSError):
                folder.rmdir()


def find_experiment(client: MlflowClient, uri: str, name: str) -> str:
    """The id of an experiment, which is made where there is none; files of an SQLite store go beside its file.

    Raises:
        MlflowException: If it was deleted, or cannot be made.
    """
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return str(client.create_experiment(name, artifact_location=_artifact_location(uri)))
    if experiment.lifecycle_stage != "active":
        raise MlflowException(
            f"the experiment {name!r} was deleted there; restore it with mlflow experiments restore "
            f"--experiment-id {experiment.experiment_id}, or choose another tracking.experiment"
        )
    return str(experiment.experiment_id)


def _artifact_location(uri: str) -> str | None:
    file = _database_file(uri)
    return None if file is None else (file.parent / "mlflow-artifacts").as_uri()


def _reach_database(uri: str) -> None:
    """Fail at once where a database is away; MLflow by itself tries for minutes and holds up the sweep's end."""
    if uri.partition("://")[0].partition("+")[0] not in DATABASE_ENGINES:
        return
    file = _database_file(uri)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(uri, poolclass=NullPool)
    with engine.connect():
        engine.dispose()


def _database_file(uri: str) -> Path | None:
    """The file of an SQLite store; None for one in memory, and for any other store."""
    if not uri.startswith("sqlite"):
        return None
    url = make_url(uri)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database).absolute()


def _without_credentials(uri: str) -> str:
    """A server's address without the user and the password in it, which MLflow then reads from its variables.

    In the address they would not be used for files. Other values of the variables are left, and so is the address.
    """
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or not parts.password:
        return uri
    values = dict(zip(_CREDENTIALS, map(unquote, (parts.username or "", parts.password)), strict=True))
    if any(os.environ.get(name, value) != value for name, value in values.items()):
        return uri
    os.environ.update(values)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
