"""A trained network in one safetensors file, with what it takes to build it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
import json
from pathlib import Path
from typing import Any, get_args

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from policies.errors import ExitSearchError
from policies.files.atomic import whole_file
from policies.names import clean_name
from trainables.errors import ModelFileError, TrainingError
from trainables.models import CostModel, MultiExitModel, NetworkSpec
from trainables.models.exits.tracing import first_line
from trainables.models.loading import all_weights, distinct_weights, load_weights
from trainables.workloads import get_workload


SCHEMA = 1
IMPORTED_SCHEMA = 2
"""Of files of imported networks, which versions that do not know these must not read as others."""
OPTIONS_SCHEMA = 3
"""Of files of networks with options, or with a cost of their own, for the same reason."""


@dataclass(frozen=True)
class ModelConfig:
    """What a network was built from.

    Attributes:
        workload: Name of the workload that builds it, or ``module:attribute``; of an imported network, what its data
            are called.
        network: Family, width, exits and blocks that it is built with; of an imported network only the number of exits
            counts.
        input_shape: (channels, height, width) of one sample.
        class_names: In the order of its logits.
        imported: Place of a network from elsewhere that was cut into stages, as ``module:attribute``: an instance, a
            class, or a function without arguments that builds it. None where the workload builds it.
    """

    workload: str
    network: NetworkSpec
    input_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    imported: str | None = None

    @classmethod
    def of_imported(
        cls, place: str, model: MultiExitModel, *, data: str, input_shape: tuple[int, ...], class_names: tuple[str, ...]
    ) -> ModelConfig:
        """That of a network from elsewhere, as :func:`~trainables.models.imported.multi_exit.as_multi_exit` cuts it.

        Args:
            place: Where the network is or is built, as ``module:attribute``.
            model: The network, cut.
            data: What its data are called.
            input_shape: (channels, height, width) of one sample.
            class_names: In the order of its logits.
        """
        return cls(data, NetworkSpec(n_exits=model.n_exits, width=1), input_shape, class_names, imported=place)

    @property
    def schema(self) -> int:
        """Which versions can read the file."""
        if self.imported is not None:
            return IMPORTED_SCHEMA
        return OPTIONS_SCHEMA if self.network.options or self.network.cost != "macs" else SCHEMA

    def metadata(self) -> str:
        """What a file states, as JSON."""
        stated = {key: value for key, value in asdict(self).items() if key != "imported" or value is not None}
        if self.schema != OPTIONS_SCHEMA:
            stated["network"] = {key: one for key, one in stated["network"].items() if key not in ("options", "cost")}
        return json.dumps({**stated, "schema": self.schema})


def save_model(path: Path, model: MultiExitModel, config: ModelConfig) -> None:
    """Write weights and configuration, replacing ``path`` in one step; weights that exits share are written once.

    Raises:
        OSError: If they cannot be written.
    """
    content = save(distinct_weights(model), metadata={"exitsearch": config.metadata()})
    # Not by safetensors itself, whose files others may not read and which forgets why a write failed.
    with whole_file(path) as partial:
        partial.write_bytes(content)


def load_model(path: Path) -> tuple[MultiExitModel, ModelConfig]:
    """Build the network of a file, on the CPU, in evaluation mode. Nothing is unpickled.

    Where the file names a user's own workload or network, the module of that name is imported, as from a sweep file.

    Raises:
        ModelFileError: If the file is missing, damaged, of another kind, or its network cannot be built.
    """
    weights, config = _read(path)
    try:
        model = _build(config) if config.imported is None else _cut(config, weights)
        load_weights(model, all_weights(model, weights))
    except ExitSearchError as error:
        raise ModelFileError(f"{path}: the network cannot be built ({error})") from None
    except (RuntimeError, ValueError) as error:
        raise ModelFileError(
            f"{path}: the weights must fit the network that the file states but do not ({first_line(error)})"
        ) from None
    return model.eval(), config


def _build(config: ModelConfig) -> MultiExitModel:
    channels = config.input_shape[0]
    return get_workload(config.workload).build_network(
        config.input_shape,
        len(config.class_names),
        replace(config.network, pretrained=False),
        # The file's own replace them.
        mean=[0.0] * channels,
        std=[1.0] * channels,
    )


def _cut(config: ModelConfig, weights: Mapping[str, Tensor]) -> MultiExitModel:
    """The network of the place that a file names, cut anew, with weights that are to be replaced by the file's."""
    # Here, since the import takes its time, and most files are of networks of ours.
    from trainables.models.imported.multi_exit import as_multi_exit
    from trainables.models.imported.place import network_at

    network = network_at(str(config.imported)).cpu()
    own = {} if isinstance(network, MultiExitModel) else _scale(weights)
    model = as_multi_exit(network, input_shape=config.input_shape, n_classes=len(config.class_names), **own)
    if model.n_exits != config.network.n_exits:
        raise ValueError(f"{config.imported} has {model.n_exits} exits now and had {config.network.n_exits}")
    return model


def _scale(weights: Mapping[str, Tensor]) -> dict[str, list[float]]:
    return {name: weights[name].flatten().tolist() for name in ("mean", "std") if name in weights}


def _read(path: Path) -> tuple[dict[str, Tensor], ModelConfig]:
    if not path.is_file():
        raise ModelFileError(f"{path}: there is no such model file; a sweep writes one as model.safetensors")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"{path}: not a readable model file ({str(error).splitlines()[0]})") from None
    try:
        stated = dict(json.loads(metadata["exitsearch"]))
        imported = stated.get("imported")
        config = ModelConfig(
            workload=str(stated["workload"]),
            network=_network_spec(stated["network"]),
            input_shape=tuple(int(side) for side in stated["input_shape"]),
            class_names=tuple(clean_name(str(name)) for name in stated["class_names"]),
            imported=None if imported is None else str(imported),
        )
        if stated["schema"] != config.schema:
            raise ValueError("another schema")
    except (AttributeError, KeyError, TypeError, ValueError, TrainingError) as error:
        raise ModelFileError(
            f"{path}: a model file states what it was built from but this one does not ({error!r}); "
            f"take model.safetensors of a sweep"
        ) from None
    return weights, config


def _network_spec(stated: Any) -> NetworkSpec:
    family, blocks, depth, head = (stated.get(name) for name in ("family", "blocks", "depth", "head"))
    only_exit, cost = stated.get("only_exit"), stated.get("cost", "macs")
    if cost not in get_args(CostModel):
        raise ValueError(f"an unknown cost {cost!r}")
    return NetworkSpec(
        n_exits=int(stated["n_exits"]),
        width=int(stated["width"]),
        family=None if family is None else str(family),
        blocks=None if blocks is None else tuple(str(block) for block in blocks),
        depth=None if depth is None else int(depth),
        head=None if head is None else str(head),
        only_exit=None if only_exit is None else int(only_exit),
        options=dict(stated.get("options", {})),
        cost=cost,
    )
