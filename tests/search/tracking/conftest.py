"""What tests of tracking write to: a run folder, and a store of their own."""

import pytest

from tests.search.tracking.tracked import run_folder, sqlite_store


@pytest.fixture
def folder(tmp_path):
    return run_folder(tmp_path)


@pytest.fixture
def uri(tmp_path):
    return sqlite_store(tmp_path)
