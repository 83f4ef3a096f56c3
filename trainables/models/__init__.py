"""Networks with exits, and their families by name; networks are imported when they are first used.

A new family is one new file in :mod:`trainables.models.families` and one line here.
"""

from typing import TYPE_CHECKING, Any

from policies.registry import OnDemand, resolve
from trainables.models.family import NetworkFamily
from trainables.models.spec import LARGEST_WIDTH, CostModel, NetworkSpec, is_of_network


if TYPE_CHECKING:
    from trainables.models.base import MultiExitModel, cumulative_macs, relative_cost
    from trainables.models.exits.cutting import with_exits
    from trainables.models.families.torchvision_networks import torchvision_network
    from trainables.models.imported.multi_exit import as_multi_exit


_FAMILIES = "trainables.models.families"

NETWORKS: dict[str, NetworkFamily] = {
    family.name: family
    for family in (
        NetworkFamily("small-cnn", OnDemand(f"{_FAMILIES}.small_cnn:small_cnn"), width=16),
        NetworkFamily("mobilenet-v3-small", OnDemand(f"{_FAMILIES}.mobilenet_v3:mobilenet_v3_small"), width=16),
        NetworkFamily("mobilenet-v3-large", OnDemand(f"{_FAMILIES}.mobilenet_v3:mobilenet_v3_large"), width=16),
        NetworkFamily("resnet-18", OnDemand(f"{_FAMILIES}.resnet:resnet18"), width=64),
        NetworkFamily("resnet-34", OnDemand(f"{_FAMILIES}.resnet:resnet34"), width=64),
        NetworkFamily("audio-cnn", OnDemand(f"{_FAMILIES}.audio_cnn:audio_cnn"), width=16, n_exits=3),
        NetworkFamily("ssd", OnDemand(f"{_FAMILIES}.detectors.ssd:ssd"), width=64, n_exits=3, task="detection"),
        NetworkFamily(
            "ssdlite", OnDemand(f"{_FAMILIES}.detectors.ssdlite:ssdlite"), width=64, n_exits=3, task="detection"
        ),
        NetworkFamily("darts", OnDemand(f"{_FAMILIES}.darts.network:darts"), width=16),
    )
}

# What takes seconds to import, with the module that has it.
_LATER = {
    "MultiExitModel": "trainables.models.base",
    "as_multi_exit": "trainables.models.imported.multi_exit",
    "cumulative_macs": "trainables.models.base",
    "relative_cost": "trainables.models.base",
    "torchvision_network": f"{_FAMILIES}.torchvision_networks",
    "with_exits": "trainables.models.exits.cutting",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return OnDemand(f"{_LATER[name]}:{name}").__wrapped__


def get_network(name: str) -> NetworkFamily:
    """Return a registered network family, or a user's own named as ``module:attribute``.

    Raises:
        ExitSearchError: If there is no such family.
    """
    family: NetworkFamily = resolve("network", name, NETWORKS, NetworkFamily)
    return family


__all__ = [
    "LARGEST_WIDTH",
    "NETWORKS",
    "CostModel",
    "MultiExitModel",
    "NetworkFamily",
    "NetworkSpec",
    "as_multi_exit",
    "cumulative_macs",
    "get_network",
    "is_of_network",
    "relative_cost",
    "torchvision_network",
    "with_exits",
]
