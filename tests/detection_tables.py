"""Detection tables for tests: plausible ones, and small awkward ones for hypothesis."""

from hypothesis import strategies as st
import numpy as np

from policies.tables.boxes import CORNERS, CROWD, LABEL, SCORE, no_boxes
from policies.tables.detection import DetectionTable
from policies.views.view import RuleView


def make_detection_table(n_images=60, n_exits=3, n_classes=3, *, seed=0, prefix="i", n_boxes=20, groups=None):
    """A detector that finds more and places better with depth, in images of differing difficulty.

    What is found in an easy image at the first exit is nearly as good as at the last. Scores tell how likely a box is
    an object's.
    """
    rng = np.random.default_rng(seed)
    objects = no_boxes(n_images, 6)
    boxes = no_boxes(n_images, n_exits, n_boxes)
    for i in range(n_images):
        objects[i] = _objects(rng, int(rng.integers(0, 6)), n_classes)
        difficulty = rng.exponential(0.7)
        for k in range(n_exits):
            skill = 2.0 + 1.2 * k - 1.6 * difficulty
            boxes[i, k] = _found(rng, objects[i], skill, n_classes, n_boxes)
    return DetectionTable(
        boxes=boxes,
        objects=objects,
        cost=np.linspace(1 / n_exits, 1.0, n_exits),
        ids=np.array([f"{prefix}{i}" for i in range(n_images)]),
        groups=groups,
        meta={"workload": "made up", "class_names": [f"class-{c}" for c in range(n_classes)]},
    )


def _objects(rng, n_objects, n_classes):
    rows = no_boxes(6)
    sides = rng.uniform(0.05, 0.4, (n_objects, 2))
    corners = rng.uniform(0, 1 - sides)
    rows[:n_objects, CORNERS] = np.concatenate([corners, corners + sides], axis=1)
    rows[:n_objects, LABEL] = rng.integers(0, n_classes, n_objects)
    rows[:n_objects, CROWD] = rng.random(n_objects) < 0.05
    return rows


def _found(rng, objects, skill, n_classes, n_boxes):
    """Boxes around the objects, as near as the skill allows, and some that are nowhere; sorted by score."""
    there = objects[objects[:, LABEL] >= 0]
    is_seen = rng.random(len(there)) < 1 / (1 + np.exp(-skill))
    found = there[is_seen].copy()
    sides = np.tile(found[:, 2:4] - found[:, :2], 2)
    found[:, CORNERS] += rng.normal(scale=0.2 / (1 + np.exp(skill)) + 0.02, size=sides.shape) * sides
    found[:, SCORE] = 1 / (1 + np.exp(-(skill + rng.normal(scale=1.6, size=len(found)))))
    noise = _objects(rng, int(rng.integers(0, 4)), n_classes)
    noise = noise[noise[:, LABEL] >= 0]
    noise[:, SCORE] = 1 / (1 + np.exp(rng.normal(loc=1.0 + skill / 2, scale=1.6, size=len(noise))))
    rows, every = no_boxes(n_boxes), np.concatenate([found, noise])[:n_boxes]
    corners = np.clip(every[:, CORNERS], 0, 1)
    every[:, :2], every[:, 2:4] = np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])
    rows[: len(every)] = every[np.argsort(-every[:, SCORE], kind="stable")]
    return rows


def view_of(table, answers=None):
    """A view of the exits' own boxes, or of others, by the highest score at each exit."""
    shape = (table.n_samples, table.n_exits)
    answers = table.boxes if answers is None else answers
    return RuleView(answers[:, :, :1, SCORE].astype(np.float64), np.ones(shape, dtype=bool), answers)


@st.composite
def awkward_detection_tables(draw, *, max_images=6, max_exits=3, max_classes=3, max_boxes=8):
    """Small tables on a coarse grid: tied scores, boxes and objects that coincide, crowds, images with neither."""
    n_images, n_exits = draw(st.integers(1, max_images)), draw(st.integers(1, max_exits))
    n_classes, n_boxes = draw(st.integers(1, max_classes)), draw(st.integers(1, max_boxes))
    n_used = draw(st.integers(1, n_classes))
    crowd_share = draw(st.sampled_from([0.0, 0.3, 1.0]))
    grid = draw(st.sampled_from([4, 10]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    objects, boxes = no_boxes(n_images, max_boxes), no_boxes(n_images, n_exits, n_boxes)
    for i in range(n_images):
        objects[i] = _on_grid(rng, max_boxes, n_used, grid)
        objects[i, :, CROWD] = rng.random(max_boxes) < crowd_share
        for k in range(n_exits):
            boxes[i, k] = _on_grid(rng, n_boxes, n_classes, grid)
            boxes[i, k, :, SCORE] = np.sort(rng.integers(0, 5, n_boxes) / 4)[::-1]
    return DetectionTable(
        boxes=boxes,
        objects=objects,
        cost=np.linspace(1 / n_exits, 1.0, n_exits),
        ids=np.array([f"a{i}" for i in range(n_images)]),
        meta={"class_names": [f"class-{c}" for c in range(n_classes)]},
    )


def _on_grid(rng, n_rows, n_classes, grid):
    rows, n_there = no_boxes(n_rows), int(rng.integers(0, n_rows + 1))
    starts = rng.integers(0, grid - 1, (n_there, 2))
    ends = np.minimum(starts + rng.integers(1, grid, (n_there, 2)), grid)
    rows[:n_there, CORNERS] = np.concatenate([starts, ends], axis=1) / grid
    rows[:n_there, LABEL] = rng.integers(0, n_classes, n_there)
    return rows
