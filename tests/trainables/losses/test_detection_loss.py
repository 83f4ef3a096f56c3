"""The loss of a detector, beside a plain loop over images, exits and anchors."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from policies.tables.boxes import no_boxes
from tests.trainables.models.detection.drawn_boxes import drawn_boxes
from trainables.errors import TrainingError
from trainables.losses.detection_loss import DetectionLoss
from trainables.losses.exit_loss import ExitLoss, LossWeights
from trainables.losses.teacher_loss import TeacherLoss
from trainables.models.detection.anchors import AnchorGrids, default_anchors
from trainables.models.detection.coding import encode
from trainables.models.detection.matching import BACKGROUND, match_anchors


ANCHORS = torch.tensor(default_anchors(AnchorGrids(((6, 6), (3, 3)), (2, 2))))
N_CLASSES = 3


def drawn(seed, n_images=3, n_exits=3):
    rng = np.random.default_rng(seed)
    outputs = torch.tensor(rng.normal(size=(n_images, n_exits, len(ANCHORS), 5 + N_CLASSES)), dtype=torch.float32)
    return outputs, torch.tensor(drawn_boxes(rng, n_images, 4, n_classes=N_CLASSES, crowds=0.2))


def in_a_loop(loss, outputs, targets, alpha=0.0):
    matches = match_anchors(ANCHORS, targets)
    n_matched = max(1, int((matches >= 0).sum()))
    own, pull = [0.0] * outputs.shape[1], [0.0] * outputs.shape[1]
    for image, objects, found in zip(outputs, targets, matches, strict=True):
        matched = [k for k in range(len(ANCHORS)) if found[k] >= 0]
        free = [k for k in range(len(ANCHORS)) if found[k] == BACKGROUND]
        for e, said in enumerate(image):
            if loss.classification == "focal":
                counted = matched + free
            else:
                errors = {k: float(-said[k, 4:].log_softmax(0)[0]) for k in free}
                n = int(loss.negatives_per_match * max(1, len(matched)))
                counted = matched + sorted(free, key=lambda k: -errors[k])[:n]
            for k in matched:
                offsets = encode(objects[found[k], :4][None], ANCHORS[k][None])[0]
                own[e] += F.smooth_l1_loss(said[k, :4], offsets, reduction="sum")
                pull[e] += F.smooth_l1_loss(said[k, :4], image[-1, k, :4], reduction="sum")
            for k in counted:
                label = int(objects[found[k], 4]) + 1 if found[k] >= 0 else 0
                error = F.cross_entropy(said[k, 4:], torch.tensor(label), label_smoothing=loss.label_smoothing)
                if loss.classification == "focal":
                    error = error * (0.25 if label else 0.75) * (1 - said[k, 4:].softmax(0)[label]) ** 2
                own[e] += error
                p, q = ((one[4:] / loss.temperature).softmax(0) for one in (image[-1, k], said[k]))
                pull[e] += loss.temperature**2 * p.max() ** loss.gamma * (p * (p / q).log()).sum()
    total = 0.0
    for e, (w, v) in enumerate(zip(loss.exit_weights, (*loss.teacher_weights, 0.0), strict=True)):
        of_exit = alpha if e < len(own) - 1 else 0.0
        if loss.combination == "convex":
            total += w * ((1 - of_exit) * own[e] + of_exit * v * pull[e])
        else:
            total += w * own[e] + of_exit * v * pull[e]
    return total / n_matched


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["convex", "additive"]),
    st.sampled_from(["hard-negatives", "focal"]),
    st.sampled_from([0.0, 0.4]),
)
def test_it_is_that_of_a_plain_loop(seed, combination, classification, alpha):
    loss = DetectionLoss(
        ANCHORS,
        (0.5, 0.8, 1.0),
        (0.7, 1.2),
        temperature=1.7,
        gamma=0.5,
        label_smoothing=0.1,
        combination=combination,
        classification=classification,
    )
    outputs, targets = drawn(seed)
    found = loss(outputs, targets, LossWeights(alpha=alpha))
    torch.testing.assert_close(found, torch.as_tensor(in_a_loop(loss, outputs, targets, alpha)), rtol=1e-4, atol=1e-4)


def test_gradients_reach_every_exit_and_the_teacher_gets_none_of_its_pupils():
    outputs, targets = drawn(4)
    plain, taught = DetectionLoss(ANCHORS, (1.0,) * 3, (1.0,) * 2), LossWeights(alpha=0.5)
    gradients = []
    for weights in (LossWeights(), taught):
        leaf = outputs.clone().requires_grad_()
        plain(leaf, targets, weights).backward()
        gradients.append(leaf.grad)
        assert all(leaf.grad[:, k].any() for k in range(3))
    torch.testing.assert_close(gradients[0][:, -1], gradients[1][:, -1])
    assert not torch.allclose(gradients[0][:, 0], gradients[1][:, 0])


@pytest.mark.parametrize("classification", ["hard-negatives", "focal"])
def test_images_without_objects_teach_that_there_is_nothing(classification):
    outputs = drawn(5)[0].requires_grad_()
    loss = DetectionLoss(ANCHORS, (1.0,) * 3, (1.0,) * 2, classification=classification)
    loss(outputs, torch.tensor(no_boxes(3, 2))).backward()
    assert outputs.grad.isfinite().all()
    assert outputs.grad[..., 4].sum() < 0
    assert not outputs.grad[..., :4].any()


def test_what_lies_in_a_crowd_does_not_count():
    outputs = drawn(6)[0].requires_grad_()
    crowd = torch.tensor([[[-1.0, -1.0, 2.0, 2.0, 0.0, 1.0]]]).expand(3, -1, -1)
    DetectionLoss(ANCHORS, (1.0,) * 3, (1.0,) * 2)(outputs, crowd).backward()
    assert not outputs.grad.any()


def test_it_takes_what_the_settings_say_of_exits():
    loss = DetectionLoss.of(ExitLoss((0.3, 1.0), (0.5,), temperature=3.0, combination="additive"), ANCHORS)
    assert (loss.exit_weights, loss.teacher_weights, loss.temperature) == ((0.3, 1.0), (0.5,), 3.0)
    assert loss.combination == "additive"


@pytest.mark.parametrize(
    ("do", "text"),
    [
        (lambda: DetectionLoss(ANCHORS, (1.0,), (), classification="none"), "classification must be one of"),
        (lambda: DetectionLoss(ANCHORS, (1.0,), (), negatives_per_match=0), "negatives_per_match must be positive"),
        (lambda: DetectionLoss(ANCHORS, (1.0,), (1.0,)), "one teacher weight per exit but the last"),
        (lambda: DetectionLoss.of(ExitLoss((1.0,), (), class_weights=(1.0,)), ANCHORS), "weigh all classes alike"),
        (lambda: DetectionLoss.of(ExitLoss((1.0,), (), teachers=TeacherLoss((1.0,))), ANCHORS), "no teachers from"),
        (lambda: DetectionLoss(ANCHORS, (1.0,) * 3, (1.0,) * 2)(*drawn(1), LossWeights(margin=0.1)), "margin_weight"),
        (
            lambda: DetectionLoss(ANCHORS, (1.0,) * 3, (1.0,) * 2)(*drawn(1), teacher_logits=torch.zeros(3, 1, 3)),
            "learn from their last exit",
        ),
    ],
)
def test_what_it_cannot_do_is_refused(do, text):
    with pytest.raises(TrainingError, match=text):
        do()
