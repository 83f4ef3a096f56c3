"""What is told of networks with sets of labels, label by label."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, multilabel_confusion_matrix

from policies.metrics.multilabel.figures import policy_figures
from policies.parents.membership import Parents
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from search.figures.labels import draw_label_f1
from search.reporting.tasks.multilabel import label_table
from search.run_folder.answers import answers_of, answers_of_exits
from tests.multilabel_tables import make_label_table


ONES = np.ones(3)
ANSWERINGS = {
    "samples": Answering(label_thresholds=(0.3, 0.5, 0.7, 0.5, 0.4)),
    "pooled": Answering(pooling="mean"),
    "whole": Answering(pooling="max", level=Level.PARENT, label_thresholds=(0.3, 0.5, 0.7, 0.5, 0.4)),
    "read": Answering(pooling="mean", level=Level.READING, read_until=0.3),
}


@pytest.fixture(params=ANSWERINGS.values(), ids=ANSWERINGS)
def answering(request):
    return request.param


def answered(answering):
    splits = enumerate(("search", "test"))
    tables = {split: make_label_table(90, parents_of=4, seed=n, prefix=split) for n, split in splits}
    tables = {split: table.answered(answering) for split, table in tables.items()}
    policy = Policy("label-margin", (0.2, 0.1), (1.0, 1.0, 1.0), answering=answering)
    decisions = {split: policy.decide(table) for split, table in tables.items()}
    return tables, decisions, [*answers_of("selected", tables, decisions), *answers_of_exits(tables, ONES)]


def test_each_policy_split_and_label_has_a_row_of_what_is_judged(answering):
    tables, decisions, answers = answered(answering)
    labels = label_table(answers)
    assert len(labels) == 4 * 2 * 5
    for own in answers:
        rows = labels[(labels["policy"] == own.name) & (labels["split"] == own.split)]
        truth = own.table.labels
        assert len(truth) == (90 if answering.pooling is None else 23)
        counts = multilabel_confusion_matrix(truth, own.answers)
        assert rows["n_right"].tolist() == counts[:, 1, 1].tolist()
        assert rows["n_answered"].tolist() == (counts[:, 1, 1] + counts[:, 0, 1]).tolist()
        assert rows["n_on"].tolist() == truth.sum(axis=0).tolist()
        assert rows["f1"].tolist() == pytest.approx(f1_score(truth, own.answers, average=None, zero_division=0))
    for split, table in tables.items():
        of_policy = labels[(labels["policy"] == "selected") & (labels["split"] == split)]
        told = policy_figures(table, decisions[split])["f1_by_label"]
        assert dict(zip(of_policy["label"], of_policy["f1"], strict=True)) == pytest.approx(told)


def test_exits_of_parents_are_the_deepest_of_their_samples():
    tables, decisions, answers = answered(ANSWERINGS["read"])
    parents = Parents.of(tables["search"])
    deepest = [decisions["search"].exits[parents.of_sample == one].max() for one in range(parents.n)]
    assert answers[0].exits.tolist() == deepest
    assert answers[0].table.ids.tolist() == parents.names.tolist()


def test_the_picture_has_a_bar_for_each_exit_and_the_policy(tmp_path):
    labels = label_table(answered(ANSWERINGS["samples"])[2])
    draw_label_f1(labels.assign(who=labels["policy"]), tmp_path / "labels.png", title="F1")
    assert (tmp_path / "labels.png").stat().st_size > 5000
