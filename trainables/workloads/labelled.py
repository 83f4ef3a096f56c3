"""Images and recordings with several labels each, and the two sets of them that are made here."""

from trainables.augmentation.images import Augmentation
from trainables.data import SOURCES
from trainables.models import NETWORKS
from trainables.workloads.base import Workload


_TASK = "multi-label"

LABELLED_IMAGES = Workload(
    name="labelled-images",
    source=SOURCES["labelled-images"],
    build=NETWORKS["mobilenet-v3-small"].build,
    n_exits=4,
    width=16,
    augmentation=Augmentation(shift=0.1, flip=True),
    task=_TASK,
)
LABELLED_AUDIO = Workload(
    name="labelled-audio",
    source=SOURCES["labelled-audio"],
    build=NETWORKS["audio-cnn"].build,
    n_exits=3,
    width=16,
    task=_TASK,
)
PAIRS = Workload(
    name="pairs",
    source=SOURCES["pairs"],
    build=NETWORKS["small-cnn"].build,
    n_exits=3,
    width=16,
    augmentation=Augmentation(shift=0.06),
    task=_TASK,
)
SPOKEN_MIXTURES = Workload(
    name="spoken-mixtures",
    source=SOURCES["spoken-mixtures"],
    build=NETWORKS["audio-cnn"].build,
    n_exits=3,
    width=16,
    task=_TASK,
)
