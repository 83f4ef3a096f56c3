"""Images with boxes, as Pascal VOC and COCO lay them out."""

from trainables.augmentation.boxes import BoxAugmentation
from trainables.data import SOURCES
from trainables.models import NETWORKS
from trainables.workloads.base import Workload


# Milder than SSD's own, which was made for 120,000 steps.
_AUGMENTATION = BoxAugmentation(flip=True, zoom_out=1.5, crop=0.5, photometric=0.3)

VOC, COCO = (
    Workload(
        name=name,
        source=SOURCES[name],
        build=NETWORKS["ssd"].build,
        n_exits=3,
        width=64,
        augmentation=_AUGMENTATION,
        task="detection",
    )
    for name in ("voc", "coco")
)
