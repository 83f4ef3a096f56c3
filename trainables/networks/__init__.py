"""Network families by name, built of what is imported when it is first used.

A new family is one new file and one line here.
"""

from policies.registry import OnDemand, resolve
from trainables.networks.family import NetworkFamily
from trainables.networks.spec import SEARCHABLE, NetworkSpec


NETWORKS: dict[str, NetworkFamily] = {
    family.name: family
    for family in (
        NetworkFamily("small-cnn", OnDemand("trainables.models.small_cnn:small_cnn"), width=16),
        NetworkFamily("mobilenet-v3-small", OnDemand("trainables.models.mobilenet_v3:mobilenet_v3_small"), width=16),
        NetworkFamily("mobilenet-v3-large", OnDemand("trainables.models.mobilenet_v3:mobilenet_v3_large"), width=16),
        NetworkFamily("resnet-18", OnDemand("trainables.models.resnet:resnet18"), width=64),
        NetworkFamily("resnet-34", OnDemand("trainables.models.resnet:resnet34"), width=64),
        NetworkFamily("audio-cnn", OnDemand("trainables.models.audio_cnn:audio_cnn"), width=16, n_exits=3),
    )
}


def get_network(name: str) -> NetworkFamily:
    """Return a registered network family, or a user's own named as ``module:attribute``.

    Raises:
        ExitSearchError: If there is no such family.
    """
    family: NetworkFamily = resolve("network", name, NETWORKS, NetworkFamily)
    return family


__all__ = ["NETWORKS", "SEARCHABLE", "NetworkFamily", "NetworkSpec", "get_network"]
