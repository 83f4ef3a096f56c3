"""Network families by name. A new family is one new file and one line here."""

from trainables.models.audio_cnn import audio_cnn
from trainables.models.base import MultiExitModel, cumulative_macs, relative_cost
from trainables.models.cutting import with_exits
from trainables.models.family import NetworkFamily
from trainables.models.mobilenet_v3 import mobilenet_v3_large, mobilenet_v3_small
from trainables.models.resnet import resnet18, resnet34
from trainables.models.small_cnn import small_cnn
from trainables.models.spec import SEARCHABLE, NetworkSpec
from trainables.models.torchvision_networks import torchvision_network
from trainables.registry import resolve


NETWORKS: dict[str, NetworkFamily] = {
    family.name: family
    for family in (
        NetworkFamily("small-cnn", small_cnn, width=16),
        NetworkFamily("mobilenet-v3-small", mobilenet_v3_small, width=16),
        NetworkFamily("mobilenet-v3-large", mobilenet_v3_large, width=16),
        NetworkFamily("resnet-18", resnet18, width=64),
        NetworkFamily("resnet-34", resnet34, width=64),
        NetworkFamily("audio-cnn", audio_cnn, width=16, n_exits=3),
    )
}


def get_network(name: str) -> NetworkFamily:
    """Return a registered network family, or a user's own named as ``module:attribute``.

    Raises:
        ExitSearchError: If there is no such family.
    """
    family: NetworkFamily = resolve("network", name, NETWORKS, NetworkFamily)
    return family


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
