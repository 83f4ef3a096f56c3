import pytest

from policies.errors import ExitSearchError
from policies.evolution.settings import EvolveSettings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"population": 10}, "population must be a positive multiple of 4 but is 10"),
        ({"population": 0}, "population must be a positive multiple of 4 but is 0"),
        ({"generations": 0}, "generations must be at least 1 but is 0"),
        ({"patience": 0}, "patience must be at least 1 but is 0"),
        ({"front_size": 0}, "front_size must be at least 1 but is 0"),
        ({"max_evaluations": 0}, "max_evaluations must be positive but is 0"),
        ({"max_seconds": -1.0}, "max_seconds must be positive but is -1.0"),
        ({"max_seconds": float("nan")}, "max_seconds must be positive but is nan"),
    ],
)
def test_settings_out_of_range_are_refused(changes, message):
    with pytest.raises(ExitSearchError, match=message):
        EvolveSettings(**changes)
