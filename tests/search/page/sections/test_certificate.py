"""The section that tells what the certificate rests on."""

from html import unescape
import json
import re

import numpy as np
import pytest

from search.page.sections.certificate import certificate
from search.page.sections.verdict import verdict
from search.reporting.terminal.verdict import verdict as printed
from tests.search.page.sections.finished import searched
from tests.tables import make_table


def with_sites(*, seed, prefix):
    table = make_table(900, seed=seed, prefix=prefix)
    return table.with_columns({"site": np.array(["<north>", "south", "south"])[np.arange(table.n_samples) % 3]})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return searched(tmp_path_factory.mktemp("searches"), with_sites, "--target", "0.7", "--by", "site")


def told(run):
    return json.loads(run.folder.certificate_file.read_text())


def cells(row):
    return [unescape(re.sub(r"<[^>]*>", "", cell)) for cell in re.findall(r"<td>(.*?)</td>", row)]


def rows(html, place):
    table = re.findall(r"<tbody>(.*?)</tbody>", html)[place]
    return [cells(row) for row in re.findall(r"<tr>(.*?)</tr>", table)]


def test_each_part_of_the_claim_is_told_with_the_figures_of_the_certificate(run):
    found, shown = told(run), rows(certificate(run).html, 0)
    assert len(shown) == len(found["parts"]) == 3
    of_values = [part for part in found["parts"] if part["subgroup"] is not None]
    worst = max(of_values, key=lambda part: part["p_value"])
    assert shown[0][:2] == ["accuracy", "≥ 0.7"]
    assert shown[1][2:5] == [f"{worst['observed']:.4f}", f"{worst['bound']:.4f}", f"{worst['n']}"]
    assert '<th scope="col">samples</th>' in certificate(run).html
    assert "&lt;north&gt;" in certificate(run).html and "<north>" not in certificate(run).html


def test_the_least_certain_value_is_named_in_the_verdict_of_page_and_terminal(run):
    found = told(run)
    worst = found["worst_subgroup"]
    (part,) = (part for part in found["parts"] if part["subgroup"] == worst)
    seen = f"site = {worst}: {part['observed']:.4f} on {part['n']} samples (bound {part['bound']:.4f})"
    assert f"Least certain is the accuracy where {seen}" in printed(run.summary)
    assert f"where {seen}".replace("<", "&lt;").replace(">", "&gt;") in verdict(run).html


def test_levels_and_counts_are_those_of_the_tests(run):
    found = told(run)
    shown = rows(certificate(run).html, 1)
    assert {float(row[0]) for row in shown} == {step["level"] for step in found["sequence"]}
    assert sum(int(row[1]) for row in shown) == len(found["sequence"]) == run.summary.certificate.n_tested
    assert sum(int(row[2]) for row in shown) == run.summary.certificate.n_passed
    several = min(step["level"] for step in found["sequence"]) < found["delta"]
    assert ("Two sequences of policies share delta" in certificate(run).html) == several
    assert f"bounds at level {found['level']:g}" in certificate(run).html


def test_where_nothing_was_claimed_there_is_no_section(tmp_path):
    assert certificate(searched(tmp_path, make_table, "--target", "0.7", splits=("search", "test"))) is None
