"""One rule for the exit status of every search."""

import pytest

from search.exit_code import ExitCode


CLAIMED = {"claim": "accuracy is at least 0.9", "reason": "", "bound": 0.91}


@pytest.mark.parametrize(
    ("feasible", "certificate", "certified", "status"),
    [
        (True, None, False, 0),
        (True, CLAIMED, True, 0),
        (True, CLAIMED, False, 3),
        (False, None, False, 3),
        (False, CLAIMED, False, 3),
        # On search nothing reached the target, though what was chosen is certified: not what was asked for.
        (False, CLAIMED, True, 3),
    ],
)
def test_status_of_a_search(feasible, certificate, certified, status):
    summary = {"feasible": feasible, "certificate": certificate, "certified": certified}
    assert ExitCode.of_search(summary) == status


def test_every_status_has_a_name_of_its_own():
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "WRONG_INPUT": 2,
        "NOT_ACHIEVED": 3,
        "INTERRUPTED": 130,
    }
    assert len(ExitCode.__members__) == len(ExitCode)
