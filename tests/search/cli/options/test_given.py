"""Options that another option makes meaningless are refused, before anything is read; those that count are not."""

import pytest

from search.cli.app import ExitCode, main


def refusal(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    printed = capsys.readouterr()
    assert ended.value.code == ExitCode.WRONG_INPUT
    assert printed.out == ""
    assert len(printed.err.strip().splitlines()) == 1
    return printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("report none --split val", "--split is for the table of --compare, which is not given; add it"),
        ("report none --split test", "--split is for the table of --compare"),
        ("report none --out table.csv", "--out is for the table of --compare"),
        ("report none --html --all", "--all is for tables, which --html does not print; leave --html out"),
        ("report none --compare --all", "--all is for reports, and the table of --compare always has the first"),
        ("compare none none --no-log --tracking-uri sqlite:///x.db", "--tracking-uri is where the table is logged"),
        ("compare none:a none:b --split test", "--split is for selected policies, and figures of seeds are on search"),
        ("policy none.npz --target 0.9 --delta 0.05", "--delta is for the certificate of --certify"),
        ("policy none.npz --target 0.9 --rule all --rule margin", "--rule all holds every rule, 'margin' too"),
        ("teacher digits --out t --set search.trials=3", "--set search.trials is about a search"),
        ("teacher digits --out t --set teachers=[]", "--set teachers is about a search"),
        ("soft-labels m digits --out t --set space.name=distillation", "--set space.name is about a search"),
    ],
)
def test_what_cannot_count_is_refused(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in refusal(capsys, arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("report none --compare --split val --out table.csv", "none: a finished search has summary.json"),
        ("report none --all", "none: a finished search has summary.json"),
        ("compare none none:b --split search --no-log", "there is no run 'none'"),
        ("compare none none --tracking-uri sqlite:///x.db", "there is no run 'none'"),
        ("policy none.npz --target 0.9 --certify more.npz --delta 0.1", "none.npz: there is no such exit table"),
        ("policy none.npz --target 0.9 --rule all --rule all", "none.npz: there is no such exit table"),
    ],
)
def test_what_counts_is_not_refused(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in refusal(capsys, arguments)
