"""A tiny detector with exits, images with coloured rectangles, and everything of it that goes into a bundle."""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from PIL import Image
import torch
from torch import nn

from policies.calibration.box_temperature import tempered_boxes
from policies.rules import get_rule
from policies.rules.base import Gate, Rule, Step
from policies.runtime.detection.post_processing import PostProcessing
from policies.runtime.torch_stages import TorchStages
from policies.tables.boxes import SCORE
from policies.tables.detection import DetectionTable
from search.export.graphs import write_graphs
from search.export.subject import ExportSubject, checked_content
from tests.policies.runtime.midpoints import policy_for
from trainables.data import SOURCES
from trainables.data.readers import ImageReader
from trainables.export.bundle.writing import StoredNetwork, write_bundle
from trainables.export.model_file import ModelConfig
from trainables.models import NetworkSpec, cumulative_macs, relative_cost
from trainables.models.detection.anchors import AnchorGrids
from trainables.models.detection.model import DetectorModel
from trainables.models.inference import model_hash, unit_scale
from trainables.workloads import Workload


RULE = "tests.detectors:TOP_SCORES"
CLASS_NAMES = ("red", "green", "blue")
SIZE, N_CLASSES = 64, 3
STRIDES = (8, 16)
_SIDES = (0.15, 0.4)


def anchor_boxes(size=SIZE):
    """Two squares in each cell of two grids, shape (A, 4), corners as shares."""
    boxes = []
    for stride, side in zip(STRIDES, _SIDES, strict=True):
        n = size // stride
        y, x = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n, indexing="ij")
        for scale in (1.0, 1.5):
            half = side * scale / 2
            boxes.append(np.stack([x - half, y - half, x + half, y + half], -1).reshape(-1, 4))
    return torch.tensor(np.concatenate(boxes), dtype=torch.float32)


