"""Splits and their digests."""

from search.page.sections.splits import splits
from tests.search.page.sections.finished import searched, sweep
from tests.tables import make_table


def test_digests_of_a_sweep_are_told_with_the_whole_at_hand(tmp_path):
    run = sweep(tmp_path / "digits-1")
    digest = run.environment["data_hashes"]["certify"]
    html = splits(run).html
    assert f'<code title="{digest}">{digest[:12]}</code>' in html


def test_a_policy_search_tells_its_tables_sizes_plan_and_differences(tmp_path):
    run = searched(tmp_path, make_table, "--target", "0.8")
    html = splits(run).html
    assert run.summary.tables["certify"] in html
    assert f"<td>{run.summary.selected.by_split['search']['n_samples']:,}</td>" in html
    assert all(name in html for name in ("What certify can prove", "How alike search and certify are", "p-value"))
    assert run.summary.search_target.power == 0.8
    assert f"search target: {run.summary.search_target.sentence}" in html


def test_a_power_is_asked_for_by_an_option(tmp_path, capsys):
    run = searched(tmp_path, make_table, "--target", "0.7", "--power", "0.95")
    told = run.summary.search_target
    assert (told.power, told.mean >= told.mean_at_half) == (0.95, True)
    assert "certified 19 times of 20" in " ".join(capsys.readouterr().out.split())
