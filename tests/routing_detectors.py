"""A small detector of a real family, images that it can learn to find rectangles in, and the sweep that it is from."""

from dataclasses import replace
import json

import numpy as np
import torch

from policies.policy import Policy
from search.config.sweep import SweepConfig
from search.inputs import load_splits
from search.run_folder.folder import RunFolder
from search.run_folder.summary import SelectedPolicy, Summary
from tests.toys.rectangles import CLASS_NAMES, Rectangles, rectangles
from trainables.data import Split
from trainables.export.model_file import ModelConfig, save_model
from trainables.models.families.detectors.ssd import ssd
from trainables.tasks import get_training_task
from trainables.workloads.base import Workload


SIZE = 160


def rectangle_split(n_images, *, seed=0):
    """Images with a rectangle at least, as a split."""
    images, objects = rectangles(n_images, size=SIZE, seed=seed, fewest=1)
    return Split(inputs=images, labels=objects, ids=np.array([f"i{k}" for k in range(n_images)]), groups=None)


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


NAME = "tests.routing_detectors:WORKLOAD"
SOURCE = Rectangles(n_images=24, size=SIZE, most=4)
WORKLOAD = Workload(name=NAME, source=SOURCE, build=build, n_exits=3, width=16, task="detection")
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
