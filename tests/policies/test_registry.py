"""What is imported when it is first used can be named, sent and looked at like what is imported at once."""

from functools import partial
import inspect
import pickle
import subprocess
import sys

import pytest

from policies.errors import ExitSearchError
from policies.registry import OnDemand, Registry, resolve


FRACTION = OnDemand("fractions:Fraction")
UNUSED = """
import sys
from policies.registry import OnDemand, Registry
registry = Registry({"plain": "fractions:Fraction"})
named, place = list(registry), OnDemand("fractions:Fraction.from_float")
assert "plain" in registry and "other" not in registry and len(registry) == 1
assert "fractions" not in sys.modules
assert registry["plain"] == place(0.0)
assert "fractions" in sys.modules
"""


def test_nothing_is_imported_before_it_is_used():
    subprocess.run([sys.executable, "-c", UNUSED], check=True)


def test_it_is_called_as_what_it_stands_for():
    assert FRACTION(1, 2) == OnDemand("fractions:Fraction.from_float")(0.5)
    assert pickle.loads(pickle.dumps(FRACTION))(numerator=3) == 3  # noqa: S301


def test_its_parameters_are_those_of_what_it_stands_for():
    assert "denominator" in inspect.signature(FRACTION).parameters
    assert "denominator" in inspect.signature(partial(FRACTION, 1)).parameters


def test_a_registry_makes_each_once():
    registry = Registry({"zero": "fractions:Fraction", "none": "nowhere:Nothing"})
    assert registry["zero"] is registry["zero"]
    assert sorted(registry) == ["none", "zero"]
    with pytest.raises(KeyError):
        registry["other"]


@pytest.mark.parametrize(
    ("registered", "message"),
    [
        ({}, "a thing must be named as module:attribute, such as my_module:one, but 'one' was given"),
        ({"none": 0}, "there is no thing 'one'; did you mean 'none'? Known are none, and your own as module:attribute"),
    ],
)
def test_a_name_that_is_not_registered_is_told_what_may_be(registered, message):
    with pytest.raises(ExitSearchError) as caught:
        resolve("thing", "one", registered, int)
    assert str(caught.value) == message
