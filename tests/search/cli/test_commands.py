"""Commands are found by name, from inside the package and from outside; none is imported before it is needed."""

import subprocess
import sys
from typing import Annotated

import pytest
import typer

from search.cli.app import ExitCode, main
from search.cli.commands import COMMANDS
from search.errors import ConfigError


def toy(count: Annotated[int, typer.Option(help="How often.")] = 1) -> None:
    """Say something.

    More about it.
    """
    if count < 1:
        raise ConfigError(f"--count must be at least 1 but {count} was given")
    print("something " * count)
    raise typer.Exit(ExitCode.NOT_ACHIEVED)


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code, capsys.readouterr()


@pytest.fixture
def with_toy(monkeypatch):
    monkeypatch.setitem(COMMANDS, "toy", f"{__name__}:toy")


def test_a_command_from_outside_is_one_line(with_toy, capsys):
    assert outcome(capsys, "toy", "--count", "2") == (ExitCode.NOT_ACHIEVED, ("something something \n", ""))
    code, printed = outcome(capsys, "toy", "--count", "0")
    assert (code, printed.err) == (ExitCode.WRONG_INPUT, "error: --count must be at least 1 but 0 was given\n")


def test_it_is_listed_and_helped_as_any_other(with_toy, capsys):
    code, printed = outcome(capsys, "--help")
    assert code == ExitCode.DONE
    assert "toy" in printed.out and "Say something." in printed.out and "More about it" not in printed.out
    code, printed = outcome(capsys, "toy", "-h")
    assert code == ExitCode.DONE
    assert "More about it." in printed.out and "How often." in printed.out


def test_a_mistyped_command_is_told_the_nearest(capsys):
    code, printed = outcome(capsys, "comparee")
    assert code == ExitCode.WRONG_INPUT
    assert printed.err == "error: there is no command 'comparee'; did you mean 'compare'? See exitsearch --help\n"


def test_the_list_of_commands_imports_none_of_them():
    script = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from search.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: print([name for name in sys.modules if name in sys.stdin.read().split()])"
    )
    modules = " ".join([*(place.partition(":")[0] for place in COMMANDS.values()), "numpy", "search.config.sweep"])
    done = subprocess.run([sys.executable, "-c", script], input=modules, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(f" {name} " in done.stdout for name in COMMANDS)
