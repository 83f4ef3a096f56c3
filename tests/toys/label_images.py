"""Images of bars on noise, each bar a label that is there or not, in several views a parent, and a workload of them."""

from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from trainables.data import DataSource
from trainables.data.label_files.samples import LabelledSamples
from trainables.models import NETWORKS
from trainables.workloads import Workload


LABEL_NAMES = ("left", "right", "top", "bottom")
SIZE, THICKNESS = 12, 3
_PLACES = (
    (slice(None), slice(0, THICKNESS)),
    (slice(None), slice(-THICKNESS, None)),
    (slice(0, THICKNESS), slice(None)),
    (slice(-THICKNESS, None), slice(None)),
)


def label_images(n_parents, n_views=1, *, noise=0.25, seed=0):
    """Noisy views of bars at the sides, float32 in 0..1, (n, 1, 12, 12), their labels, (n, 4), and parents, (n,).

    Labels are seldomer from the first, at every second parent, to the last, at every fifth; a parent may have none.
    """
    rng = np.random.default_rng(seed)
    of_parents = (rng.random((n_parents, len(LABEL_NAMES))) < (0.5, 0.4, 0.3, 0.2)).astype(np.uint8)
    of_sample = np.repeat(np.arange(n_parents), n_views)
    images = rng.normal(0.3, noise, (len(of_sample), 1, SIZE, SIZE))
    for label, place in enumerate(_PLACES):
        images[(of_parents[of_sample, label] == 1, 0, *place)] += 0.35
    return images.clip(0, 1).astype(np.float32), of_parents[of_sample], of_sample


@dataclass(frozen=True)
class LabelImages(DataSource):
    """The same images each time."""

    name = "label-images"

    n_parents: int = 60
    n_views: int = 1
    noise: float = 0.25

    def load(self, data_dir, options=None):
        images, labels, of_sample = label_images(self.n_parents, self.n_views, noise=self.noise)
        parents = [f"parent-{number}" for number in of_sample]
        return LabelledSamples(
            inputs=images,
            labels=labels,
            ids=[f"{parent}-{row}" for row, parent in enumerate(parents)],
            class_names=LABEL_NAMES,
            parents=parents if self.n_views > 1 else None,
        )


WORKLOAD = Workload("label-images", LabelImages(), NETWORKS["small-cnn"].build, n_exits=2, width=6, task="multi-label")
VIEWS = replace(WORKLOAD, name="label-views", source=LabelImages(n_views=3))
PLACE, VIEWS_PLACE = "tests.toys.label_images:WORKLOAD", "tests.toys.label_images:VIEWS"


class Listed(nn.Module):
    """A network that knows nothing of the packages: logits of labels at two exits, as a list."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU())
        self.early = nn.Sequential(nn.Flatten(), nn.Linear(4 * SIZE**2, len(LABEL_NAMES)))
        self.second = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())
        self.late = nn.Sequential(nn.Flatten(), nn.Linear(4 * SIZE**2, len(LABEL_NAMES)))

    def forward(self, images):
        first = self.first(images)
        return [self.early(first), self.late(self.second(first))]


def listed():
    """It says the same of all images."""
    network = Listed()
    for head in (network.early, network.late):
        nn.init.zeros_(head[1].weight)
        nn.init.constant_(head[1].bias, -1.0)
    return network
