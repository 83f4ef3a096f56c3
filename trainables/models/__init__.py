"""Networks with exits; their families by name are in :mod:`trainables.networks`, which imports none of them."""

from trainables.models.audio_cnn import audio_cnn
from trainables.models.base import MultiExitModel, cumulative_macs, relative_cost
from trainables.models.cutting import with_exits
from trainables.models.mobilenet_v3 import mobilenet_v3_large, mobilenet_v3_small
from trainables.models.resnet import resnet18, resnet34
from trainables.models.small_cnn import small_cnn
from trainables.models.torchvision_networks import torchvision_network
from trainables.networks import NETWORKS, SEARCHABLE, NetworkFamily, NetworkSpec, get_network


__all__ = [
    "NETWORKS",
    "SEARCHABLE",
    "MultiExitModel",
    "NetworkFamily",
    "NetworkSpec",
    "audio_cnn",
    "cumulative_macs",
    "get_network",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "relative_cost",
    "resnet18",
    "resnet34",
    "small_cnn",
    "torchvision_network",
    "with_exits",
]
