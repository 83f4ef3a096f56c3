"""What typer refuses and what it would take without a word, in the words of this project."""

from typing import Annotated, Literal

import pytest
import typer

from search.cli.app import ExitCode, main
from search.cli.commands import COMMANDS


taken = []


def toy(
    file: Annotated[str, typer.Argument(metavar="FILE")],
    count: Annotated[int, typer.Option(min=1, max=1000)] = 1,
    share: Annotated[float, typer.Option(min=0)] = 0.0,
    level: Annotated[float, typer.Option()] = 0.5,
    kind: Annotated[Literal["one", "two"], typer.Option()] = "one",
    names: Annotated[list[str] | None, typer.Option("--name", "-n")] = None,
    fast: Annotated[bool, typer.Option("--fast/--slow")] = False,
) -> None:
    """Take what is typed."""
    if file == "refused":
        raise typer.BadParameter("it is\nrefused.")
    if file == "ended":
        raise KeyboardInterrupt
    taken.append((file, count, share, kind, names, fast))


@pytest.fixture
def typed(monkeypatch, capsys):
    monkeypatch.setitem(COMMANDS, "toy", f"{__name__}:toy")
    taken.clear()

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["toy", *arguments])
        return ended.value.code, capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "exitsearch toy needs FILE but it was not given"),
        (("a", "b", "c"), "exitsearch toy takes FILE alone but 'b' 'c' was given too"),
        (("a", "--count", "x"), "--count must be a whole number but 'x' was given"),
        (("a", "--count", "1.5"), "--count must be a whole number but 1.5 was given"),
        (("a", "--count", "1e3"), "--count must be a whole number but '1e3' was given"),
        (("a", "--share", "٣"), "--share must be a number but '٣' was given"),
        (("a", "--count", "0"), "--count must be at least 1 and at most 1,000 but 0 was given"),
        (("a", "--count"), "--count needs a value but nothing follows it"),
        (("a", "--count", "--fast"), "--count needs a value but the option --fast follows it"),
        (("a", "--count", "1", "--count", "2"), "--count may be given once but was given 2 times"),
        (("a", "--fast", "--slow"), "--fast may be given once but was given 2 times"),
        (("a", "--fast=yes"), "--fast takes no value but 'yes' was given"),
        (("a", "--share", "-1"), "--share must be at least 0 but -1 was given"),
        (("a", "--share", "nan"), "--share must be at least 0 but nan was given"),
        (("a", "--level", "nan"), "--level must be a number but nan was given"),
        (("a", "--kind", "three"), "--kind must be 'one' or 'two' but 'three' was given"),
        (("a", "--name", "--slow"), "--name needs a value but the option --slow follows it"),
        (("a", "--name", "x", "--name", ""), "--name must not be empty but '' was given (is a variable not set?)"),
        (("",), "FILE must not be empty but '' was given (is a variable not set?)"),
        (("refused",), "exitsearch toy: Invalid value: it is\\nrefused"),
        (("a", "-x"), "exitsearch toy has no option '-x'"),
    ],
)
def test_mistakes_are_one_line_that_says_where_help_is(typed, arguments, message):
    code, printed = typed(*arguments)
    assert code == ExitCode.WRONG_INPUT
    assert printed == ("", f"error: {message}; see exitsearch toy --help\n")
    assert taken == []


@pytest.mark.parametrize(
    ("option", "meant"),
    [("--cuont", "--count"), ("--kind_", "--kind"), ("-count", "--count"), ("--slo=1", "--slow")],
)
def test_options_are_told_the_nearest(typed, option, meant):
    code, printed = typed("a", option)
    name = option.partition("=")[0]
    told = f"error: exitsearch toy has no option {name!r}; did you mean {meant!r}? See exitsearch toy --help\n"
    assert (code, printed.err) == (ExitCode.WRONG_INPUT, told)


def test_what_is_right_is_taken(typed):
    typed("a", "--count", "3", "--share", "inf", "--kind", "two", "-n", "x", "--name", "x", "--fast")
    typed("--", "--fast")
    typed("a", "-nx")
    assert taken == [
        ("a", 3, float("inf"), "two", ["x", "x"], True),
        ("--fast", 1, 0.0, "one", None, False),
        ("a", 1, 0.0, "one", ["x"], False),
    ]


def test_help_wins_over_what_else_is_typed(typed):
    code, printed = typed("--name", "", "a", "b", "--help")
    assert code == ExitCode.DONE
    assert "Take what is typed" in printed.out


def test_ctrl_c_ends_without_a_traceback(typed):
    assert typed("ended") == (ExitCode.INTERRUPTED, ("", ""))
