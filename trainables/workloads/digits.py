"""Handwritten digits, 8x8 pixels: the embedded default."""

from functools import partial

from trainables.augmentation.images import Augmentation
from trainables.data import SOURCES
from trainables.models import NETWORKS
from trainables.workloads.base import Workload


DIGITS = Workload(
    name="digits",
    source=SOURCES["digits"],
    build=partial(NETWORKS["small-cnn"].build, head_grid=1),
    n_exits=3,
    width=16,
    augmentation=Augmentation(shift=0.06),
)
