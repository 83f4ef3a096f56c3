import pytest
import torch

from tests.bundles import write_digits_bundle


@pytest.fixture(scope="package")
def bundle(tmp_path_factory):
    """A certified bundle that many tests read; none may change it."""
    return write_digits_bundle(tmp_path_factory.mktemp("bundles") / "bundle")


@pytest.fixture(autouse=True)
def _same_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
