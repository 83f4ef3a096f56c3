"""CIFAR-10 and CIFAR-100: small colour photographs, 32x32 pixels."""

from trainables.augmentation.images import Augmentation
from trainables.data import SOURCES
from trainables.models import NETWORKS
from trainables.workloads.base import Workload


CIFAR10, CIFAR100 = (
    Workload(
        name=name,
        source=SOURCES[name],
        build=NETWORKS["resnet-18"].build,
        n_exits=4,
        width=64,
        augmentation=Augmentation(shift=0.125, flip=True),
    )
    for name in ("cifar10", "cifar100")
)
