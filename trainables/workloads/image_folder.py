"""Any folder of images, one folder a class."""

from trainables.augment import Augmentation
from trainables.data import SOURCES
from trainables.models import mobilenet_v3_small
from trainables.workloads.base import Workload


IMAGE_FOLDER = Workload(
    name="image-folder",
    source=SOURCES["image-folder"],
    build=mobilenet_v3_small,
    n_exits=4,
    width=16,
    augmentation=Augmentation(shift=0.1, flip=True),
)
