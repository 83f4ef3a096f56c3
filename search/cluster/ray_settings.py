"""Ray's environment variables as a sweep wants them; a variable that the user has set stays as it is.

Ray reads some of them when it is imported, others when its processes start.
"""

from __future__ import annotations

import os


START_SECONDS = "RAY_raylet_start_wait_time_s"

_DEFAULTS = {
    # A busy machine starts slowly, and Ray gives its own parts less time than that takes.
    START_SECONDS: "60",
    "RAY_worker_register_timeout_seconds": "120",
    "RAY_agent_register_timeout_ms": "180000",
    # How often, each time for half a minute: something else that answers at a cluster's address would hold us for long.
    "RAY_NUM_REDIS_GET_RETRIES": "2",
    # Ray would make the driver wait for workers that it does not need, for ever where they cannot start.
    "RAY_prestart_worker_first_driver": "0",
    # Nobody reads figures about Ray, and a driver that cannot send them complains in the terminal.
    "RAY_enable_metrics_collection": "0",
    # Workers without a GPU keep what they see.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}

# Ray's node tells the driver's terminal of these in whole paragraphs; the sweep itself says what became of the trial.
_TOLD_BY_THE_SWEEP = (
    r"A worker died or was killed",
    r"killed due to (memory pressure|the node running low on memory)",
    r"has been marked dead",
)


def set_defaults() -> None:
    """Set what the user has not set; call before Ray is imported."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)


def silence_lost_workers() -> None:
    """Keep Ray's own words on lost workers and nodes out of the terminal, in a process that runs one command only.

    Call before Ray is imported.
    """
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "|".join(_TOLD_BY_THE_SWEEP))
