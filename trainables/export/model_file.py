"""A trained network in one safetensors file, with what it takes to build it again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from policies.errors import ExitSearchError
from policies.files.atomic import whole_file
from policies.names import clean_name
from trainables.errors import ModelFileError
from trainables.models import MultiExitModel, NetworkSpec
from trainables.models.exits.tracing import first_line
from trainables.models.loading import load_weights
from trainables.workloads import get_workload


SCHEMA = 1


@dataclass(frozen=True)
class ModelConfig:
    """What a network was built from.

    Attributes:
        workload: Name of the workload that builds it, or ``module:attribute``.
        network: Family, width, exits and blocks that it is built with.
        input_shape: (channels, height, width) of one sample.
        class_names: In the order of its logits.
    """

    workload: str
    network: NetworkSpec
    input_shape: tuple[int, ...]
    class_names: tuple[str, ...]


def save_model(path: Path, model: MultiExitModel, config: ModelConfig) -> None:
    """Write weights and configuration, replacing ``path`` in one step.

    Raises:
        OSError: If they cannot be written.
    """
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    content = save(weights, metadata={"exitsearch": json.dumps({**asdict(config), "schema": SCHEMA})})
    # Not by safetensors itself, whose files others may not read and which forgets why a write failed.
    with whole_file(path) as partial:
        partial.write_bytes(content)


def load_model(path: Path) -> tuple[MultiExitModel, ModelConfig]:
    """Build the network of a file, on the CPU, in evaluation mode. Nothing is unpickled.

    Raises:
        ModelFileError: If the file is missing, damaged, of another kind, or its network cannot be built.
    """
    weights, config = _read(path)
    channels = config.input_shape[0]
    try:
        model = get_workload(config.workload).build_network(
            config.input_shape,
            len(config.class_names),
            replace(config.network, pretrained=False),
            # The file's own replace them.
            mean=[0.0] * channels,
            std=[1.0] * channels,
        )
        load_weights(model, weights)
    except ExitSearchError as error:
        raise ModelFileError(f"{path}: the network cannot be built ({error})") from None
    except (RuntimeError, ValueError) as error:
        raise ModelFileError(
            f"{path}: the weights must fit the network that the file states but do not ({first_line(error)})"
        ) from None
    return model.eval(), config


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
        stated = json.loads(metadata["exitsearch"])
        if stated.pop("schema") != SCHEMA:
            raise ValueError("another schema")
        config = ModelConfig(
            workload=str(stated["workload"]),
            network=_network_spec(stated["network"]),
            input_shape=tuple(int(side) for side in stated["input_shape"]),
            class_names=tuple(clean_name(str(name)) for name in stated["class_names"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"{path}: a model file states what it was built from but this one does not ({error!r}); "
            f"take model.safetensors of a sweep"
        ) from None
    return weights, config


def _network_spec(stated: Any) -> NetworkSpec:
    family, blocks, depth, head = (stated.get(name) for name in ("family", "blocks", "depth", "head"))
    only_exit = stated.get("only_exit")
    return NetworkSpec(
        n_exits=int(stated["n_exits"]),
        width=int(stated["width"]),
        family=None if family is None else str(family),
        blocks=None if blocks is None else tuple(str(block) for block in blocks),
        depth=None if depth is None else int(depth),
        head=None if head is None else str(head),
        only_exit=None if only_exit is None else int(only_exit),
    )
