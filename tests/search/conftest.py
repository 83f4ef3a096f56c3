import io
from pathlib import Path

import pytest
from rich.console import Console

from search.cli.run import run_command
import search.start  # noqa: F401 - so that no command tells in a test that it loads it
from tests.search.tracking.servers import MlflowServer, postgres
from tests.search.tracking.tracked import sqlite_store
from tests.sweeps import AT_ONCE, SMALL


class Runner:
    """Runs small sweeps in a folder of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.uri = sqlite_store(folder)

    def __call__(self, name, *assignments, sweep="digits", resume=False, **options):
        """Run a sweep; returns its summary, its folder and what was printed."""
        printed = io.StringIO()
        options = {"data_dir": None, "address": None, "tracking_uri": self.uri} | options
        summary = run_command(
            sweep,
            [*SMALL, f"runs_dir={self.folder / 'runs'}", *assignments],
            name=name,
            resume=resume,
            console=Console(file=printed, width=100),
            **options,
        )
        return summary.to_dict(), self.folder / "runs" / name, printed.getvalue()


@pytest.fixture(scope="session", autouse=True)
def _few_draws(few_draws):
    """In all tests here."""


@pytest.fixture(scope="session")
def runner(ray_session, tmp_path_factory):
    return Runner(tmp_path_factory.mktemp("sweeps"))


@pytest.fixture(scope="session")
def finished(runner):
    """One finished sweep that many tests look at; none may change it."""
    return runner("finished", AT_ONCE)


@pytest.fixture(scope="session")
def database():
    """One PostgreSQL server for all tests; it may be stopped in a test, and runs again afterwards."""
    with postgres() as database:
        yield database


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory):
    """One MLflow server over SQLite for all tests that leave it in peace; each has an experiment of its own there."""
    folder = tmp_path_factory.mktemp("mlflow-server")
    server = MlflowServer(folder, sqlite_store(folder))
    try:
        server.launch()
        server.wait()
        yield server
    finally:
        server.kill()
