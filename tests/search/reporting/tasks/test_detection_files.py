"""The files about detectors hold what the figures of exits and policies say, added up in other ways."""

import numpy as np
import pandas as pd
import pytest

from policies.calibration.box_temperature import tempered_boxes
from policies.metrics.detection.errors import ERROR_KINDS
from policies.metrics.detection.figures import box_figures, exit_figures
from search.reporting.tasks.detection_files import BoxAnswers, class_table, error_table, size_table
from search.run_folder.answers import PolicyAnswers, answers_of_exits
from tests.detection_tables import make_detection_table


TEMPERATURES = np.array([2.0, 0.5, 1.3])
SPLITS = ("search", "test")


@pytest.fixture(scope="module")
def tables():
    return {split: make_detection_table(50, 3, 3, seed=seed, prefix=split) for seed, split in enumerate(SPLITS)}


@pytest.fixture(scope="module")
def answered(tables):
    """Each exit alone, and a policy that takes the second exit and tempers its scores as rules do."""
    policy = [
        PolicyAnswers(
            "selected", split, table, tempered_boxes(table.boxes[:, 1], TEMPERATURES[1]), np.ones(50, dtype=np.int64)
        )
        for split, table in tables.items()
    ]
    return [BoxAnswers.of(own, TEMPERATURES) for own in (*policy, *answers_of_exits(tables, TEMPERATURES))]


def of_exit(table, k, split):
    return table[(table["policy"] == f"exit_{k + 1}") & (table["split"] == split)]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("k", range(3))
def test_each_file_agrees_with_the_figures_of_the_exits(tables, answered, split, k):
    figures = exit_figures(tables[split], TEMPERATURES)[k]
    classes = of_exit(class_table(answered), k, split)
    assert dict(zip(classes["class"], classes["ap_50"], strict=True)) == pytest.approx(figures["ap_50_by_class"])
    assert classes["ap"].mean() == pytest.approx(figures["map"])
    sizes = of_exit(size_table(answered), k, split).set_index("size")
    for name, value in figures["map_50_by_size"].items():
        assert sizes.loc[name, "map_50"] == pytest.approx(np.nan if value is None else value, nan_ok=True)
    errors = of_exit(error_table(answered), k, split)
    assert dict(zip(errors["kind"], errors["count"], strict=True)) == figures["errors"]
    assert classes["objects"].sum() == sizes["objects"].sum() > 0


def test_a_policy_that_takes_one_exit_has_the_rows_of_that_exit(answered):
    for table in (class_table(answered), size_table(answered), error_table(answered)):
        own, exits = (table[table["policy"] == name].drop(columns="policy") for name in ("selected", "exit_2"))
        pd.testing.assert_frame_equal(own.reset_index(drop=True), exits.reset_index(drop=True))


def test_recall_and_precision_are_of_the_boxes_from_the_operating_score_on(tables, answered):
    own = of_exit(class_table(answered), 2, "test")
    missed = sum(1 - row.recall for row in own.itertuples() for _ in range(row.objects))
    figures = box_figures(answered[-1].answers, tables["test"].truth, tables["test"].meta["class_names"])
    # An object that is nearly hit, or taken for another class, is not found either, but counts as that error.
    assert figures["errors"]["missed"] <= missed + 1e-9
    assert own["precision"].between(0, 1).all()


def test_a_class_without_objects_and_boxes_has_no_figures(answered):
    (own,) = (one for one in answered if (one.name, one.split) == ("exit_3", "test"))
    names = [*own.table.meta["class_names"], "never there"]
    table = own.table.__class__(
        boxes=own.table.boxes,
        objects=own.table.objects,
        cost=own.table.cost,
        ids=own.table.ids,
        meta={**own.table.meta, "class_names": names},
    )
    row = class_table([BoxAnswers(own.name, own.split, table, own.answers)]).set_index("class").loc["never there"]
    assert row[["ap_50", "ap", "recall", "precision"]].isna().all()
    assert row["objects"] == 0


def test_kinds_are_told_in_one_order(answered):
    table = error_table(answered)
    assert table["kind"].tolist() == len(answered) * list(ERROR_KINDS)
