"""What watching a bundle promises."""

from __future__ import annotations

from dataclasses import dataclass

from policies.monitoring.e_detector import require_run_length
from policies.monitoring.levels import require_alpha


@dataclass(frozen=True)
class Levels:
    """What is promised.

    Attributes:
        alpha: Largest probability of ever a false alarm, of the certificate's test, and of calling data changed.
        average_run_length: Least mean number of labels between false alarms of the change detector.

    Raises:
        MonitoringError: If one of them cannot be kept.
    """

    alpha: float = 0.05
    average_run_length: float = 1000.0

    def __post_init__(self) -> None:
        # Also where there is nothing to test or to detect with, which a stream tells late.
        require_alpha(self.alpha)
        require_run_length(self.average_run_length)
