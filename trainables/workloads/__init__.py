"""Workloads by name. A new workload is one new file and one line here."""

from policies.registry import resolve
from trainables.workloads.audio_folder import AUDIO_FOLDER
from trainables.workloads.base import Workload
from trainables.workloads.boxes import COCO, VOC
from trainables.workloads.cifar import CIFAR10, CIFAR100
from trainables.workloads.darts import DARTS, DARTS_SMALL
from trainables.workloads.digits import DIGITS
from trainables.workloads.fashion_mnist import FASHION_MNIST
from trainables.workloads.image_folder import IMAGE_FOLDER
from trainables.workloads.labelled import LABELLED_AUDIO, LABELLED_IMAGES, PAIRS, SPOKEN_MIXTURES


WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        DIGITS,
        FASHION_MNIST,
        CIFAR10,
        CIFAR100,
        IMAGE_FOLDER,
        AUDIO_FOLDER,
        DARTS,
        DARTS_SMALL,
        VOC,
        COCO,
        LABELLED_IMAGES,
        LABELLED_AUDIO,
        PAIRS,
        SPOKEN_MIXTURES,
    )
}


def get_workload(name: str) -> Workload:
    """Return a registered workload, or a user's own named as ``module:attribute``.

    Raises:
        ExitSearchError: If there is no such workload.
    """
    workload: Workload = resolve("workload", name, WORKLOADS, Workload)
    return workload


__all__ = ["WORKLOADS", "Workload", "get_workload"]
