"""Splits and their digests."""

from dataclasses import asdict, replace

from policies.certificates.claims import Claim
from search.page.sections.splits import splits
from search.run_folder.summary import SharingSummary, Summary
from search.sharing.proposal import proposed_splits
from search.sharing.units import SplitUnits
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


def test_shares_that_were_proposed_are_told_beside_others(tmp_path):
    found = proposed_splits(SplitUnits(1797, 174), Claim(target=0.95), delta=0.05, power=0.8)
    run = sweep(tmp_path / "digits-1")
    told = run.summary.model_copy(update={"sharing": SharingSummary.model_validate(asdict(found))})
    told.save(run.folder.summary_file)
    again = Summary.load(run.folder.summary_file)
    assert again.sharing == told.sharing
    html = splits(replace(run, summary=again)).html
    assert f"Proposed: {found.sentence}." in html
    assert html.count("(chosen)") == 1
    assert all(f"<td>{one.n_certify:,}</td>" in html for one in found.divisions)
