import pytest
import torch

from tests.search.serving.bundles import exported_digits


@pytest.fixture(scope="package")
def exported():
    """A network with its table, made once."""
    return exported_digits()


@pytest.fixture(scope="package")
def bundle(exported, tmp_path_factory):
    """A certified bundle that many tests read; none may change it."""
    return exported.write(tmp_path_factory.mktemp("bundles") / "bundle")


@pytest.fixture(autouse=True)
def _same_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
