"""Options of a command from fields: what is typed, what is read, and what is told."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
import pytest
import typer

from policies.goals.fields import Drops
from policies.options import Options
from search.cli.app import ExitCode, main
from search.cli.commands import COMMANDS
from search.cli.options.fields import field_option, given_fields, named_as_options, takes_fields
from search.config.sweep import SweepConfig


class Shared(Options):
    names: tuple[str, ...] = Field(default=("a", "b"), min_length=1, description="Names of things.")


class Wanted(Shared):
    share: float | None = Field(default=None, gt=0, le=1, description="A share.")
    count: int = Field(default=3, ge=1, description="A count.")
    kind: Literal["one", "two"] = Field(default="one", description="A kind.")
    times: tuple[float, ...] = Field(default=(), description="Some times.")
    limits: Mapping[str, float] = Field(default_factory=dict, description="Some limits.")
    most: Drops | None = Field(default=None, description="One or several.")
    is_fast: bool = Field(default=False, description="Whether it is fast.")
    hidden: int = Field(default=0, description="Nobody types this.")


FOUND: list[Any] = []


@takes_fields(Wanted, panel="What is wanted", leave_out=("hidden",), notes={"kind": "Two is better."})
def toy(
    context: typer.Context,
    data_dir: Annotated[str | None, field_option(SweepConfig, "data_dir")] = None,
    **fields: Any,
) -> None:
    """Take what is typed."""
    with named_as_options(Wanted):
        FOUND.append((given_fields(context, fields, Wanted), Wanted(**given_fields(context, fields, Wanted))))


@pytest.fixture
def typed(monkeypatch, capsys):
    monkeypatch.setitem(COMMANDS, "toy", f"{__name__}:toy")
    FOUND.clear()

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["toy", *arguments])
        return ended.value.code, capsys.readouterr()

    return run


def test_what_is_typed_is_read(typed):
    code, _ = typed(
        *("--share", "0.5", "--count", "2", "--kind", "two", "--times", "1,2.5"),
        *("--limit", "a=1", "--limit", "b=0.5", "--is-fast", "--name", "x", "--name", "y", "--name", "x"),
    )
    ((given, wanted),) = FOUND
    assert code in (0, None)
    assert given == {
        "share": 0.5,
        "count": 2,
        "kind": "two",
        "times": (1.0, 2.5),
        "limits": {"a": 1.0, "b": 0.5},
        "is_fast": True,
        "names": ("x", "y"),
    }
    assert wanted == Wanted(**given)


def test_what_is_not_typed_is_left_to_the_fields(typed):
    typed("--count", "3")
    ((given, wanted),) = FOUND
    # Typed with its default, it was typed.
    assert given == {"count": 3}
    assert wanted == Wanted()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--share", "50"), "--share must be above 0 and at most 1 but 50.0 was given; did you mean 0.5?"),
        (("--count", "0"), "--count must be at least 1 but 0 was given"),
        (("--kind", "three"), "--kind must be 'one' or 'two' but 'three' was given"),
        (("--times", "1,x"), "--times must be a number but 'x' was given"),
        (("--limit", "a"), "--limit must be NAME=VALUE, such as macro_f1=0.9, but is 'a'"),
        (("--limit", "a=x"), "--limit a must be a number but 'x' was given"),
        (("--limit", "a=nan"), "--limit must be a finite number but nan was given"),
    ],
)
def test_mistakes_are_one_line_with_the_name_of_the_option(typed, arguments, message):
    code, printed = typed(*arguments)
    assert (code, printed.err) == (ExitCode.WRONG_INPUT, f"error: {message}\n")


def test_help_tells_meaning_range_default_and_form(typed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 200)
    _, printed = typed("--help")
    text = " ".join(printed.out.replace("│", " ").split())
    for told in (
        "What is wanted",
        "A share. Above 0 and at most 1.",
        "A count. At least 1. [default: 3]",
        "--kind one|two A kind. Two is better. [default: one]",
        "--name NAME Names of things. May be repeated. [default: (a, b)]",
        "--limit NAME=VALUE Some limits. May be repeated.",
        "--times NUMBER,NUMBER,... Some times.",
        "Folder with the data, for workloads that need files.",
    ):
        assert told in text
    assert "Nobody" not in text
    # A section's own fields come before those that it shares.
    assert text.index("--share") < text.index("--name")


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (("--most", "0.1"), 0.1),
        (("--most", "a=0.1"), {"a": 0.1}),
        (("--most", "a=0.1", "--most", "label_f1[x=y]=0.2"), {"a": 0.1, "label_f1[x=y]": 0.2}),
    ],
)
def test_a_number_or_several_by_name(typed, arguments, most):
    typed(*arguments)
    ((given, wanted),) = FOUND
    assert given == {"most": most}
    assert wanted.most == most


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--most", "0.1", "--most", "0.2"), "--most must be NAME=VALUE"),
        (("--most", "a=0.1", "--most", "a=0.2"), "--most must name each quality once but was given a=0.1 and a=0.2"),
        (("--most", "much"), "--most must be a number but 'much' was given"),
        (("--most", "a=2"), "--most must be at least 0 and below 1 but 2.0 was given"),
    ],
)
def test_what_is_neither_a_number_nor_several(typed, arguments, message):
    code, printed = typed(*arguments)
    assert code == ExitCode.WRONG_INPUT
    assert message in printed.err


def test_the_help_of_a_number_or_several_has_both_and_the_range(typed):
    _, printed = typed("--help")
    told = " ".join(printed.out.replace("│", " ").split())
    assert "NUMBER | NAME=VALUE" in told
    assert "At least 0 and below 1. May be repeated." in told
