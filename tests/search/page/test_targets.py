"""What the page says of other targets: what the summary has of each, in the words of its request."""

import re

import pytest

from search.page.sections.verdict import verdict
from search.page.targets import aimed_at, certified_targets, which_were_tested
from search.run_folder.summary import Summary
from tests.search.page.sections.finished import searched
from tests.search.summaries import made_up_summary
from tests.tables import make_table


SITE = ", for every value of site"
WHY = "certify needs at least about 239 samples"
TARGETS = [
    {"multiple": 0.25, "power": 0.9, "asked": "accuracy 0.9875", "needed": 239, "why_not": WHY},
    {"multiple": 0.5, "power": 0.9, "asked": "accuracy 0.975", "aim": "accuracy 0.99"},
    {"multiple": 1.0, "power": 0.9, "asked": "accuracy 0.95", "aim": "accuracy 0.97", "mean": 1.5, "quality": 0.98},
    {
        **{"multiple": 2.0, "power": 0.9, "asked": "accuracy 0.9, a drop of at most 0.02 against the full network"},
        **{"aim": f"a drop of map_50 of at most 0.01 against the full network{SITE}", "mean": 1.25, "quality": 0.96},
        "is_at_most": True,
    },
]


def summary(**changes):
    found = {**made_up_summary(0), "asked": f"accuracy 0.95{SITE}", "quality": "accuracy", "targets": TARGETS}
    return Summary.model_validate({**found, **changes})


def without_tags(text):
    return re.sub("<[^>]*>", "", text)


def cells(html):
    body = html.split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall("<td>(.*?)</td>", row) for row in body.split("</tr>") if row]
    return [[without_tags(cell) for cell in row] for row in rows]


def head(html):
    return [without_tags(one) for one in re.findall("<th [^>]*>(.*?)</th>", html)]


def test_each_target_has_its_aim_and_what_it_takes():
    html = certified_targets(summary())
    depth = summary().selected.by_split["search"]["mean_depth"]
    assert head(html) == ["target", "aim", "mean depth", "accuracy", ""]
    assert cells(html) == [
        ["accuracy 0.9875", "-", "-", "-", "certify needs at least about 239 samples"],
        ["accuracy 0.975", "accuracy 0.99", "-", "-", "not reached"],
        ["accuracy 0.95, asked", "accuracy 0.97", "1.500", "0.9800", f"selected: {depth:.3f}"],
        ["accuracy 0.9, a drop of at most 0.02", "a drop of mAP@.5 of at most 0.01", "≤ 1.250", "0.9600", ""],
    ]


def test_what_all_targets_are_of_is_told_once():
    html = certified_targets(summary(targets=TARGETS[:3]))
    assert head(html)[0] == "target: accuracy"
    assert [row[:2] for row in cells(html)] == [["0.9875", "-"], ["0.975", "0.99"], ["0.95, asked", "0.97"]]
    joint = [{**TARGETS[3], "aim": "accuracy 0.95, a drop of at most 0.01 against the full network"}]
    html = certified_targets(summary(targets=joint))
    assert head(html)[0] == "target: accuracy, drop"
    assert cells(html)[0][:2] == ["0.9, 0.02", "0.95, 0.01"]


def test_what_is_aimed_at_for_each_value_stands_beside_what_is_for_all():
    of_values = [
        {**TARGETS[0], "asked": f"accuracy 0.9875{SITE}"},
        {**TARGETS[1], "asked": f"accuracy 0.975{SITE}", "aim": f"accuracy 0.98{SITE} (0.99 to 0.995)"},
    ]
    html = certified_targets(summary(targets=of_values))
    assert head(html)[0] == "target: accuracy"
    assert [row[:2] for row in cells(html)] == [["0.9875", "-"], ["0.975", "0.98; each value 0.99 to 0.995"]]
    joint = {
        **of_values[1],
        "aim": f"accuracy 0.98, a drop of at most 0.01 against the full network{SITE} (0.99, 0.001)",
    }
    aim = cells(certified_targets(summary(targets=[joint])))[0][1]
    assert aim == "accuracy 0.98, a drop of at most 0.01; each value 0.99, 0.001"


def test_of_what_was_asked_it_is_told_that_nothing_reaches_it():
    asked = [{**TARGETS[2], "mean": None, "quality": None}]
    (row,) = cells(certified_targets(summary(targets=asked)))
    assert (row[0], row[-1]) == ("0.95, asked", "not reached")


