import pytest
import ray


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=3, help="How often each chaos test kills something.")
    parser.addoption("--chaos-seed", type=int, default=0, help="Chooses the moments.")


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
