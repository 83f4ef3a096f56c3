from pathlib import Path

import pytest
import torch

from trainables.data import SplitFractions
from trainables.task import TrialTask
from trainables.workloads import get_workload


@pytest.fixture(scope="session")
def digits():
    return get_workload("digits").load(None, SplitFractions(), split_seed=1)


@pytest.fixture
def task():
    return TrialTask(
        workload="digits",
        class_names=tuple("0123456789"),
        n_exits=3,
        width=8,
        epochs=3,
        batch_size=64,
        aim=0.93,
        seed=0,
    )


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data():
    """Real data beside the checkout; tests that need it are skipped without it."""
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not (folder / "FashionMNIST" / "raw").is_dir():
        pytest.skip(f"no Fashion-MNIST in {folder}")
    return folder
