"""Any folder of images, one folder a class."""

from trainables.augmentation.images import Augmentation
from trainables.data import SOURCES
from trainables.models import NETWORKS
from trainables.workloads.base import Workload


IMAGE_FOLDER = Workload(
    name="image-folder",
    source=SOURCES["image-folder"],
    build=NETWORKS["mobilenet-v3-small"].build,
    n_exits=4,
    width=16,
    augmentation=Augmentation(shift=0.1, flip=True),
)
