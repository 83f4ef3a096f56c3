"""The collapse alarm: exits that take nearly all samples or nearly none, where a person should do something."""

from policies.metrics.collapse.alarms import LEAST, MOST, CollapseAlarm, CollapseReason
from policies.metrics.collapse.classification import collapse_alarms


__all__ = ["LEAST", "MOST", "CollapseAlarm", "CollapseReason", "collapse_alarms"]
