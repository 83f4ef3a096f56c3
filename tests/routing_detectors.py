"""A small detector, images with coloured rectangles that it can learn to find, and the sweep that it is from."""

from dataclasses import replace
import json
from typing import ClassVar

import numpy as np
import torch

from policies.policy import Policy
from policies.tables.boxes import no_boxes
from search.config.sweep import SweepConfig
from search.inputs import load_splits
from search.run_folder.folder import RunFolder
from search.run_folder.summary import SelectedPolicy, Summary
from trainables.data import Split
from trainables.data.base import ImageSource
from trainables.data.boxes.samples import DetectionSamples
from trainables.export.model_file import ModelConfig, save_model
from trainables.models.families.detectors.ssd import ssd
from trainables.tasks import get_training_task
from trainables.workloads.base import Workload


SIZE, CLASS_NAMES = 160, ("red", "green", "blue")


def rectangles(n_images, *, seed=0, size=SIZE, most=4, prefix="i"):
    """Images of noise with up to four rectangles, uint8, and what is in them, as a split."""
    rng = np.random.default_rng(seed)
    images = rng.integers(60, 120, (n_images, 3, size, size), dtype=np.uint8)
    objects = no_boxes(n_images, most)
    for image, rows in zip(images, objects, strict=True):
        for row in rows[: rng.integers(1, most + 1)]:
            width, height = rng.integers(size // 6, size // 2, 2)
            left, top = rng.integers(0, size - width), rng.integers(0, size - height)
            label = int(rng.integers(len(CLASS_NAMES)))
            image[:, top : top + height, left : left + width] = 40
            image[label, top : top + height, left : left + width] = 240
            row[:] = [left / size, top / size, (left + width) / size, (top + height) / size, label, 0]
    ids = np.array([f"{prefix}{k}" for k in range(n_images)])
    return Split(inputs=images, labels=objects, ids=ids, groups=None)


def small_detector(n_exits=3, objects=None, **options):
    """An untrained SSD on the smallest backbone."""
    torch.manual_seed(0)
    options = {"input_shape": (3, SIZE, SIZE), "n_classes": len(CLASS_NAMES), "width": 16, **options}
    model = build(n_exits=n_exits, mean=[0.4] * 3, std=[0.3] * 3, **options)
    if objects is not None:
        model.fit_anchors(objects)
    return model.eval()


def build(**options):
    """On the smallest backbone."""
    return ssd(**{"backbone": "mobilenet_v3_small", "anchors_per_cell": 2, "n_boxes": 30, **options})


def with_larger_scores(model):
    """An untrained detector's scores are all alike: with larger last layers they differ."""
    with torch.no_grad():
        for head in model.heads:
            for prediction in head.predictions:
                prediction[-1].weight *= 4
    return model


class RectangleSource(ImageSource):
    """Few images with rectangles, the same ones each time."""

    name: ClassVar[str] = "rectangles"

    def load(self, data_dir, options=None):
        """Other images where a folder is named."""
        made = rectangles(24, seed=0 if data_dir is None else 1)
        return DetectionSamples(inputs=made.inputs, labels=made.labels, ids=made.ids, class_names=CLASS_NAMES)


NAME = "tests.routing_detectors:WORKLOAD"
WORKLOAD = Workload(name=NAME, source=RectangleSource, build=build, n_exits=3, width=16, task="detection")
TRIAL = "trial-0001"


def write_detection_sweep(folder, *, n_exits=3, latency_ms=None):
    """What a finished sweep leaves of an untrained detector: its configuration, summary, model and table."""
    config = SweepConfig.from_mapping(
        {
            "name": folder.name,
            "workload": NAME,
            "target": 0.1,
            "splits": {"train": 0.4, "search": 0.2, "certify": 0.2, "test": 0.2, "seed": 1},
            "training": {"n_exits": n_exits, "width": 16, "epochs": 1},
            "runs_dir": str(folder.parent),
        }
    )
    folder.mkdir(parents=True)
    run, splits = RunFolder(folder), load_splits(config)
    run.sweep_file.write_text(config.to_yaml())
    model = with_larger_scores(small_detector(n_exits, splits.train.labels))
    network = replace(config.training.network_spec(), n_exits=n_exits)
    save_model(run.model_file, model, ModelConfig(NAME, network, (3, SIZE, SIZE), splits.class_names))
    metadata = {"workload": NAME, "split": "search", "class_names": list(splits.class_names)}
    metadata |= {} if latency_ms is None else {"latency_ms": list(latency_ms)}
    get_training_task("detection").table(model, splits.search, metadata).save(run.table(TRIAL, "search"))
    Policy("top-scores", (0.5,) * (n_exits - 1), (1.0,) * n_exits).save(run.policy_file, workload=NAME)
    selected = SelectedPolicy(trial_id=TRIAL, network=TRIAL, rule="top-scores", params={})
    Summary(name=folder.name, workload=NAME, certified=False, selected=selected, baselines={}).save(run.summary_file)
    run.environment_file.write_text(json.dumps({"data_hashes": splits.data_hashes}))
    return run
