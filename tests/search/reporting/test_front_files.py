"""A front as files: read again as it was written, short policies whole, what was learnt once where it is long."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from policies.goals.front import Front, FrontPoint
from policies.policy import Policy
from policies.rules import get_rule
from search.errors import RunFolderError
from search.reporting.front_files import read_front, write_front
from search.run_folder.result_files import ResultFiles
from tests.tables import make_table


PLAIN = Policy("confidence", ((0.1 + 0.2,), (math.inf,)), (1.0, 1.0, 1.0))


def ensembles(n_classes):
    params = get_rule("ensemble").fit(make_table(200, 3, n_classes), np.ones(3))
    return [Policy("ensemble", ((level,), (level,)), (1.0, 1.0, 1.0), params) for level in (0.3, 0.6, 0.9)]


def front_of(policies, **more):
    def figures(row):
        return {"accuracy": 1 / (row + 3), "mean_depth": 1.0 + row, "worst_class_recall": math.pi / 4}

    return Front(tuple(FrontPoint(policy, figures(row), 0.0, **more) for row, policy in enumerate(policies)))


@pytest.fixture
def files(tmp_path):
    return ResultFiles(tmp_path)


@pytest.mark.parametrize("n_classes", [4, 100])
@pytest.mark.parametrize(
    "more", [{}, {"network": "NA"}, {"network": "007", "certified": False, "selected": True}], ids=len
)
def test_what_was_written_is_read(files, n_classes, more):
    several = Policy("class-wise", ((0.5, 0.6), (0.7, math.inf)), (1.0, 1.0, 1.0))
    front = front_of([PLAIN, *ensembles(n_classes), several], **more)
    write_front(files, front)
    found = read_front(files)
    assert found == front
    pd.testing.assert_frame_equal(found.to_frame(), front.to_frame())


def test_policies_that_were_not_tested_have_no_mark_beside_one_that_was(files):
    marks = {"a": (None, False), "b": (True, True), "c": (False, False)}
    points = (
        FrontPoint(PLAIN, {"accuracy": 0.5}, 0.0, network=name, certified=certified, selected=selected)
        for name, (certified, selected) in marks.items()
    )
    write_front(files, Front(tuple(points)))
    assert {point.network: (point.certified, point.selected) for point in read_front(files)} == marks


def test_a_front_that_misses_its_target_is_read(files):
    front = Front((FrontPoint(PLAIN, {"accuracy": 0.5}, 0.1 + 0.2),))
    write_front(files, front)
    assert read_front(files) == front
    assert not read_front(files).is_feasible


def test_plain_thresholds_stand_beside_the_figures(files):
    write_front(files, front_of([PLAIN, *ensembles(4)], network="trial-0001", certified=True, selected=False))
    table = pd.read_csv(files.front_csv)
    assert list(table) == [
        *("accuracy", "mean_depth", "worst_class_recall", "violation", "feasible", "rule"),
        *("network", "certified", "selected", "threshold_1", "threshold_2", "policy"),
    ]
    assert table["threshold_1"].tolist() == [0.1 + 0.2, 0.3, 0.6, 0.9]
    assert [Policy.from_dict(json.loads(text)) for text in table["policy"]] == [PLAIN, *ensembles(4)]
    assert not files.front_params_file.exists()


def test_what_was_learnt_for_many_classes_is_given_once(files):
    write_front(files, front_of([PLAIN, *ensembles(100)]))
    texts = pd.read_csv(files.front_csv)["policy"]
    assert json.loads(files.front_params_file.read_text()).keys() == {"ensemble-1"}
    assert sum(map(len, texts)) < 1000
    assert [json.loads(text)["params"] for text in texts] == [{}, *["front_params.json: ensemble-1"] * 3]


@pytest.mark.parametrize("text", [None, "", "accuracy,policy\n0.5,{}\n", "policy\nnothing\n"])
def test_what_is_no_front_is_refused_in_a_line(files, text):
    if text is not None:
        files.front_csv.write_text(text)
    with pytest.raises(RunFolderError, match=r"a finished search has pareto_front\.csv") as refused:
        read_front(files)
    assert "\n" not in str(refused.value)


def test_a_front_without_its_parameters_is_refused(files):
    write_front(files, front_of(ensembles(100)))
    files.front_params_file.unlink()
    with pytest.raises(RunFolderError, match="'ensemble-1'"):
        read_front(files)
