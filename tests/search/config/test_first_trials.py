import pytest

from search.config.files import load_sweep
from search.config.first_trials import FirstTrial
from search.errors import ConfigError


def test_a_name_has_one_spelling():
    assert FirstTrial(name=" plain\u00a0 ce ").name == "plain ce"
    assert FirstTrial(name="cafe\u0301").name == "caf\u00e9"
    assert FirstTrial(name=None).name == ""


def test_two_spellings_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="names of search.first_trials must differ .* 'plain' occurs 2 times"):
        load_sweep("digits", ["search.first_trials=[{name: 'plain '}, {name: plain}]"])
