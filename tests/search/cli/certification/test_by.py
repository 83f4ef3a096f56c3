"""``exitsearch certify --by``: every value of a column, from the table or from a file beside it."""

from dataclasses import replace
import json

import numpy as np
import pytest

from search.cli.app import ExitCode, main
from tests.policies.outcomes import GATE, outcome_table, table_with_errors


N = 400
SITES = np.repeat(["north", "south"], N // 2)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    GATE.save(tmp_path / "policy.json")
    row = np.arange(N) % (N // 2)
    table = outcome_table(row >= np.where(SITES == "north", 4, 7), np.ones(N), labels=np.arange(N) % 2)
    table.save(tmp_path / "plain.npz")
    table.with_columns({"site": SITES, "year": np.arange(N) % 2}).save(tmp_path / "table.npz")
    rows = [f"{name},{site}" for name, site in zip(table.ids, SITES, strict=True)]
    (tmp_path / "sites.csv").write_text("\ufeffid, site\n" + "\n".join([*rows[::-1], "another,east"]) + "\n")
    (tmp_path / "few.csv").write_text("id,site\n" + "\n".join(rows[3:]) + "\n")
    (tmp_path / "twice.csv").write_text("id,site\n" + "\n".join([*rows, f"{table.ids[0]},south"]) + "\n")
    (tmp_path / "uneven.csv").write_text("id,site\nc0\n")
    (tmp_path / "nameless.csv").write_text("name,site\nc0,north\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bytes.csv").write_bytes(b"id,site\nc0,\xff\n")
    replace(table, labels=np.full(N, -1), is_labelled=False).save(tmp_path / "unlabelled.npz")
    table_with_errors(N, first=40, last=4, prefix="s").save(tmp_path / "search.npz")
    return tmp_path


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["certify", "policy.json", *arguments])
    return ended.value.code, capsys.readouterr()


@pytest.mark.parametrize("given", [("table.npz",), ("plain.npz", "--columns", "sites.csv")])
def test_certified_for_every_site(capsys, place, given):
    code, printed = outcome(capsys, *given, "--target", "0.92", "--by", "site", "--out", "certificate.json")
    assert code == ExitCode.DONE, printed
    assert "accuracy where site = north" in printed.out and "accuracy where site = south" in printed.out
    assert "Least certain is the accuracy where site = south: 0.9650 on 200 samples (bound 0." in printed.out
    assert "same kind accuracy is at least 0.92, each also for every value of site by itself (bound 0." in printed.out
    told = json.loads((place / "certificate.json").read_text())
    assert (told["worst_subgroup"], [part["n"] for part in told["parts"]]) == ("south", [400, 200, 200])


def test_not_certified_for_one_site(capsys, place):
    code, printed = outcome(capsys, "table.npz", "--target", "0.94", "--by", "site")
    assert code == ExitCode.NOT_ACHIEVED
    assert "NOT CERTIFIED: the policy's accuracy where site = south on certify is 0.9650, above 0.94" in printed.out
    code, _ = outcome(capsys, "table.npz", "--target", "0.94")
    assert code == ExitCode.DONE


def test_without_labels_one_note_is_about_all_values(capsys, place):
    asked = ("--unlabelled", "--max-disagreement", "0.1", "--by", "site", "--columns", "sites.csv")
    code, printed = outcome(capsys, "unlabelled.npz", *asked)
    assert code == ExitCode.DONE, printed
    assert "disagreement where site = south" in printed.out
    noted = [line for line in printed.out.splitlines() if "nothing is lost" in line]
    assert len(noted) == 1 and noted[0].endswith("and of each value at most the bound that stands there")


def test_a_search_table_without_the_column_still_settles_the_test_of_all(capsys, place):
    code, printed = outcome(capsys, "table.npz", "--max-drop", "0.08", "--by", "site", "--search", "search.npz")
    assert code == ExitCode.DONE, printed
    assert "drop where site = south" in printed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plain.npz", "--by", "site"], "there must be a column of that name but there is none; save one as 'column"),
        (["table.npz", "--by", "device"], "column of that name but there is only 'site', 'year'; save one as"),
        (["table.npz", "--by", "site", "--columns", "sites.csv"], "the table and sites.csv both have it"),
        (["plain.npz", "--columns", "sites.csv"], "--columns is for --by, which is not given"),
        (["plain.npz", "--by", "year", "--columns", "sites.csv"], "only 'site'; add it, or give another file"),
        (["plain.npz", "--by", "site", "--columns", "few.csv"], "'c0' has none (3 of 400 such samples)"),
        (["plain.npz", "--by", "site", "--columns", "twice.csv"], "'c0' has 'north' and 'south'; remove one"),
        (["plain.npz", "--by", "site", "--columns", "uneven.csv"], "must have 2 values but line 2 has another number"),
        (["plain.npz", "--by", "site", "--columns", "nameless.csv"], "'id' among them, but is 'name', 'site'"),
        (["plain.npz", "--by", "site", "--columns", "empty.csv"], "'id' among them, but is empty"),
        (["plain.npz", "--by", "site", "--columns", "bytes.csv"], "not a readable CSV file"),
        (["plain.npz", "--by", "site", "--columns", "none.csv"], "none.csv: there is no such file of columns"),
        (["table.npz", "--by", "site", "--delta", "1e-9"], "'north (200 samples, about 49 more needed)'"),
    ],
)
def test_mistakes_end_in_one_line(capsys, place, arguments, message):
    code, printed = outcome(capsys, "--target", "0.92", *arguments, "--out", "certificate.json")
    assert code == ExitCode.WRONG_INPUT == 2
    assert message in printed.err and "Traceback" not in printed.err
    assert len(printed.err.strip().splitlines()) == 1
    assert not (place / "certificate.json").exists()
