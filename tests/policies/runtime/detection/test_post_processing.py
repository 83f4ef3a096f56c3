"""Which boxes are kept, beside a plain loop."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from policies.errors import StagesError
from policies.runtime.detection.post_processing import PostProcessing
from tests.trainables.models.detection.drawn_boxes import iou


def kept_one_by_one(decoded, how):
    """The boxes of one image as they are described, with Python's own numbers."""
    found = []
    for row in decoded:
        box = [min(max(float(edge), 0.0), 1.0) for edge in row[:4]]
        if box[2] > box[0] and box[3] > box[1]:
            found += [(*box, label, float(p)) for label, p in enumerate(row[4:]) if p > how.score_threshold]
    found.sort(key=lambda one: -one[5])
    kept = []
    for label in range(decoded.shape[1] - 4):
        own = []
        for one in [one for one in found if one[4] == label][: how.n_candidates]:
            if all(iou(one, other) <= how.nms_threshold for other in own):
                own.append(one)
        kept += own
    return [one for one in found if one in kept][: how.n_boxes]


def drawn(seed, n_images=2, n_anchors=40, n_classes=2):
    """Boxes near to each other, with scores of which many are the same, on a grid that makes IoU exact enough."""
    rng = np.random.default_rng(seed)
    corner, size = rng.integers(-2, 12, (n_images, n_anchors, 2)), rng.integers(0, 7, (n_images, n_anchors, 2))
    scores = rng.integers(0, 8, (n_images, n_anchors, n_classes)) / 8
    boxes = np.concatenate([corner, corner + size], axis=2) / 16
    # No two are the same box, so that each can be told from the others.
    boxes[..., 2:] += np.arange(n_anchors)[:, None] * 1e-4
    return torch.tensor(np.concatenate([boxes, scores], axis=2), dtype=torch.float32)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([5, 100]), st.sampled_from([3, 10, 200]))
def test_kept_boxes_are_those_of_a_plain_loop(seed, n_boxes, n_candidates):
    how = PostProcessing(score_threshold=0.25, nms_threshold=0.43, n_boxes=n_boxes, n_candidates=n_candidates)
    decoded = drawn(seed)
    found = how.kept(decoded)
    assert found.shape == (2, n_boxes, 6)
    for image, own in zip(decoded.numpy(), found.numpy(), strict=True):
        expected = kept_one_by_one(image, how)
        np.testing.assert_allclose(own[: len(expected)], np.array(expected).reshape(-1, 6), atol=1e-6)
        assert (own[len(expected) :] == [0, 0, 0, 0, -1, 0]).all()


def test_an_images_boxes_do_not_depend_on_the_others():
    how, decoded = PostProcessing(), drawn(7, n_images=5)
    together = how.kept(decoded)
    assert all(torch.equal(how.kept(decoded[k : k + 1])[0], together[k]) for k in range(5))


def test_nothing_is_found_where_nothing_is_sure_or_a_number():
    decoded = torch.zeros(2, 9, 7)
    decoded[1] = torch.nan
    assert (PostProcessing().kept(decoded)[..., 4] == -1).all()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"score_threshold": 1.0}, r"score_threshold must lie in \[0, 1\) but is 1.0"),
        ({"nms_threshold": 0.0}, r"nms_threshold must lie in \(0, 1\]"),
        ({"n_boxes": 0}, "n_boxes must be a whole number from 1 but is 0"),
        ({"n_candidates": 2.5}, "n_candidates must be a whole number"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, text):
    with pytest.raises(StagesError, match=text):
        PostProcessing(**wrong)


def test_settings_are_read_as_they_are_written():
    how = PostProcessing(score_threshold=0.1, n_boxes=4)
    assert PostProcessing.from_dict(how.to_dict()) == how
    for damaged in (None, {"boxes": 4}):
        with pytest.raises(StagesError, match="a detector must state how its boxes are kept but does not"):
            PostProcessing.from_dict(damaged)
