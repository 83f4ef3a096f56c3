"""What the user is told about a store."""

import warnings

from search.tracking.notices import TrackingNotices, TrackingWarning
from tests.search.tracking.sinks import AWAY, URI, WRONG, told


def test_refused_events_are_counted_at_the_end():
    notices = TrackingNotices(URI)
    with told("refused what was 'ended'", "refused 2 events of this sweep in all", "lacks 3 events"):
        for _ in range(2):
            notices.refused({"event": "ended"}, WRONG)
        notices.ended(3, "first-try")


def test_what_is_told_names_the_store_without_its_password():
    with told("MLflow at http://user:***@127.0.0.1:1 lacks 3 events"):
        TrackingNotices(URI).ended(3, "first-try")


def test_store_that_was_never_away_is_not_said_to_be_back():
    with warnings.catch_warnings():
        warnings.simplefilter("error", TrackingWarning)
        TrackingNotices(URI).back(0)
        TrackingNotices(URI).ended(0, "first-try")


def test_store_is_said_to_be_away_once_an_outage():
    notices = TrackingNotices(URI)
    with told("cannot be written to", "again", "cannot be written to"):
        notices.away(AWAY)
        notices.away(WRONG)
        notices.back(0)
        notices.back(0)
        notices.away(AWAY)
