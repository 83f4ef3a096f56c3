"""Input-adaptive hard-exit DARTS: on CIFAR-10 as in its document, and small, on Fashion-MNIST."""

from functools import partial

from trainables.augmentation.images import Augmentation
from trainables.data import SOURCES
from trainables.models import NETWORKS
from trainables.workloads.base import Workload


DARTS = Workload(
    name="darts",
    source=SOURCES["cifar10"],
    build=NETWORKS["darts"].build,
    n_exits=4,
    width=64,
    augmentation=Augmentation(shift=0.125, flip=True),
)

DARTS_SMALL = Workload(
    name="darts-small",
    source=SOURCES["fashion-mnist"],
    build=partial(NETWORKS["darts"].build, stem_stride=2),
    n_exits=4,
    width=16,
    augmentation=Augmentation(shift=0.07, flip=True),
)
