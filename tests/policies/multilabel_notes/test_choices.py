"""What each version chooses: the knee by hand, and whole tables."""

import numpy as np
import pytest

from policies.multilabel_notes import choices
from policies.multilabel_notes.choices import notes_choices
from policies.multilabel_notes.evolved import Evolved, knee_score
from policies.multilabel_notes.margins import repaired_margins
from policies.multilabel_notes.versions import EvolvedVersion
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.rules.multilabel_notes.repairs import label_risks
from tests.multilabel_tables import make_label_table


TEMPERATURES = np.array([1.5, 1.2, 1.0])
FIXED = ["v0.11", "v0.13_global", "v0.13_move", "v0.13_margins", "v0.13_logistic"]
SMALL = {
    "v0.16": EvolvedVersion(8, 3, first_exit=1, has_risk=False),
    "v0.17": EvolvedVersion(8, 3, most_usage=0.75),
    "v0.18": EvolvedVersion(8, 3, has_veto=True, most_usage=0.5),
}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(choices, "EVOLVED", SMALL)


def evolved(saved, usage):
    return Evolved(np.zeros((len(saved), 1, 4)), np.array(saved), np.array(usage))


def test_the_most_saving_within_the_limits():
    assert evolved([0.1, 0.3, 0.5, 0.0], [0.2, 1.0, 1.1, 0.0]).choice(None) == 1


def test_the_knee_weighs_saving_scaled_by_the_largest_against_usage():
    found = evolved([0.10, 0.20, 0.08, 0.9, 0.0], [0.30, 0.70, 0.0, 0.8, 0.0])
    # Scaled by .20: .5 - .195, 1 - .455, .4, too much used, 0.
    np.testing.assert_allclose(
        knee_score(found.saved, found.usage, found.usage <= 0.75)[[0, 1, 2, 4]], [0.305, 0.545, 0.4, 0]
    )
    assert found.choice(0.75) == 1
    # Scaled by .10: 1 - .195, too much used, .8, too much used, 0.
    assert found.choice(0.5) == 0
    assert found.choice(0.2) == 2


def test_where_nothing_saves_the_full_network_is_chosen():
    assert evolved([0.3, 0.0], [0.9, 0.0]).choice(0.5) == 1


def test_thresholds_of_the_fixed_versions():
    table = make_label_table(400, 3, 4, parents_of=5).answered(Answering(pooling="mean"))
    found = {name: one.policy for name, one in notes_choices(table, TEMPERATURES, evolves=False).items()}
    assert list(found) == FIXED
    closed = (np.inf,) * 7
    assert found["v0.11"].thresholds == (closed, (0.55, -1, -1, 0, 0, 0, 0))
    assert found["v0.13_global"].thresholds == (closed, (0.95, -1, -1, 0, 0, 0, 0))
    assert found["v0.13_move"].thresholds == (closed, (0.55, -0.2, -1, 0, 0, 0, 0))
    margins = repaired_margins(table, TEMPERATURES, 0.75)[1]
    assert found["v0.13_margins"].thresholds == (closed, (0.55, -1, -1, *margins))
    assert found["v0.13_logistic"].thresholds == ((np.inf,), (0.75,))
    assert {policy.answering for policy in found.values()} == {Answering(pooling="mean")}
    assert {policy.temperatures for policy in found.values()} == {(1.5, 1.2, 1.0)}


def test_the_same_seed_gives_the_same_choices_which_can_be_kept(small):
    table = make_label_table(300, 3, 4, parents_of=5).answered(Answering(pooling="mean"))
    one, other = (notes_choices(table, TEMPERATURES, seed=7) for _ in range(2))
    assert [*one] == [*FIXED, *SMALL]
    assert one == other
    for name, choice in one.items():
        kept = Policy.from_dict(choice.policy.to_dict())
        exits = kept.decide(table).exits
        assert choice.saved == pytest.approx(1 - table.cost[exits].mean())
        assert choice.is_within_limits or name in FIXED
    assert one["v0.17"].policy.params["risks"] == label_risks(table, TEMPERATURES).tolist()
    assert one["v0.16"].policy.params["risks"] == [[], []]


def test_of_two_exits_only_versions_that_leave_at_the_first(small):
    assert [*notes_choices(make_label_table(60, 2, 3), np.ones(2))] == ["v0.17", "v0.18"]
    assert notes_choices(make_label_table(60, 1, 3), np.ones(1)) == {}