def test_what_no_target_changes_is_told_once():
    limit = "a drop of at most 0.02 against the greedy shared threshold, mean depth 2"
    asked = [
        {"multiple": 1.0, "power": 0.9, "asked": f"accuracy 0.95, {limit}", "needed": 239, "why_not": WHY},
        {"multiple": 2.0, "power": 0.9, "asked": f"accuracy 0.9, {limit}", "aim": f"accuracy 0.92, {limit}"},
    ]
    html = certified_targets(summary(targets=asked, asked=asked[0]["asked"]))
    once = "each with a drop of at most 0.02 against the greedy shared threshold and mean depth 2. A search"
    assert f"Other targets, {once}" in html
    assert (head(html)[0], [row[:2] for row in cells(html)]) == (
        "target: accuracy",
        [["0.95, asked", "-"], ["0.9", "0.92"]],
    )
    alone = certified_targets(summary(targets=asked[:1], asked=asked[0]["asked"]))
    assert "each with" not in alone


@pytest.mark.parametrize(("targets", "told"), [(TARGETS, True), (TARGETS[:3], False)])
def test_at_most_is_explained_where_it_is_said(targets, told):
    html = certified_targets(summary(targets=targets))
    assert f"Other targets{SITE}. A search aims beyond its target" in html
    assert "certify split of this size certifies it 9 times of 10" in html
    assert ("≤: the front ends at what was asked; a search for a looser target may find less" in html) == told
    infeasible = certified_targets(summary(targets=targets, feasible=False))
    assert ("≤: no policy did what was asked" in infeasible) == told


def test_what_has_no_margin_is_mentioned_where_there_is_any():
    assert "without the margin" not in certified_targets(summary())
    partly = {"asked": "image_f1 0.6, a drop of map_50 of at most 0.05 against the full network", "certified": True}
    rest = {"sentence": "it holds", "quality": "drop of map_50", "side": "at most", "limit": 0.05, "meets": True}
    assert "What cannot be certified is looked for without the margin" in certified_targets(
        summary(**partly, estimate=rest)
    )


@pytest.mark.parametrize(
    ("cost", "told"),
    [(0.125, "take 0.12 less depth"), (-0.2, "take 0.20 more depth"), (0.004, ""), (None, "")],
)
def test_what_the_power_costs_is_told_where_it_is_known(cost, told):
    aimed = {"power": 0.9, "aim": "accuracy 0.97", "aim_at_half": "accuracy 0.96", "cost": cost}
    html = certified_targets(summary(search_target=aimed))
    assert told in html
    assert ("If half the times were enough" in html) == bool(told)


def test_of_searches_without_targets_the_front_is_told(tmp_path):
    found = searched(tmp_path, make_table, "--target", "0.7", splits=("search", "test"))
    assert found.summary.targets == []
    assert "Other targets: policies of the front, on search." in verdict(found).html


def test_what_was_aimed_at_is_told_with_its_power_and_cost():
    aimed = {"power": 0.8, "aim": "macro_f1 0.9", "aim_at_half": "macro_f1 0.89", "objective": "depth", "cost": 0.125}
    with_aim = Summary.model_validate({**made_up_summary(0), "search_target": aimed})
    assert aimed_at(with_aim) == (
        " For macro f1 0.876 the search aimed at macro f1 0.9, to be certified 4 times of 5; at half the times it "
        "would take 0.12 less depth."
    )


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"n_tested": 5, "n_passed": 4, "levels": [0.05]}, " 5 policies were tested on certify, the safest first; 4"),
        (
            {"n_tested": 5, "n_passed": 4, "levels": [0.05, 0.04, 0.01]},
            " 5 policies were tested on certify, along two sequences, the safest first; 4 passed",
        ),
        ({"n_tested": 1, "n_passed": 0}, " One policy was tested on certify"),
        ({}, ""),
    ],
)
def test_how_many_policies_were_tested_is_told(counts, told):
    certificate = {"claim": "it holds", "reason": "", "bound": 0.69, **counts}
    said = which_were_tested(Summary.model_validate({**made_up_summary(0), "certificate": certificate}))
    assert said.startswith(told)
    assert bool(said) == bool(told)
