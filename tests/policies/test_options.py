"""What is said of a value that an option cannot have."""

import pickle

from pydantic import Field
import pytest

from policies.options import Options, RequestError, range_of


class Wanted(Options):
    share: float | None = Field(default=None, ge=0, lt=1, examples=[0.01])
    size: int = Field(default=8, ge=4, multiple_of=4)
    seed: int = Field(default=0, ge=0, lt=2**31)
    names: tuple[str, ...] = Field(default=("a",), min_length=1)


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("share", 1.0, "must be at least 0 and below 1 but 1.0 was given; for example 0.01"),
        ("share", 5, "must be at least 0 and below 1 but 5 was given; did you mean 0.05?"),
        ("share", "much", "must be a number but 'much' was given; for example 0.01"),
        ("share", float("nan"), "must be a finite number but nan was given; for example 0.01"),
        ("size", 6, "must be at least 4 and a multiple of 4 but 6 was given"),
        ("size", 2, "must be at least 4 and a multiple of 4 but 2 was given"),
        ("size", 4.5, "must be a whole number but 4.5 was given"),
        ("names", (), "must have at least 1 values but () was given"),
        ("names", "x" * 99, f"must be a list, such as [a, b] but {'x' * 59!r:.60}... was given"),
    ],
)
def test_the_first_wrong_value_is_one_line(key, value, rule):
    with pytest.raises(RequestError) as caught:
        Wanted(**{key: value})
    assert (caught.value.key, caught.value.rule) == (key, rule)
    assert str(caught.value) == f"{key} {rule}"


def test_an_error_can_be_sent_between_processes():
    error = pickle.loads(pickle.dumps(RequestError("size", "must be larger")))  # noqa: S301
    assert (error.key, error.rule, str(error)) == ("size", "must be larger", "size must be larger")


def test_ranges_in_words():
    told = {name: range_of(field) for name, field in Wanted.model_fields.items()}
    assert told == {
        "share": "at least 0 and below 1",
        "size": "at least 4 and a multiple of 4",
        "seed": "at least 0 and below 2,147,483,648",
        "names": "",
    }


def test_options_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        Wanted().size = 4
