import pytest

from policies.errors import ExitSearchError
from policies.evolution.settings import EvolveSettings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population": 10}, "population must be at least 4, at most 10,000 and a multiple of 4 but 10 was given"),
        ({"population": 0}, "population must be at least 4, at most 10,000 and a multiple of 4 but 0 was given"),
        ({"generations": 0}, "generations must be at least 1 and at most 1,000,000,000 but 0 was given"),
        ({"patience": 0}, "patience must be at least 1 and at most 1,000,000,000 but 0 was given"),
        ({"front_size": 0}, "front_size must be at least 1 and at most 10,000 but 0 was given"),
        ({"max_evaluations": 0}, "max_evaluations must be at least 1 and at most 1,000,000,000 but 0 was given"),
        ({"max_seconds": -1.0}, "max_seconds must be above 0 but -1.0 was given"),
        ({"max_seconds": float("nan")}, "max_seconds must be a finite number but nan was given"),
    ],
)
def test_settings_out_of_range_are_refused(changes, message):
    with pytest.raises(ExitSearchError, match=message):
        EvolveSettings(**changes)
