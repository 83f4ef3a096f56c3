"""What a person sees who makes a mistake: one line, exit status 2, no traceback."""

import io
import json
import subprocess
import sys

import pytest

from search.cli.app import ExitCode, main
from tests.search.summaries import made_up_summary


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code, capsys.readouterr()


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digit"], "there is no preset 'digit'"),
        (["--set", "targt=1"], "unknown key 'targt'"),
        (["--set", "target=1.5"], "target must be above 0 and at most 1 but 1.5 was given"),
        (["--name", "../../etc"], "name must be a plain folder name"),
        (["--name", "/etc/x"], "name must be a plain folder name"),
        (["--resume"], "no sweep digits-<number>"),
        (["--resume", "--name", "../x"], "name must be a plain folder name"),
        (["--resume", "--name", "nothing"], "there is no sweep 'nothing'"),
        (["fashion-mnist"], "FashionMNIST/raw with --data-dir DIR"),
        (["fashion-mnist", "--data-dir", "nowhere"], "train-images-idx3-ubyte but there is no such file"),
        (["--set", "workload=mine:WORKLOAD"], "workload 'mine:WORKLOAD' cannot be imported"),
    ],
)
def test_mistakes(capsys, place, arguments, message):
    code, printed = outcome(capsys, "run", *arguments)
    assert code == ExitCode.WRONG_INPUT
    assert message in printed.err
    assert printed.err.startswith("error: ")
    assert len(printed.err.strip().splitlines()) == 1
    assert list(place.iterdir()) == []


def test_unknown_option(capsys):
    code, printed = outcome(capsys, "run", "--fast")
    assert code == ExitCode.WRONG_INPUT
    assert printed.err == "error: exitsearch run has no option '--fast'; see exitsearch run --help\n"


def test_names_of_files_cannot_break_the_line(capsys, place):
    code, printed = outcome(capsys, "policy", "a\nb\x1b[31m\udcff.npz", "--target", "0.9")
    assert code == ExitCode.WRONG_INPUT
    assert printed.err == "error: a\\nb\\x1b[31m\\udcff.npz: there is no such exit table\n"


def test_typed_alone_it_shows_its_help(capsys):
    code, printed = outcome(capsys)
    assert code == ExitCode.WRONG_INPUT
    assert "Usage:" in printed.out and "Commands" in printed.out
    assert printed.err == ""


def test_help_is_worth_reading(capsys):
    code, printed = outcome(capsys, "run", "--help")
    assert code == ExitCode.DONE
    for text in ("--set", "--resume", "--data-dir", "--address", "--tracking-uri", "fashion-mnist", "Exit status"):
        assert text in printed.out


def test_letters_that_a_terminal_lacks_end_no_report(place, monkeypatch):
    summary = made_up_summary(0)
    summary["baselines"]["mine:Ω"] = summary["baselines"]["full_network"]
    (place / "summary.json").write_text(json.dumps(summary))
    printed = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", printed)
    with pytest.raises(SystemExit) as ended:
        main(["report", str(place)])
    printed.flush()
    told = printed.buffer.getvalue().decode()
    assert ended.value.code == ExitCode.DONE
    assert "\n? " in told and "\nbest single exit " in told


def test_installed_command_is_the_same(place):
    done = subprocess.run(
        [f"{sys.prefix}/bin/exitsearch", "run", "digit"], capture_output=True, text=True, cwd=place, check=False
    )
    assert done.returncode == ExitCode.WRONG_INPUT
    assert done.stderr.startswith("error: there is no preset 'digit'")
