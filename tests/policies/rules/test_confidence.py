import numpy as np

from policies.rules import get_rule
from tests.tables import make_table


def test_score_is_the_largest_tempered_probability():
    table = make_table(30)
    view = get_rule("confidence").view(table, np.array([1.0, 2.0, 0.5]))
    for i in range(30):
        for k, temperature in enumerate((1.0, 2.0, 0.5)):
            p = np.exp(table.logits[i, k].astype(float) / temperature)
            assert np.isclose(view.scores[i, k, 0], p.max() / p.sum())
