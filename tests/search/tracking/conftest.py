"""What tests of tracking write to: a run folder, and a store of their own."""

import pytest

from search.tracking import tracker as tracking
from tests.search.tracking.tracked import run_folder, sqlite_store


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """What reaches its store in the end does so however busy the machine is."""
    for name in ("FINISH_GRACE", "ABANDON_GRACE", "ABANDON_LIMIT"):
        monkeypatch.setattr(tracking, name, 600.0)


@pytest.fixture
def folder(tmp_path):
    return run_folder(tmp_path)


@pytest.fixture
def uri(tmp_path):
    return sqlite_store(tmp_path)
