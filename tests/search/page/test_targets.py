"""What the page says of other targets: what the summary has of each, in the words of its request."""

from dataclasses import replace
import re

import pytest

from search.page.sections.verdict import verdict
from search.page.targets import aimed_at, certified_targets, which_were_tested
from search.run_folder.summary import Summary
from tests.search.page.sections.finished import searched
from tests.search.summaries import made_up_summary
from tests.tables import make_table


WHY = "certify needs at least about 239 samples"


def target(multiple, asked, aim=None, *, also=(), **others):
    """A target of an accuracy, and of further parts."""
    parts = [{"name": "accuracy", "asked": asked, "aim": aim}, *also]
    words = {"asked": f"accuracy {asked:g}", "aim": "" if aim is None else f"accuracy {aim:g}"}
    return {"multiple": multiple, "power": 0.9, "parts": parts, **words, **others}


TARGETS = [
    target(0.5, 0.9625, needed=239, why_not=WHY),
    target(0.75, 0.975, 0.99),
    target(1.0, 0.95, 0.97, mean=1.5, quality=0.98),
    target(2.0, 0.9, 0.92, mean=1.25, quality=0.96, is_at_most=True),
]


def summary(**changes):
    found = {**made_up_summary(0), "asked": "accuracy 0.95", "quality": "accuracy", "targets": TARGETS}
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
    assert head(html) == ["target: accuracy", "aim", "mean depth", "accuracy", ""]
    assert cells(html) == [
        ["0.9625", "-", "-", "-", "certify needs at least about 239 samples"],
        ["0.975", "0.99", "-", "-", "not reached"],
        ["0.95, asked", "0.97", "1.500", "0.9800", f"selected: {depth:.3f}"],
        ["0.9", "0.92", "≤ 1.250", "0.9600", ""],
    ]


def test_several_parts_are_named_once_in_their_order():
    drop = {"name": "drop of map_50", "asked": 0.02, "aim": 0.0123456}
    html = certified_targets(summary(targets=[target(1.0, 0.9, 0.95, also=[drop])]))
    assert head(html)[0] == "target: accuracy, drop of mAP@.5"
    assert cells(html)[0][:2] == ["0.9, 0.02, asked", "0.95, 0.01235"]


def test_what_is_aimed_at_for_each_value_stands_beside_what_is_for_all():
    one = target(0.75, 0.975, 0.98, by="site")
    one["parts"][0]["of_values"] = (0.99, 0.995)
    html = certified_targets(summary(targets=[one]))
    assert "Other targets, for every value of site. A search" in html
    assert cells(html)[0][:2] == ["0.975", "0.98; each value 0.99 to 0.995"]
    one["parts"].append({"name": "drop", "asked": 0.02, "aim": 0.01, "of_values": (0.001, 0.0010000001)})
    assert cells(certified_targets(summary(targets=[one])))[0][1] == "0.98, 0.01; each value 0.99 to 0.995, 0.001"


def test_of_what_was_asked_it_is_told_that_nothing_reaches_it():
    (row,) = cells(certified_targets(summary(targets=[target(1.0, 0.95, 0.97)])))
    assert (row[0], row[-1]) == ("0.95, asked", "not reached")


def test_what_no_target_changes_is_told_once():
    limit = "a drop of at most 0.02 against the greedy shared threshold, mean depth 2"
    html = certified_targets(summary(targets=[{**own, "beside": limit} for own in TARGETS]))
    assert f"Other targets, each with {limit}. A search" in html
    assert html.count("greedy") == 1


@pytest.mark.parametrize(("targets", "told"), [(TARGETS, True), (TARGETS[:3], False)])
def test_at_most_is_explained_where_it_is_said(targets, told):
    html = certified_targets(summary(targets=targets))
    assert "Other targets. A search aims beyond its target" in html
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
    earlier = [{"multiple": 1.0, "power": 0.8, "asked": "accuracy 0.7", "aim": "accuracy 0.72"}]
    summary = Summary.model_validate({**found.summary.model_dump(by_alias=True), "targets": earlier})
    assert "Other targets: policies of the front, on search." in verdict(replace(found, summary=summary)).html


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
