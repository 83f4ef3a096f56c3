"""Connecting to Ray: a running cluster where there is one, else this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import os
import socket

import ray

from search.cluster.ray_start import join_cluster, ray_folder, start_ray
from search.config.resources import ResourcesSection
from search.errors import SweepError


LOCAL = "local"
_CONNECT_SECONDS = 5.0


@contextmanager
def connected(resources: ResourcesSection, address: str | None) -> Iterator[str]:
    """Connect to Ray for as long as the context lasts.

    A session that this process has already is used, and left as it is, unless another cluster is named.

    Args:
        resources: What to take of this machine where no cluster is used.
        address: Address of a running cluster, ``local`` for this machine alone, or None to take the cluster that
            ``RAY_ADDRESS`` names or ``ray start`` made here, if there is one.

    Yields:
        One line for a person: what the sweep runs on.

    Raises:
        SweepError: If a cluster was named but cannot be reached, or Ray does not start here.
    """
    # Failed trials are reported by the sweep itself, with their reason.
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    if ray.is_initialized() and address in (None, LOCAL, ray.get_runtime_context().gcs_address):
        yield f"the Ray session of this process: {_totals()}"
        return
    address = address or os.environ.get("RAY_ADDRESS") or _started_cluster() or LOCAL
    found = address != LOCAL
    if found:
        _require_answer(address)
        join_cluster(address)
    else:
        start_ray(resources)
    try:
        where = f"the cluster at {ray.get_runtime_context().gcs_address}" if found else "this machine"
        yield f"{where}: {_totals()}"
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


def _totals() -> str:
    totals = ray.cluster_resources()
    n_nodes = len(ray.nodes())
    return f"{totals.get('CPU', 0):g} CPUs, {totals.get('GPU', 0):g} GPUs, {n_nodes} node{'s' * (n_nodes != 1)}"


def _started_cluster() -> str | None:
    """Address of the cluster that ``ray start`` left word of on this machine, if it still answers."""
    note = ray_folder() / "ray" / "ray_current_cluster"
    try:
        address = note.read_text().strip()
    except OSError:
        return None
    return address if _answers(address) else None


def _require_answer(address: str) -> None:
    # Ray itself would try for minutes.
    if address != "auto" and not _answers(address):
        raise SweepError(
            f"there is no Ray cluster to reach at {address!r}; start one, or leave --address out and RAY_ADDRESS unset"
        )


def _answers(address: str) -> bool:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS):
            return True
    except (OSError, ValueError, OverflowError):
        return False
