"""Valid sweep files, changed at random: each is read, or refused in one line."""

from copy import deepcopy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import pytest

from policies.errors import ExitSearchError
from search.config.files import load_sweep, preset_names, read_sweep_file
from search.config.reading.yaml_text import read_yaml, write_yaml
from search.config.sweep import SweepConfig, known_keys


PRESETS = {name: read_sweep_file(name) for name in preset_names()}
WORDS = [
    "",
    " ",
    "none",
    "yes",
    "digits",
    "audio-folder",
    "tpe",
    "a:b",
    "../x",
    "é",
    "x" * 500,
    "1:30",
    "0.5",
    "[1",
    "*",
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.integers(),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(max_size=6),
    st.lists(st.one_of(st.integers(-2, 5), st.sampled_from(WORDS), st.none()), max_size=3),
    st.dictionaries(st.sampled_from([*WORDS, "low", "high", "log", "name", "alpha"]), st.integers(-2, 5), max_size=3),
)


@st.composite
def mutated(draw):
    """A preset with one to three changes: of a value anywhere in it, of a key, or with another key set."""
    values = deepcopy(PRESETS[draw(st.sampled_from(sorted(PRESETS)))])
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["value", "key", "set"]))
        if kind == "set":
            *path, last = draw(st.sampled_from(known_keys())).split(".")
            section = values
            for part in path:
                if not isinstance(section.get(part), dict):
                    section[part] = {}
                section = section[part]
            section[last] = draw(VALUES)
            continue
        places = [place for place in _places(values) if kind == "value" or isinstance(place[0], dict)]
        if not places:
            continue
        holder, key = draw(st.sampled_from(places))
        if kind == "value":
            holder[key] = draw(VALUES)
        else:
            holder[draw(st.sampled_from(WORDS))] = holder.pop(key)
    return values


def _places(values):
    """Every mapping or list with a key or index of it."""
    items = values.items() if isinstance(values, dict) else enumerate(values)
    found = []
    for key, value in items:
        found.append((values, key))
        if isinstance(value, (dict, list)):
            found += _places(value)
    return found


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values=mutated())
def test_a_changed_sweep_file_is_read_or_refused_in_one_line(values):
    try:
        config = SweepConfig.from_mapping(read_yaml(write_yaml(values)))
    except ExitSearchError as error:
        text = str(error)
        assert text and "\n" not in text
        assert len(text) < 3000
        assert "Input should" not in text and "pydantic" not in text
    else:
        again = SweepConfig.from_mapping(read_yaml(config.to_yaml()))
        assert again == config


@settings(max_examples=100, deadline=None)
@given(key=st.sampled_from(known_keys()), text=st.one_of(st.text(max_size=8), st.sampled_from(WORDS)))
def test_what_is_typed_for_a_key_is_taken_or_refused_in_one_line(key, text):
    try:
        load_sweep("digits", [f"{key}={text}"])
    except ExitSearchError as error:
        assert "\n" not in str(error)


def test_the_presets_are_what_is_changed():
    assert len(PRESETS) >= 6
    with pytest.raises(ExitSearchError, match="there is no preset"):
        read_sweep_file("no-such-preset")
