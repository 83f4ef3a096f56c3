import pytest

from spaces import Choice, Fixed, Number
from spaces.dimensions import override


NUMBER = Number(0.1, 1.0, log=True)
CHOICE = Choice(("a", "b"))
OPEN = Choice((16, 32), is_open=True)


def test_overrides():
    assert override(NUMBER, {"low": "1e-3"}) == Number(0.001, 1.0, log=True)
    assert override(NUMBER, {"log": False}) == Number(0.1, 1.0, log=False)
    assert override(NUMBER, 0.5) == Fixed(0.5)
    assert override(NUMBER, ["1e-2", 1]) == Choice((0.01, 1.0))
    assert override(CHOICE, ["b"]) == Choice(("b",))
    assert override(CHOICE, "b") == Fixed("b")
    assert override(OPEN, [4, 16]) == Choice((4, 16))
    assert override(OPEN, 8) == Fixed(8)


@pytest.mark.parametrize(
    ("dimension", "given", "message"),
    [
        (NUMBER, {"low": 2.0}, "low must not be above high but they are 2.0 and 1.0"),
        (NUMBER, {"low": 0}, "needs a low above 0"),
        (NUMBER, {"lo": 0.2}, "bounds are low, high, log but 'lo' was given"),
        (NUMBER, "much", "must be a number but 'much' was given"),
        (NUMBER, True, "must be a number but True was given"),
        (NUMBER, [], "at least one option"),
        (CHOICE, "c", r"must be among \['a', 'b'\] but 'c' was given"),
        (CHOICE, ["a", "c"], "'c' was given"),
        (OPEN, [16, 4.5], "must be of type int but 4.5 was given"),
        (OPEN, True, "must be of type int but True was given"),
        (CHOICE, {"low": 1}, "only numbers have bounds"),
    ],
)
def test_changes_that_do_not_fit_are_refused(dimension, given, message):
    with pytest.raises(ValueError, match=message):
        override(dimension, given)
