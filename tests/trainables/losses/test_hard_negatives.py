"""Which unmatched anchors count, beside a plain sort of each image."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import torch

from trainables.losses.hard_negatives import hard_negatives


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), n_anchors=st.integers(1, 12), per_match=st.sampled_from([0.5, 1.0, 3.0]))
def test_the_least_likely_background_counts_and_of_equal_anchors_the_first(seed, n_anchors, per_match):
    rng = np.random.default_rng(seed)
    # Few values, so that many are equal.
    logits = torch.tensor(rng.integers(0, 3, (2, 3, n_anchors, 3)), dtype=torch.float32)
    kinds = rng.choice(["matched", "ignored", "free"], (2, n_anchors), p=[0.2, 0.2, 0.6])
    is_matched, is_ignored = torch.tensor(kinds == "matched"), torch.tensor(kinds == "ignored")
    found = hard_negatives(logits, is_matched[:, None], is_ignored[:, None], per_match=per_match)
    for image in range(2):
        wanted = int(per_match * max(1, int(is_matched[image].sum())))
        free = np.flatnonzero(kinds[image] == "free")
        for exit_index in range(3):
            background = logits[image, exit_index].log_softmax(dim=-1)[:, 0]
            expected = sorted(free, key=lambda row: float(background[row]))[:wanted]
            assert found[image, exit_index].nonzero()[:, 0].tolist() == sorted(expected)
