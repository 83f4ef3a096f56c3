"""Where MLflow keeps sweeps unless somebody says otherwise."""

from __future__ import annotations

from pathlib import Path


TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"


def default_tracking_uri() -> str:
    """An absolute SQLite address in the working folder."""
    return sqlite_uri(Path.cwd() / "mlflow.db")


def sqlite_uri(file: Path) -> str:
    """The address of a database in a file, whatever the folders that it lies in are called."""
    # Here, since the import takes its time and most requests that are refused need no address.
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(file.absolute())).render_as_string(hide_password=False)
