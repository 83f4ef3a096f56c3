"""Any folder of recordings, one folder a class, or names that tell the class."""

from trainables.data import SOURCES
from trainables.models import NETWORKS
from trainables.workloads.base import Workload


AUDIO_FOLDER = Workload(
    name="audio-folder",
    source=SOURCES["audio-folder"],
    build=NETWORKS["audio-cnn"].build,
    n_exits=3,
    width=16,
)
