"""How many times faster is mAP of many mixtures of exits than asking pycocotools or torchmetrics for each?

A mixture takes the boxes of one exit for each image, and is judged by mAP at overlaps of .5 to .95. All judge the same
mixtures, in this one process, on one thread, in turn, and must agree to 1e-6. The project's own prepares once (boxes
are matched and sorted) and then only counts; both times are in its rate. Tables: a made-up one of the size of BCCD's
test split, or a real one. It takes about a minute.
Usage: ``python benchmarks/detection_quality.py [--table TABLE.npz] [--mixtures P] [--images N]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
import time

from detection_reference import coco_precisions, mean_precision, torchmetrics_figures
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from policies.qualities import get_quality
from policies.tables.boxes import CORNERS, LABEL, SCORE, no_boxes
from policies.tables.detection import DetectionTable
from policies.views.view import RuleView


ROUNDS = 5
_OF_PEERS = 3
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Measured:
    """How long one way of judging takes.

    Attributes:
        name: What it is.
        n_mixtures: Mixtures that are judged in one round.
        seconds: Of each round.
        values: mAP of the mixtures.
    """

    name: str
    n_mixtures: int
    seconds: list[float]
    values: NDArray[np.float64]

    @property
    def rates(self) -> list[float]:
        """Mixtures per second in each round."""
        return [self.n_mixtures / one for one in self.seconds]


def made_up(n_images: int = 72, n_exits: int = 3, n_boxes: int = 100, n_classes: int = 3) -> DetectionTable:
    """Objects, and boxes of which later exits have more near objects, among many that are on nothing."""
    rng = np.random.default_rng(0)
    n_objects = 16
    objects, boxes = no_boxes(n_images, n_objects), no_boxes(n_images, n_exits, n_boxes)
    objects[..., CORNERS], objects[..., LABEL] = _corners(rng, (n_images, n_objects)), _labels(rng, objects, n_classes)
    boxes[..., CORNERS], boxes[..., LABEL] = _corners(rng, boxes.shape[:3]), _labels(rng, boxes, n_classes)
    boxes[..., SCORE] = rng.beta(1, 6, boxes.shape[:3])
    for k in range(n_exits):
        near = objects.copy()
        near[..., CORNERS] = np.clip(near[..., CORNERS] + rng.normal(0, 0.02 / (k + 1), (*near.shape[:2], 4)), 0, 1)
        near[..., SCORE] = rng.beta(3 + k, 3, near.shape[:2])
        boxes[:, k, :n_objects] = near
    boxes[..., :2], boxes[..., 2:4] = (pick(boxes[..., :2], boxes[..., 2:4]) for pick in (np.minimum, np.maximum))
    order = np.argsort(-boxes[..., SCORE], axis=-1, kind="stable")
    return DetectionTable(
        boxes=np.take_along_axis(boxes, order[..., None], axis=2),
        objects=objects,
        cost=np.linspace(1 / n_exits, 1, n_exits),
        ids=np.array([f"image-{i}" for i in range(n_images)]),
        meta={"class_names": [f"class {label}" for label in range(n_classes)]},
    )


def _corners(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    sides = rng.uniform(0.05, 0.25, (*shape, 2))
    starts = rng.uniform(0, 1 - sides)
    return np.concatenate([starts, starts + sides], axis=-1)


def _labels(rng: np.random.Generator, boxes: NDArray[np.float32], n_classes: int) -> NDArray[np.int64]:
    """The first class is the most frequent one, as red blood cells are."""
    return np.minimum(rng.geometric(0.7, boxes.shape[:-1]) - 1, n_classes - 1)


def measure(table: DetectionTable, n_mixtures: int, *, rounds: int = ROUNDS) -> list[Measured]:
    """The project's own, pycocotools and torchmetrics on the same mixtures, in turn; the peers on the first few.

    Raises:
        AssertionError: If they do not agree.
    """
    exits = np.random.default_rng(1).integers(0, table.n_exits, (n_mixtures, table.n_samples))
    few, rows = exits[:_OF_PEERS], np.arange(table.n_samples)
    shape = (table.n_samples, table.n_exits)
    view, quality = RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), table.boxes), get_quality("map")

    def own() -> NDArray[np.float64]:
        return quality.values(view, table.truth, exits)

    def coco() -> NDArray[np.float64]:
        mixed = (table.boxes[rows, taken] for taken in few)
        return np.array([mean_precision(coco_precisions(one, table.objects, table.n_classes)) for one in mixed])

    def torch_metrics() -> NDArray[np.float64]:
        mixed = (table.boxes[rows, taken] for taken in few)
        return np.array([float(torchmetrics_figures(one, table.objects)["map"]) for one in mixed])

    ways: dict[str, Callable[[], NDArray[np.float64]]] = {
        "pycocotools": coco,
        "torchmetrics": torch_metrics,
        "all mixtures at once": own,
    }
    values = {name: work() for name, work in ways.items()}  # Compiles and imports too.
    for name, found in values.items():
        np.testing.assert_allclose(found[:_OF_PEERS], values["pycocotools"], atol=_TOLERANCE, err_msg=name)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            started = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - started)
    return [Measured(name, len(values[name]), times[name], values[name]) for name in ways]


def table_of(measured: list[Measured], title: str) -> Table:
    """One line per way: time of a mixture, rate, and its ratio to each peer's with the least and the largest."""
    shown = Table(title=title)
    peers = measured[:2]
    for column in ("judged by", "ms / mixture", "mixtures / s", *(f"times {peer.name}" for peer in peers)):
        shown.add_column(column, justify="left" if column == "judged by" else "right")
    for one in measured:
        cells = [f"{1e3 / median(one.rates):.3g}", f"{median(one.rates):,.1f}"]
        for peer in peers:
            ratios = [own / its for own, its in zip(one.rates, peer.rates, strict=True)]
            cells.append(f"{median(ratios):,.3g} ({min(ratios):,.3g} to {max(ratios):,.3g})")
        shown.add_row(one.name, *cells)
    return shown


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path)
    parser.add_argument("--mixtures", type=int, default=1_000)
    parser.add_argument("--images", type=int, default=72)
    arguments = parser.parse_args()
    table = made_up(arguments.images) if arguments.table is None else DetectionTable.load(arguments.table)
    measured = measure(table, arguments.mixtures)
    title = (
        f"{table.n_samples:,} images, {table.n_exits} exits, at most {table.boxes.shape[2]} boxes, "
        f"{table.n_classes} classes, 10 overlaps"
    )
    console = Console(width=120)
    console.print(table_of(measured, title))
    own = measured[-1]
    console.print(
        f"{own.n_mixtures:,} mixtures at once take {median(own.seconds):.2f} s, matching and sorting counted in; peers "
        f"judge {_OF_PEERS} of them. Medians of {len(own.seconds)} rounds, all in turn, one thread."
    )


if __name__ == "__main__":
    main()
