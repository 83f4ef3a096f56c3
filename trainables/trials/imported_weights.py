"""Weights that every trial's network starts from, from a file that a sweep names: ``training.weights``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path
import re

from safetensors import SafetensorError, safe_open
from torch import Tensor

from policies.names import list_some
from trainables.data import Split
from trainables.errors import ModelFileError, TrainingError
from trainables.export.model_file import load_model
from trainables.models import MultiExitModel
from trainables.models.loading import describe_mismatch
from trainables.models.plain import names_in_whole
from trainables.trials.spec import GivenWeights, TrialSpec
from trainables.weights.files import read_weights
from trainables.weights.wrappers import unwrap


_STAGE = re.compile(r"^stages\.\d+\.")
# What a file need not hold: exits that are not trained yet, and what inputs are standardised with.
_HEAD, _SCALE = "heads.", ("mean", "std")


def with_given_weights(spec: TrialSpec, path: Path, train: Split) -> TrialSpec:
    """Have all networks of a spec start from a file's weights.

    The file is a model file of ours, of the network itself or of the same without early exits, or holds weights of the
    network or of the classifier that it was cut from: exits that it lacks are then new, and have to be trained.

    Args:
        spec: Names the network, its exits, its width and the classes of the data.
        path: ``model.safetensors``, another safetensors file, or what ``torch.save`` has written.
        train: For the shape of the samples.

    Raises:
        TrainingError: If the file cannot be read, does not fit the network, or lacks exits that nobody would train.
    """
    # Weights are given by the names of the network with all of its exits.
    network = replace(spec, network=replace(spec.network, only_exit=None)).build_model(train)
    own = network.state_dict()
    given, description = _of_model_file(path, spec, network) if _is_model_file(path) else _of_elsewhere(path, own)
    absent = [name for name in own if name not in given and name.startswith(_HEAD)]
    wanted = {name: tensor for name, tensor in own.items() if name in given or name not in (*absent, *_SCALE)}
    mismatch = describe_mismatch(wanted, given)
    if mismatch:
        raise TrainingError(
            f"{path}: weights must fit the network but do not ({mismatch}); name the network, exits and width that "
            f"they are of under training, and data of the same classes"
        )
    if absent and not spec.recipe.epochs:
        raise TrainingError(
            f"{path}: with training.epochs 0 weights must be of all exits, but {len(absent)} tensors are missing "
            f"({list_some(absent)}); train for some epochs, or give weights of the whole network"
        )
    last = [name for name in absent if name.startswith(f"{_HEAD}{network.n_exits - 1}.")]
    if last and spec.recipe.frozen == "full-network":
        raise TrainingError(
            f"{path}: with training.frozen full-network weights must be of the last exit too, but {len(last)} tensors "
            f"are missing ({list_some(last)}); set it to backbone, or give weights of the whole network"
        )
    return replace(spec, weights=GivenWeights(dict(given), description))


def file_hash(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _is_model_file(path: Path) -> bool:
    try:
        with safe_open(path, framework="pt") as file:
            return "exitsearch" in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _of_model_file(path: Path, spec: TrialSpec, network: MultiExitModel) -> tuple[Mapping[str, Tensor], str]:
    try:
        model, config = load_model(path)
    except ModelFileError as error:
        raise TrainingError(str(error)) from None
    if config.class_names != spec.class_names:
        raise TrainingError(
            f"{path}: the network must know the classes of the data, {list_some(spec.class_names)}, in that order, but "
            f"knows {list_some(config.class_names)}"
        )
    weights, only_exit = model.state_dict(), config.network.only_exit
    if only_exit is None:
        return weights, ""
    names = names_in_whole(network, only_exit - 1)
    return {names.get(name, name): tensor for name, tensor in weights.items()}, ""


def _of_elsewhere(path: Path, own: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], str]:
    loaded = read_weights(path)
    # As the network calls them itself, or as the classifier did that it was cut from: without stages.
    inside = {_STAGE.sub("", name): name for name in own if _STAGE.match(name)}
    ways = [{name: name for name in own}]
    if len(inside) == sum(1 for name in own if _STAGE.match(name)):
        ways.append(inside)
    found = [(names, unwrap(path, loaded, {name: own[real] for name, real in names.items()})) for names in ways]
    names, best = max(found, key=lambda one: sum(name in one[1].weights for name in one[0]))
    return {names.get(name, name): tensor for name, tensor in best.weights.items()}, best.description
