import gc
import os
import sys

from _pytest.nodeid import coerce_node_id
from hypothesis import HealthCheck, settings
import pytest
import ray
from xdist.scheduler import LoadGroupScheduling


# How long an example takes, or the drawing of ten, tells of the machine and not of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# Whoever asks for one of these needs Ray, or a server, a browser or machines.
RAY_FIXTURES = {"ray_session"}
TRACKING_FIXTURES = {"servers", "mlflow_server", "database"}
SERVER_FIXTURES = {*TRACKING_FIXTURES, "model_server", "cluster", "bystander"}
# What is started once in a run: all tests that use one of these are one worker's.
TOGETHER = {"ray": RAY_FIXTURES, "tracking": TRACKING_FIXTURES}


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=1, help="How often each chaos test kills something.")
    parser.addoption("--chaos-seed", type=int, default=0, help="Chooses the moments.")


def pytest_collection_modifyitems(config, items):
    """Say of each test what it needs, and keep those with Ray together."""
    for item in items:
        fixtures = set(item.fixturenames)
        if fixtures & RAY_FIXTURES:
            item.add_marker(pytest.mark.ray)
        if fixtures & SERVER_FIXTURES:
            item.add_marker(pytest.mark.server)
        group = next((name for name, own in TOGETHER.items() if fixtures & own), None)
        if group and hasattr(config, "workerinput"):
            # What pytest.mark.xdist_group is for; xdist 3.8 writes groups where pytest 9.2 does not read them.
            item._id = coerce_node_id(f"{item.nodeid}@{group}")
    if hasattr(config, "workerinput"):
        # The scheduler deals in this order: what takes longest comes first, so that no processor is idle at the end.
        items.sort(key=_turn)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """What a test draws from torch is its own, whichever tests came before it."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    """Garbage is looked for among what tests make, not among all that was loaded to find them."""
    gc.collect()
    gc.freeze()


def _turn(item):
    needs = [item.get_closest_marker(name) is not None for name in ("ray", "server", "slow")]
    return needs.index(True) if any(needs) else len(needs)


class _Together(LoadGroupScheduling):
    """All tests with Ray go to one worker, which starts it once; of the others whole files go to whoever is free."""

    def _split_scope(self, nodeid):
        return super()._split_scope(nodeid).split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return _Together(config, log)


@pytest.fixture(scope="session")
def ray_session():
    """One Ray session for all tests; gives its address, so that other processes can join."""
    # Ray ends idle workers beyond one a processor. Those that have loaded their libraries serve the next sweep too.
    os.environ.setdefault("RAY_num_workers_soft_limit", "8")
    _start_ray(attempts=5)
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


def _start_ray(*, attempts):
    """Start it, again where that fails: on a busy machine Ray gives up a part of its own after 15 seconds."""
    for left in reversed(range(attempts)):
        try:
            ray.init(
                address="local",
                num_cpus=2,
                object_store_memory=200 * 1024**2,
                include_dashboard=False,
                log_to_driver=False,
                configure_logging=False,
            )
        except Exception:
            ray.shutdown()
            if not left:
                raise
        else:
            return


@pytest.fixture(scope="session")
def few_draws():
    """The random search that a policy is compared with draws some thousands of policies, not hundreds of thousands."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("search.reporting.policy_summary.BASELINE_EVALUATIONS", 5_000)
        yield
