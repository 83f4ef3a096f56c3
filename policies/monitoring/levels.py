"""Levels of tests that watch."""

from __future__ import annotations

from policies.errors import MonitoringError


def require_alpha(alpha: float) -> None:
    """Refuse a level outside (0, 1).

    Raises:
        MonitoringError: If it is.
    """
    if not 0 < alpha < 1:
        raise MonitoringError(f"alpha must lie strictly between 0 and 1 but is {alpha:g}; usual is 0.05")
