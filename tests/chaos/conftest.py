from pathlib import Path
import shutil

import pytest

from tests.chaos.killing import ONE_AT_A_TIME, DisturbedSweep
from tests.search.tracking.tracked import sqlite_store


REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def n_kills(request):
    return request.config.getoption("--kills")


@pytest.fixture(scope="session")
def chaos_seed(request):
    return request.config.getoption("--chaos-seed")


@pytest.fixture(scope="session")
def n_trials(n_kills):
    """Trials of a sweep: enough for the kills, and some of them suggested from what others reached."""
    return 5 if n_kills <= 3 else 8


@pytest.fixture(scope="session")
def new_sweep(ray_session, n_trials, tmp_path_factory):
    """Builds sweeps, each in a folder of its own, with its own MLflow store."""

    def build(name, *settings, address=ray_session):
        folder = tmp_path_factory.mktemp(name)
        # ``ray submit`` copies search/run.py alone; what lies beside it must not shadow what it imports.
        script = folder / "copied" / "run.py"
        script.parent.mkdir()
        shutil.copy(REPOSITORY / "search" / "run.py", script)
        (script.parent / "optuna.py").write_text("raise ImportError('the wrong optuna')")
        uri = sqlite_store(folder)
        settings = (f"search.trials={n_trials}", *settings)
        options = {"uri": uri, "name": "sweep", "address": address, "is_joined": address == ray_session}
        return DisturbedSweep(script, folder, settings=settings, **options)

    return build


@pytest.fixture(scope="session")
def undisturbed(new_sweep):
    """The sweep that those are compared with whose trials come one after the other."""
    sweep = new_sweep("undisturbed", *ONE_AT_A_TIME)
    sweep.finish()
    return sweep
