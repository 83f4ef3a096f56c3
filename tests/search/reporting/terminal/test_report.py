"""What a search tells at its end: the verdict in sentences, and one table with a legend."""

import io
from pathlib import Path
import re

import pytest
from rich.console import Console

from search.reporting.terminal import print_policies
from search.reporting.terminal.comparison import compare_policies
from search.reporting.terminal.verdict import verdict
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary
from tests.search.reporting.test_shown import detection_summary, label_summary


SHOWN = ("full_network", "best_single_exit", "greedy_shared_threshold")
FURTHER = ("geometric", "hill_climbing", "random_search", "full_network_recalibrated")
GRIDS = ("grid_greedy", "grid_conformal", "grid_f1_under_budget")


def own(accuracy, depth):
    figures = {"accuracy": accuracy, "mean_depth": depth, "mean_cost": depth / 3, "exit_mix": [0.6, 0.3, 0.1]}
    return {split: dict(figures) for split in ("search", "certify", "test")}


def classified(**facts):
    names = (*SHOWN, *FURTHER, *GRIDS)
    certificate = {"claim": "accuracy is at least 0.95", "reason": "", "bound": 0.9533}
    return Summary.model_validate(
        {
            **{"target": 0.95, "asked": "accuracy 0.95", "goal_target": 0.95, "least_accuracy": 0.95, "n_exits": 3},
            **{"feasible": True, "certified": True, "certificate": certificate},
            "selected": {"rule": "ensemble", "params": {"thresholds": [0.9, 0.9]}, **own(0.97, 1.3)},
            "baselines": {name: own(0.93 + 0.01 * place, 1 + place / 10) for place, name in enumerate(names)},
            "oracle": {"search": 1.02, "test": 1.03},
            **facts,
        }
    )


def printed(summary, *, width=80, is_terminal=True, **options):
    console = Console(file=io.StringIO(), width=width, force_terminal=is_terminal, color_system=None)
    print_policies(console, summary, ResultFiles(Path("runs/a-run")), **options)
    return console.file.getvalue()


def test_few_rows_by_names_that_are_explained_and_published_grids_in_one_sentence():
    found = compare_policies(classified(), shows_all=False)
    names = [row.name for row in found.table.rows]
    assert names == ["selected policy", "full network", "best single exit", "best shared threshold", "oracle"]
    assert found.table.headings == ("accuracy\ntest", "depth\ntest", "cost\ntest")
    assert found.table.rows[0].figures == ("0.9700", "1.300", "0.4333")
    assert [line.partition(" = ")[0] for line in found.legend] == [*names, "depth", "cost"]
    assert all(len(line) <= 80 for line in found.legend)
    # 1.00, 1.01 and 1.02 of the made-up accuracies.
    assert found.grids == "3 tuned by hand: 3 have accuracy 0.95 or better on test, at depth 1.700 to 1.900"
    assert found.left_out == "4 further baselines, each published grid, figures on search"


def test_all_baselines_have_rows_and_search_has_columns_where_all_is_asked_for():
    found = compare_policies(classified(), shows_all=True)
    assert len(found.table.rows) == 2 + len((*SHOWN, *FURTHER, *GRIDS))
    assert "published grid: conformal" in [row.name for row in found.table.rows]
    assert found.table.headings[:2] == ("accuracy\nsearch", "depth\nsearch")
    assert found.grids == found.left_out == ""
    assert all(len(line) <= 80 for line in found.legend)
    assert sum(line.startswith("published ... = ") for line in found.legend) == 1


def test_a_baseline_that_somebody_asked_for_has_a_row():
    found = compare_policies(classified(baselines={"full_network": own(1, 3), "mine:OWN": own(1, 2)}), shows_all=False)
    assert [row.name for row in found.table.rows][:3] == ["selected policy", "full network", "OWN"]
    assert found.grids == "" and found.left_out == "figures on search"


def test_grids_that_meet_the_target_are_counted_and_without_one_their_range_is_told():
    some = compare_policies(classified(target=1.005), shows_all=False).grids
    assert some == "3 tuned by hand: 2 have accuracy 1.005 or better on test, at depth 1.800 to 1.900"
    assert "0 have accuracy 1.5 or better" in compare_policies(classified(target=1.5), shows_all=False).grids
    ranged = compare_policies(classified(target=0.0, goal_target=0.94), shows_all=False).grids
    assert ranged == "3 tuned by hand: accuracy 1.0000 to 1.0200 at depth 1.700 to 1.900 on test"


def test_the_certificate_is_a_sentence_of_its_own():
    selected, certified = verdict(classified())
    assert selected == "Selected: rule ensemble, for accuracy 0.95"
    assert certified == (
        "Certified: with confidence 95 %, on new data of the same kind accuracy is at least 0.95 (bound 0.9533); "
        "shown on samples that the search did not see"
    )


def test_what_is_not_certified_says_why_and_what_is_known():
    certificate = {"claim": "accuracy is at least 0.95", "reason": "too few samples", "bound": 0.94}
    facts = {"certified": False, "certificate": certificate, "estimate": {"sentence": "estimated at 0.96"}}
    assert verdict(classified(**facts))[1:] == ("NOT CERTIFIED: too few samples", "Estimated at 0.96")


def test_nothing_feasible_is_told_in_one_sentence_without_a_certificate():
    (told,) = verdict(classified(feasible=False, certified=False))
    assert told == ("INFEASIBLE: no policy met accuracy 0.95 on search; the nearest has accuracy 0.9700 at depth 1.300")


KINDS = {"classified": classified, "detection": detection_summary, "labels": label_summary}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shows_all", [False, True])
@pytest.mark.parametrize("width", [40, 80])
def test_no_line_but_those_to_be_copied_is_wider_than_the_terminal(kind, shows_all, width):
    summary = KINDS[kind]()
    shown = printed(summary, width=width, shows_all=shows_all)
    lines = [line for line in shown.splitlines() if not line.startswith(("Files", "Figure", "Interactive"))]
    assert [line for line in lines if len(line.rstrip()) > width] == []
    piped = printed(summary, is_terminal=False, shows_all=shows_all)
    assert sorted(re.findall(r"\d\.\d+", piped)) == sorted(re.findall(r"\d\.\d+", shown))
    assert "\x1b" not in piped
