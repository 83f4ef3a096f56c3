"""Folders of images with boxes, laid out as those of Pascal VOC or of COCO."""

from trainables.augmentation.boxes import BoxAugmentation
from trainables.data import SOURCES
from trainables.models import NETWORKS
from trainables.workloads.base import Workload


VOC, COCO = (
    Workload(
        name=name,
        source=SOURCES[name],
        build=NETWORKS["ssd"].build,
        n_exits=3,
        width=64,
        augmentation=BoxAugmentation(flip=True, scale=0.2, crop=0.3, photometric=0.3),
        task="detection",
    )
    for name in ("voc", "coco")
)
