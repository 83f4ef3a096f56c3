"""Fashion-MNIST: clothes, 28x28 pixels."""

from trainables.augmentation.images import Augmentation
from trainables.data import SOURCES
from trainables.models import NETWORKS
from trainables.workloads.base import Workload


FASHION_MNIST = Workload(
    name="fashion-mnist",
    source=SOURCES["fashion-mnist"],
    build=NETWORKS["small-cnn"].build,
    n_exits=4,
    width=16,
    augmentation=Augmentation(shift=0.07, flip=True),
)
