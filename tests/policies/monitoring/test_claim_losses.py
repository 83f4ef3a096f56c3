"""What answers lose in the parts of a claim that is watched: how many differ from the full network's among them."""

import numpy as np
import pytest

from policies.certificates.claims import Claim
from policies.monitoring.answers import UNKNOWN, AnsweredSamples
from policies.monitoring.claim_losses import ClaimLosses


@pytest.mark.parametrize("knows", [True, False])
def test_answers_that_differ_from_the_full_networks_are_watched_where_these_are_known(knows):
    samples = AnsweredSamples(
        predictions=np.array([0, 1, 2, 2]),
        exits=np.zeros(4, dtype=np.int64),
        confidences=np.full(4, 0.9),
        labels=np.array([0, 0, 0, 2]),
        full_predictions=np.array([0, 0, 1, 2]) if knows else np.full(4, UNKNOWN),
    )
    losses = ClaimLosses(Claim(max_disagreement=0.1, target=0.5), 3, np.array([0]), knows_full_network=knows)
    names = [one.name for one in losses.means("sample")]
    assert names == (["accuracy", "disagreement"] if knows else ["accuracy"])
    assert losses.without_full_network == (() if knows else ("disagreement",))
    found = losses.of_units(samples)
    assert sorted(map(tuple, found[:, 1:])) == ([(0.0,), (0.0,), (1.0,), (1.0,)] if knows else [()] * 4)
