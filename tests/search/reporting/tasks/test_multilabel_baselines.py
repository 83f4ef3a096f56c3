"""The versions of the results log, as a report shows them."""

import numpy as np

from policies.multilabel_notes import choices
from policies.multilabel_notes.versions import EvolvedVersion
from policies.pooling.answering import Answering
from search.reporting.tasks import multilabel_baselines as module
from search.reporting.tasks.multilabel_baselines import multilabel_baselines
from tests.multilabel_tables import make_label_table


def test_versions_that_search_are_left_out_of_large_tables(monkeypatch):
    monkeypatch.setattr(choices, "EVOLVED", {"v0.17": EvolvedVersion(8, 2, most_usage=0.75)})
    monkeypatch.setattr(module, "EVOLVED_ON", range(50, 101))
    small, large = (make_label_table(n, 3, 4, parents_of=5).answered(Answering(pooling="mean")) for n in (100, 105))
    names = [f"notes_{name}" for name in ("v0.11", "v0.13_global", "v0.13_move", "v0.13_margins", "v0.13_logistic")]
    assert [*multilabel_baselines(small, np.ones(3))] == [*names, "notes_v0.17"]
    assert [*multilabel_baselines(large, np.ones(3))] == names
    assert [*multilabel_baselines(large, np.ones(3), evolves=True)] == [*names, "notes_v0.17"]
    found = multilabel_baselines(small, np.full(3, 3.0), evolves=False)
    leave_early = {name: (one.policy.decide(small).exits < 2).any() for name, one in found.items()}
    assert len(set(leave_early.values())) == 2
    assert {name: one.notes["is_fallback"] for name, one in found.items()} == {
        name: not one for name, one in leave_early.items()
    }
