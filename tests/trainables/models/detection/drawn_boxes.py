"""Boxes drawn at random, as rows of six numbers."""

from policies.tables.boxes import no_boxes


def drawn_boxes(rng, n_images, most, *, n_classes=3, crowds=0.0, sides=(0.05, 0.5)):
    """Up to ``most`` true boxes in each image, shape (n_images, most, 6)."""
    boxes = no_boxes(n_images, most)
    for image in boxes:
        n = int(rng.integers(0, most + 1))
        size = rng.uniform(*sides, (n, 2))
        corner = rng.uniform(0, 1 - size)
        image[:n, :2], image[:n, 2:4] = corner, corner + size
        image[:n, 4], image[:n, 5] = rng.integers(0, n_classes, n), rng.random(n) < crowds
    return boxes


def iou(one, other):
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared
    return shared / union if union > 0 else 0.0
