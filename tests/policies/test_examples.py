"""Everything that the package exports has an example in its docstring, and the example is true."""

import doctest
import inspect

import numpy as np
import pytest

import policies
from tests.tables import make_table


@pytest.mark.parametrize("name", policies.__all__)
def test_example(name, tmp_path):
    exported = getattr(policies, name)
    given = {one: getattr(policies, one) for one in policies.__all__} | {
        "np": np,
        "folder": tmp_path,
        "search": make_table(400, seed=1),
        "certify": make_table(600, seed=2, prefix="c"),
    }
    finder = doctest.DocTestFinder(recurse=False)
    (test,) = finder.find(exported, name, globs=given)
    assert test.examples, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    told = []
    runner.run(test, out=told.append)
    assert runner.failures == 0, "".join(told)
    assert inspect.getmodule(exported).__name__.startswith("policies.")


def test_other_names_are_not_there():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        policies.nothing  # noqa: B018
