"""Dimensions and values that a user's own space or first trial hands over."""

import numpy as np
import pytest

from spaces import Choice, Fixed, Number
from spaces.dimensions import as_dimension


def test_what_stands_for_a_dimension():
    assert as_dimension(Number("1e-3", np.float32(0.5))) == Number(0.001, 0.5)
    assert as_dimension({"low": 1, "high": "2e1", "log": True}) == Number(1.0, 20.0, log=True)
    assert as_dimension(["a", np.str_("b")]) == Choice(("a", "b"))
    assert as_dimension(Choice(np.array([16, 32]))) == Choice((16, 32))
    assert [type(option) for option in Choice(np.array([16, 32])).options] == [int, int]
    assert as_dimension(np.int64(3)) == Fixed(3)
    assert as_dimension("adamw") == Fixed("adamw")
    assert as_dimension(None) == Fixed(None)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: as_dimension((0.0, 1.0)), "must be a number, a text, true, false or null but"),
        (lambda: as_dimension({"low": 1}), "needs low and high but is {'low': 1}"),
        (lambda: as_dimension({"low": 1, "high": 2, "step": 1}), "bounds are low, high, log but 'step' was given"),
        (lambda: as_dimension([]), "at least one option"),
        (lambda: as_dimension([[16], [32]]), r"must be a number, a text, .* but \[16\] was given"),
        (lambda: Choice("adamw"), "a choice needs a list of options but 'adamw' was given"),
        (lambda: Choice(3), "a choice needs a list of options but 3 was given"),
        (lambda: Number(0, float("inf")), "must be a finite number"),
        (lambda: Number(float("nan"), 1), "must be a finite number"),
        (lambda: Number("much", 1), "must be a number but 'much' was given"),
        (lambda: Number(None, 1), "must be a number but None was given"),
    ],
)
def test_what_stands_for_none_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_values_are_taken_as_they_are_drawn():
    assert Number(0.0, 1.0).taken("1e-3") == 0.001
    assert type(Number(0, 5).taken(3)) is float
    assert type(Choice((16, 32)).taken(16.0)) is int
    assert Choice((True, 0.5)).taken(True) is True
    for dimension, value in ((Choice((1, 2)), True), (Choice((True, False)), 1), (Number(0, 1), float("nan"))):
        with pytest.raises(ValueError, match="must (be among|lie in|be a finite number)"):
            dimension.taken(value)
    with pytest.raises(ValueError, match="is fixed at 3"):
        Fixed(3).taken(3)
