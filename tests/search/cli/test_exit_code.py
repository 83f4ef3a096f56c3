"""One rule for the exit status of every search."""

import pytest

from search.cli.exit_code import ExitCode
from search.run_folder.summary import Summary


CLAIMED = {"claim": "accuracy is at least 0.9", "reason": "", "bound": 0.91}


@pytest.mark.parametrize(
    ("feasible", "certificate", "certified", "meets", "status"),
    [
        (True, None, False, True, 0),
        (True, None, False, False, 3),
        (True, CLAIMED, True, None, 0),
        # A margin on search is no certificate, where one was asked for.
        (True, CLAIMED, False, True, 3),
        (True, CLAIMED, False, False, 3),
        (False, None, False, None, 3),
        (False, CLAIMED, False, None, 3),
        # On search nothing reached the target, though what was chosen is certified: not what was asked for.
        (False, CLAIMED, True, None, 3),
    ],
)
def test_status_of_a_search(feasible, certificate, certified, meets, status):
    estimate = None if meets is None else {"meets": meets}
    found = {"feasible": feasible, "certificate": certificate, "certified": certified, "estimate": estimate}
    assert ExitCode.of_search(Summary(selected={}, baselines={}, **found)) == status


def test_every_status_has_a_name_of_its_own():
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "WRONG_INPUT": 2,
        "NOT_ACHIEVED": 3,
        "CHANGED": 4,
        "INTERRUPTED": 130,
    }
    assert len(ExitCode.__members__) == len(ExitCode)
