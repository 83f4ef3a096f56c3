"""Which store and which sweep a bundle is registered for."""

import pytest

from search.config.sweep import SweepConfig
from search.errors import RunFolderError
from search.serving.place import place_of_sweep, place_without_sweep
from tests.search.tracking.tracked import SWEEP_ID, open_journal, run_folder


STORED = "sqlite:////where/the/sweep/was.db"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    folder = run_folder(tmp_path)
    with open_journal(folder):
        pass
    return folder


def config(uri=STORED):
    return SweepConfig.from_mapping({"tracking": {"uri": uri, "experiment": "own"}})


def test_sweep_stays_in_its_store(folder):
    place = place_of_sweep(folder, config())
    assert (place.uri, place.experiment, place.sweep_id) == (STORED, "own", SWEEP_ID)


def test_environment_and_option_come_before_it(folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///environment.db")
    assert place_of_sweep(folder, config()).uri == "sqlite:///environment.db"
    assert place_of_sweep(folder, config(), "sqlite:///given.db").uri == "sqlite:///given.db"
    assert place_without_sweep().uri == "sqlite:///environment.db"


def test_password_that_was_not_kept_is_asked_for(folder):
    hidden = config("postgresql://me:***@host/mlflow")
    with pytest.raises(RunFolderError, match=r"postgresql://me:\*\*\*@host/mlflow, whose password is not kept"):
        place_of_sweep(folder, hidden)
    assert place_of_sweep(folder, hidden, "postgresql://me:right@host/mlflow").uri.startswith("postgresql://me:right")


def test_without_a_sweep_it_is_the_default(folder, tmp_path):
    place = place_without_sweep()
    assert (place.uri, place.experiment, place.sweep_id) == (f"sqlite:///{tmp_path / 'mlflow.db'}", "exitsearch", None)


def test_sweep_without_a_journal_has_no_run(tmp_path):
    assert place_of_sweep(run_folder(tmp_path), config()).sweep_id is None
