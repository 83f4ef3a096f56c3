"""What the contract of rules needs of each kind of answers: tables, and what can be done to them."""

from dataclasses import replace
from functools import cached_property

import numpy as np

from policies.qualities import QUALITIES, get_quality
from policies.tables.boxes import LABEL, NO_BOX, SCORE
from tests.detection_tables import awkward_detection_tables, make_detection_table
from tests.multilabel_tables import awkward_label_tables, make_label_table
from tests.tables import make_table, tied_tables, with_stop_prob


class Kind:
    """Tables of one task.

    Attributes:
        cases: Names of tables from which there is little to learn.
        closely: Tolerance of scores and distributions that are computed for fewer samples at once.
    """

    task = ""
    cases = ()

    @cached_property
    def qualities(self):
        """Names of the qualities that judge such answers."""
        return tuple(sorted(name for name in QUALITIES if get_quality(name).task in (None, self.task)))


class Classifier(Kind):
    """Logits and stop probabilities."""

    task = "classification"
    cases = ("all alike", "always sure", "always wrong", "huge", "one class")

    def table(self, n_samples=30, n_exits=3, n_classes=4):
        return with_stop_prob(make_table(n_samples, n_exits, n_classes))

    def tied(self):
        return tied_tables(max_samples=30)

    def extreme(self, table):
        rng = np.random.default_rng(0)
        values = np.array([-3e38, -1.0, 0.0, 1e4, 3e38], dtype=np.float32)
        return replace(table, logits=rng.choice(values, table.logits.shape))

    def with_other_truth(self, table):
        return replace(table, labels=(table.labels + 1) % table.n_classes)

    def with_other_exits_after(self, table, k, scale):
        rng = np.random.default_rng(1)
        logits, stop_prob = table.logits.copy(), table.stop_prob.copy()
        logits[:, k + 1 :] = rng.normal(0, scale, logits[:, k + 1 :].shape)
        stop_prob[:, k + 1 :] = 1 - stop_prob[:, k + 1 :]
        return replace(table, logits=logits, stop_prob=stop_prob)

    def degenerate(self, case):
        table = self.table(40, 2, 3)
        logits = {
            "all alike": np.zeros_like(table.logits),
            "always sure": 60 * np.eye(3, dtype=np.float32)[table.labels][:, None].repeat(2, axis=1),
            "always wrong": 60 * np.eye(3, dtype=np.float32)[(table.labels + 1) % 3][:, None].repeat(2, axis=1),
            "huge": 1e4 * table.logits,
        }
        if case == "one class":
            return replace(table, labels=np.zeros_like(table.labels))
        return replace(table, logits=logits[case])

    def check_answers(self, view, table):
        """Distributions, of which the most probable class is answered."""
        assert view.probabilities.shape == table.logits.shape
        assert view.probabilities.dtype == np.float64
        assert (view.probabilities >= 0).all()
        np.testing.assert_allclose(view.probabilities.sum(axis=2), 1.0)
        np.testing.assert_array_equal(view.answers, view.probabilities.argmax(axis=2))


class Detector(Kind):
    """Boxes."""

    task = "detection"
    cases = ("all alike", "no boxes", "no objects", "always sure", "neither")

    def table(self, n_samples=30, n_exits=3, n_classes=4):
        return make_detection_table(n_samples, n_exits, n_classes)

    def tied(self):
        return awkward_detection_tables(max_images=12)

    def extreme(self, table):
        boxes = table.boxes.copy()
        rng = np.random.default_rng(0)
        scores = rng.choice(np.array([0.0, 1e-30, 0.5, 1 - 1e-7, 1.0], dtype=np.float32), boxes.shape[:3])
        boxes[..., SCORE] = -np.sort(-scores, axis=2)
        return replace(table, boxes=boxes)

    def with_other_truth(self, table):
        return replace(table, objects=table.objects[::-1].copy())

    def with_other_exits_after(self, table, k, scale):
        boxes = table.boxes.copy()
        boxes[:, k + 1 :, :, SCORE] = np.where(boxes[:, k + 1 :, :, SCORE] > 0.5, 1 / (1 + scale), 0.0)
        boxes[:, k + 1 :, 1:, LABEL] = NO_BOX
        return replace(table, boxes=boxes)

    def degenerate(self, case):
        table = self.table(40, 2, 3)
        boxes, objects = table.boxes.copy(), table.objects.copy()
        if case == "all alike":
            boxes[:] = boxes[:1, :1]
            objects[:] = objects[:1]
        if case == "always sure":
            boxes[..., SCORE] = 1.0
        if case in ("no boxes", "neither"):
            boxes[..., LABEL] = NO_BOX
        if case in ("no objects", "neither"):
            objects[..., LABEL] = NO_BOX
        return replace(table, boxes=boxes, objects=objects)

    def check_answers(self, view, table):
        """The exit's own boxes, in their order, with scores that keep it."""
        assert view.distributions is None
        assert (view.answers.shape, view.answers.dtype) == (table.boxes.shape, np.float32)
        np.testing.assert_array_equal(view.answers[..., :SCORE], table.boxes[..., :SCORE])
        scores = np.where(view.answers[..., LABEL] == NO_BOX, -1, view.answers[..., SCORE])
        assert (np.diff(scores, axis=2) <= 0).all()
        assert (scores <= 1).all()


class Labeller(Kind):
    """A logit of every label."""

    task = "multi-label"
    cases = ("all alike", "always sure", "always wrong", "huge", "no labels", "all labels")

    def table(self, n_samples=30, n_exits=3, n_classes=4):
        return make_label_table(n_samples, n_exits, n_classes)

    def tied(self):
        return awkward_label_tables(max_samples=20)

    def extreme(self, table):
        values = np.array([-3e38, -1.0, 0.0, 1e4, 3e38], dtype=np.float32)
        return replace(table, logits=np.random.default_rng(0).choice(values, table.logits.shape))

    def with_other_truth(self, table):
        return replace(table, labels=1 - table.labels)

    def with_other_exits_after(self, table, k, scale):
        logits = table.logits.copy()
        logits[:, k + 1 :] = np.random.default_rng(1).normal(0, scale, logits[:, k + 1 :].shape)
        return replace(table, logits=logits)

    def degenerate(self, case):
        table = self.table(40, 2, 3)
        sure = np.where(table.labels, np.float32(60), np.float32(-60))[:, None].repeat(2, axis=1)
        if case in ("no labels", "all labels"):
            return replace(table, labels=np.full_like(table.labels, case == "all labels"))
        logits = {
            "all alike": np.zeros_like(table.logits),
            "always sure": sure,
            "always wrong": -sure,
            "huge": 1e4 * table.logits,
        }
        return replace(table, logits=logits[case])

    def check_answers(self, view, table):
        """Probabilities of labels; those are answered that reach their thresholds."""
        assert view.probabilities.shape == table.logits.shape
        assert view.probabilities.dtype == np.float64
        assert ((view.probabilities >= 0) & (view.probabilities <= 1)).all()
        assert view.answers.dtype == bool
        np.testing.assert_array_equal(view.answers, view.probabilities >= table.label_thresholds[:, None])


KINDS = {kind.task: kind for kind in (Classifier(), Detector(), Labeller())}
