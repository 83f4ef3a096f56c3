import io
from pathlib import Path

import pytest
import ray
from rich.console import Console

from search.run_command import run_command


# The default preset, made small: what is tested is that everything happens, not how well it does.
SMALL = (
    "training.epochs=3",
    "search.trials=3",
    "search.startup_trials=2",
    "policy.best_trials=2",
    "policy.generations=3",
    "policy.population=16",
    "policy.max_levels=32",
    "target=0.5",
)


@pytest.fixture(scope="session")
def ray_session():
    """One Ray session for all tests; gives its address, so that other processes can join."""
    ray.init(
        address="local",
        num_cpus=2,
        object_store_memory=200 * 1024**2,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
    )
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


class Runner:
    """Runs small sweeps in a folder of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.uri = f"sqlite:///{folder / 'mlflow.db'}"

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
        return summary, self.folder / "runs" / name, printed.getvalue()


@pytest.fixture(scope="session")
def runner(ray_session, tmp_path_factory):
    return Runner(tmp_path_factory.mktemp("sweeps"))


@pytest.fixture(scope="session")
def finished(runner):
    """One finished sweep that many tests look at; none may change it."""
    return runner("finished")
