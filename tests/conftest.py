import pytest
import ray


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
