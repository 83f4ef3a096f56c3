"""Connecting to Ray: a running cluster where there is one, else this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import os

import ray

from search.config import ResourcesSection
from search.errors import SweepError


LOCAL = "local"


@contextmanager
def connected(resources: ResourcesSection, address: str | None) -> Iterator[str]:
    """Connect to Ray for as long as the context lasts.

    Args:
        resources: What to take of this machine where no cluster is used.
        address: Of a running cluster, ``local`` for this machine alone, or None to look for a cluster first.

    Yields:
        One line for a person: what the sweep runs on.

    Raises:
        SweepError: If a cluster was named but cannot be reached.

    """
    _quiet()
    address = address or os.environ.get("RAY_ADDRESS")
    found = address != LOCAL and _join(address)
    if not found:
        ray.init(
            address=LOCAL,
            num_cpus=resources.cpus or os.cpu_count(),
            object_store_memory=resources.object_store_mb * 1024**2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    try:
        totals = ray.cluster_resources()
        where = f"cluster at {ray.get_runtime_context().gcs_address}" if found else "this machine"
        yield f"{where}: {totals.get('CPU', 0):g} CPUs, {totals.get('GPU', 0):g} GPUs, {len(ray.nodes())} node(s)"
    finally:
        ray.shutdown()


def concurrent_trials(resources: ResourcesSection) -> int:
    """How many trials run at the same time.

    Raises:
        SweepError: If not even one fits.

    """
    totals = ray.cluster_resources()
    fits = [int(totals.get("CPU", 0) // resources.cpus_per_trial)]
    if resources.gpus_per_trial:
        fits.append(int(totals.get("GPU", 0) // resources.gpus_per_trial))
    if min(fits) < 1:
        raise SweepError(
            f"a trial needs {resources.cpus_per_trial:g} CPUs and {resources.gpus_per_trial:g} GPUs but there are "
            f"{totals.get('CPU', 0):g} and {totals.get('GPU', 0):g}; lower resources.cpus_per_trial or gpus_per_trial"
        )
    return min(min(fits), resources.concurrent or min(fits))


def _join(address: str | None) -> bool:
    try:
        ray.init(address=address or "auto", log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        if address:
            reason = " ".join(str(error).split())
            raise SweepError(f"there is no Ray cluster to reach at {address!r} ({reason})") from None
        return False
    return True


def _quiet() -> None:
    # Failed trials are reported by the sweep itself, with their reason.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
