"""A tiny detector with exits, what it finds in images, and everything of it that goes into a bundle."""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from PIL import Image
import torch

from policies.rules import get_rule
from policies.runtime.torch_stages import TorchStages, unit_scale
from policies.tables.detection import DetectionTable
from search.export.graphs import write_graphs
from search.export.subject import ExportSubject, checked_content
from tests.policies.runtime.midpoints import policy_for
from tests.toys.rectangles import CLASS_NAMES, N_CLASSES, PER_CELL, SIZE, grid_detector, rectangles
from trainables.data import SOURCES, Split
from trainables.data.readers import ImageReader
from trainables.export.bundle.writing import StoredNetwork, write_bundle
from trainables.export.model_file import ModelConfig
from trainables.models import NetworkSpec, cumulative_macs
from trainables.models.detection.model import DetectorModel
from trainables.tasks.detection import DetectionTraining
from trainables.workloads import Workload


def tiny_detector(n_exits=3, width=8, **options):
    """Random weights, spread so that scores differ, and statistics of images."""
    torch.manual_seed(0)
    scale = {"mean": [0.4] * 3, "std": [0.2] * 3}
    shape = (3, SIZE, SIZE)
    model = grid_detector(input_shape=shape, n_classes=N_CLASSES, n_exits=n_exits, width=width, **scale, **options)
    for one in model.modules():
        if isinstance(one, torch.nn.BatchNorm2d):
            one.momentum = 1.0
    with torch.no_grad():
        model.train()(unit_scale(torch.from_numpy(rectangles(16)[0])))
    for head in model.heads:
        for one in head.maps:
            one.weight.data *= 2
            # Most anchors see nothing.
            one.bias.data.view(PER_CELL, -1)[:, 4] += 6
    return model.eval()


WORKLOAD = Workload("tiny-detector", SOURCES["image-folder"], grid_detector, n_exits=3, width=8, task="detection")
PLACE = "tests.detectors:WORKLOAD"


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
    ids = np.array([f"image-{row}" for row in range(n_images)])
    metadata = {"class_names": list(CLASS_NAMES), "split": "search"}
    table = DetectionTraining().table(model, Split(images, objects, ids, None), metadata)
    return MadeDetector(model, images, table)


def detector_policy(rule="top-scores", temperatures=(1.2, 0.9, 1.0)):
    """A policy that lets about half of those there leave at each exit."""
    return policy_for(get_rule(rule), made_detector().table, temperatures)


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
