"""MLflow: what a sweep's journal tells goes there in the background, at once or when the store can be reached."""

from search.tracking.notices import TrackingWarning
from search.tracking.tracker import Tracker


__all__ = ["Tracker", "TrackingWarning"]
