"""Libraries that only some commands need: one line for who does not have them."""

import sys

import pytest

from policies.errors import ExitSearchError
from policies.extras import extra_module


def test_a_library_that_is_there_is_imported():
    assert extra_module("json.decoder", ExitSearchError) is sys.modules["json.decoder"]


@pytest.mark.parametrize("name", ["no_such_library", "no_such_library.part"])
def test_a_library_that_is_missing_is_told_in_one_line(name):
    with pytest.raises(ExitSearchError, match=r"^no_such_library is not .*: pip install 'exitsearch\[export\]'$"):
        extra_module(name, ExitSearchError)


def test_what_is_missing_within_a_library_is_no_users_mistake():
    with pytest.raises(ModuleNotFoundError, match="no_such_part"):
        extra_module("json.no_such_part", ExitSearchError)