class GridHead(nn.Module):
    """Raw numbers of the anchors of both grids, from features at stride 4."""

    def __init__(self, channels):
        super().__init__()
        self.maps = nn.ModuleList(
            nn.Conv2d(channels, 2 * (5 + N_CLASSES), stride // 4, stride=stride // 4) for stride in STRIDES
        )

    def forward(self, features):
        flat = [one(features).unflatten(1, (2, -1)).permute(0, 1, 3, 4, 2).flatten(1, 3) for one in self.maps]
        return torch.cat(flat, dim=1)


def tiny_detector(n_exits=3, channels=8, **options):
    """Random weights, spread so that scores differ."""
    torch.manual_seed(0)
    stages = [
        nn.Sequential(nn.Conv2d(3 if k == 0 else channels, channels, 3, 4 if k == 0 else 1, 1), nn.ReLU())
        for k in range(n_exits)
    ]
    model = DetectorModel(
        stages,
        [GridHead(channels) for _ in range(n_exits)],
        grids=AnchorGrids(tuple((SIZE // stride,) * 2 for stride in STRIDES), (2, 2)),
        mean=[0.4] * 3,
        std=[0.2] * 3,
        post_processing=PostProcessing(**{"n_boxes": 20, **options}),
    )
    model.anchors.copy_(anchor_boxes())
    for head in model.heads:
        for one in head.maps:
            one.weight.data *= 4
            # Most anchors see nothing.
            one.bias.data.view(2, -1)[:, 4] += 6
    return model.eval()


def rectangles(n_images, size=SIZE, seed=0):
    """Images of noise with up to four coloured rectangles, uint8, and what is in them, shape (n, 4, 6)."""
    rng = np.random.default_rng(seed)
    images = rng.integers(60, 120, (n_images, 3, size, size), dtype=np.uint8)
    objects = np.zeros((n_images, 4, 6), np.float32)
    objects[..., 4] = -1
    for image, rows in zip(images, objects, strict=True):
        for row in rows[: rng.integers(0, 5)]:
            width, height = rng.integers(size // 6, size // 2, 2)
            left, top = rng.integers(0, size - width), rng.integers(0, size - height)
            label = int(rng.integers(N_CLASSES))
            image[:, top : top + height, left : left + width] = 40
            image[label, top : top + height, left : left + width] = 240
            row[:] = [left / size, top / size, (left + width) / size, (top + height) / size, label, 0]
    return images, objects


def build_tiny(*, input_shape, n_classes, n_exits, width, mean, std):
    """The same from a model file, whose weights replace these."""
    return tiny_detector(n_exits, width)


WORKLOAD = Workload("tiny-detector", SOURCES["image-folder"], build_tiny, n_exits=3, width=8)
PLACE = "tests.detectors:WORKLOAD"


class TopScoresGate(Gate):
    def __init__(self, temperatures):
        self.temperatures = temperatures

    def step(self, state, exit_index, outputs):
        boxes = tempered_boxes(outputs, self.temperatures[exit_index])
        return Step(boxes[:, :3, SCORE].astype(np.float64).mean(axis=1), boxes)


class TopScores(Rule):
    name = RULE
    task = "detection"

    def gate(self, temperatures, params):
        return TopScoresGate(temperatures)


TOP_SCORES = TopScores()


@dataclass(frozen=True)
class MadeDetector:
    """A detector, its images and what it finds in them."""

    model: DetectorModel
    images: np.ndarray
    table: DetectionTable

    @property
    def network(self):
        spec = NetworkSpec(n_exits=self.model.n_exits, width=8)
        config = ModelConfig(PLACE, spec, self.images.shape[1:], CLASS_NAMES)
        return StoredNetwork(model=self.model, config=config)


@cache
def made_detector(n_images=60):
    torch.set_num_threads(1)
    model, (images, objects) = tiny_detector(), rectangles(n_images)
    with torch.inference_mode():
        found = [model.found(said).numpy() for said in model.said(unit_scale(torch.from_numpy(images)))]
    meta = {"class_names": list(CLASS_NAMES), "model_hash": model_hash(model), "split": "search"}
    table = DetectionTable(
        boxes=np.stack(found, axis=1),
        objects=objects,
        cost=relative_cost(model, images.shape[1:]),
        ids=np.array([f"image-{row}" for row in range(n_images)]),
        meta=meta,
    )
    return MadeDetector(model, images, table)


def detector_policy(temperatures=(1.2, 0.9, 1.0)):
    """A policy that lets about half of those there leave at each exit."""
    return policy_for(get_rule(RULE), made_detector().table, temperatures)


def detector_subject(**changes):
    """What is exported of it."""
    made = made_detector()
    decision = detector_policy().decide(made.table)
    mix = (np.bincount(decision.exits, minlength=3) / len(decision.exits)).tolist()
    fields = {
        "name": "rectangles",
        "policy": detector_policy(),
        "stages": TorchStages(made.model),
        "search": made.table,
        "certify": None,
        "inputs": made.images,
        "reader": ImageReader(3, SIZE),
        "network": made.network,
        "macs": cumulative_macs(made.model, made.images.shape[1:]),
        "figures": {"test": {"map_50": 0.5, "mean_depth": 1.7, "exit_mix": mix}},
    }
    return ExportSubject(**{**fields, **changes})


def write_detector_bundle(folder, *, onnx=False):
    """A bundle of it in torch, and as graphs if they are asked for."""
    subject = detector_subject()
    graphs = None
    if onnx:
        graphs = partial(
            write_graphs, subject=subject, network=subject.network, single_graph=False, on_message=lambda line: None
        )
    content = checked_content(subject, ("torch", "onnx") if onnx else ("torch",), graphs).content
    return write_bundle(folder, content)


def write_pictures(folder, n_images=6, size=(150, 100)):
    """Images of another size than the network takes, as files; gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for row, image in enumerate(made_detector().images[:n_images]):
        paths.append(folder / f"picture-{row}.png")
        Image.fromarray(image.transpose(1, 2, 0)).resize(size, Image.Resampling.NEAREST).save(paths[row])
    return paths
