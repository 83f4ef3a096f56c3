"""A data source, a workload and a search space from outside the packages."""

from typing import ClassVar

import numpy as np

from spaces import Choice, Number, Space
from trainables.data import DataSource, Samples
from trainables.models import NETWORKS
from trainables.workloads import Workload


class Stripes(DataSource):
    """Rows against columns."""

    name: ClassVar[str] = "stripes"

    def load(self, data_dir, options):
        """Make all samples."""
        rng, labels = np.random.default_rng(0), np.arange(300) % 2
        images = rng.uniform(0, 0.7, (300, 1, 12, 12))
        images[labels == 0, :, ::3] += 0.3
        images[labels == 1, :, :, ::3] += 0.3
        names = [f"stripes-{i}" for i in range(300)]
        return Samples(inputs=images.astype(np.float32), labels=labels, ids=names, class_names=("rows", "columns"))


class LearningRate(Space):
    """Little else than the learning rate."""

    name: ClassVar[str] = "learning-rate"

    @classmethod
    def defaults(cls, n_exits, teachers=()):
        """Ranges of a network with ``n_exits`` exits."""
        return {"learning_rate_adamw": Number(1e-3, 3e-2, log=True), "label_smoothing": Choice((0.0, 0.05))}

    def walk(self, ask):
        """Ask for every dimension."""
        for name in self.dimensions:
            ask(name)


STRIPES = Workload(name="stripes", source=Stripes(), build=NETWORKS["small-cnn"].build, n_exits=2, width=4)
