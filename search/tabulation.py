"""From a network of one's own, trained anywhere, to its exit tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.metrics.exits import exit_accuracies
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable
from policies.tables.latency import KEY as LATENCY_KEY
from search.errors import ConfigError
from trainables.data import DEFAULT_OPTIONS, DataOptions, Samples, Split, load_samples
from trainables.data.class_order import in_class_order
from trainables.data.label_files.samples import LabelledSamples
from trainables.data.splitting.three_parts import PART_SHARES, Part, three_parts
from trainables.errors import ImportedNetworkWarning
from trainables.export.model_file import ModelConfig
from trainables.models import MultiExitModel, relative_cost
from trainables.models.imported.place import network_at
from trainables.models.imported.whole import UncutNetwork, take_in
from trainables.models.inference import model_hash
from trainables.models.latency import exit_latencies_ms
from trainables.tasks import get_training_task
from trainables.training.imported_table import imported_table
from trainables.weights.giving import give_weights
from trainables.workloads.finding import find_source


@dataclass(frozen=True)
class TabulationRequest:
    """What is to be tabulated, and of which samples.

    Attributes:
        place: Where the network is or is built, as ``module:attribute``.
        data: Name of a source or a workload, or path of a folder.
        weights: File of the weights that the network was trained to; None takes it with those that it has.
        data_dir: Folder of a source that is named; None where it needs none.
        options: How samples are read.
        mean: What inputs in 0..1 are standardised with, by channel; None leaves them as they are.
        std: What they are divided by, by channel; None leaves them as they are.
        class_names: Classes in the order of the network's outputs; None takes the data's.
        cost: Compute up to each exit, in any unit; None counts multiply-accumulates where the network can be cut.
        part: ``test`` takes the official test alone, ``all`` all data.
        shares: Of the samples or groups, by part.
        seed: Of the shares' draw.
        has_latency: Whether exits are timed.
    """

    place: str
    data: str
    weights: Path | None = None
    data_dir: Path | None = None
    options: DataOptions = DEFAULT_OPTIONS
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    class_names: tuple[str, ...] | None = None
    cost: tuple[float, ...] | None = None
    part: Part = "all"
    shares: Mapping[str, float] = field(default_factory=lambda: dict(PART_SHARES))
    seed: int = 0
    has_latency: bool = False


@dataclass(frozen=True)
class Tabulation:
    """A network from elsewhere, and what it says.

    Attributes:
        network: Cut into stages, or run whole where it cannot be cut.
        tables: Its exit tables of ``search``, ``certify`` and ``test``.
        config: What a model file of it states; None where it cannot be cut.
        wrapped: What its weights were taken out of, as half a sentence; empty where they were not wrapped.
    """

    network: MultiExitModel | UncutNetwork
    tables: Mapping[str, ExitTable]
    config: ModelConfig | None
    wrapped: str


def tabulate_network(asked: TabulationRequest) -> Tabulation:
    """Take a network in, read the data, and have it say what each of its exits does.

    Raises:
        ExitSearchError: If the network, its weights or the data cannot be read or do not fit together.

    Warns:
        ImportedNetworkWarning: If it cannot be cut into stages, its outputs seem to be in another order than that of
            their depth, or no exit is better than always naming the largest class of ``search``.
        SamplesWarning: If policies are chosen on what the data's authors made for training.
    """
    network = network_at(asked.place)
    wrapped = give_weights(network, asked.weights) if asked.weights is not None else ""
    samples = _samples(asked)
    parts = three_parts(samples, part=asked.part, shares=asked.shares, seed=asked.seed)
    input_shape = samples.inputs.shape[1:]
    taken = take_in(
        network, input_shape=input_shape, mean=asked.mean, std=asked.std, n_classes=len(samples.class_names)
    )
    tables = _tables(asked, taken, samples, parts)
    _doubt(asked.place, tables["search"])
    config = None
    if isinstance(taken, MultiExitModel):
        config = ModelConfig.of_imported(
            asked.place, taken, data=asked.data, input_shape=input_shape, class_names=samples.class_names
        )
    return Tabulation(taken, tables, config, wrapped)


def _samples(asked: TabulationRequest) -> Samples:
    source, folder = find_source(asked.data)
    samples = load_samples(source, folder or asked.data_dir, asked.options)
    return samples if asked.class_names is None else in_class_order(samples, asked.class_names)


def _tables(
    asked: TabulationRequest, model: MultiExitModel | UncutNetwork, samples: Samples, parts: Mapping[str, Split]
) -> dict[str, ExitTable]:
    cost = _cost(asked, model, samples.inputs.shape[1:])
    known = {
        **samples.metadata,
        "workload": asked.data,
        "network": asked.place,
        ("label_names" if isinstance(samples, LabelledSamples) else "class_names"): list(samples.class_names),
        "model_hash": model_hash(model),
        **_latency(asked, model, samples.inputs.shape[1:]),
    }
    return {
        name: imported_table(
            model, split, cost=cost, metadata={**known, "split": name}, name=f"{asked.place} on {name}"
        )
        for name, split in parts.items()
    }


def _cost(
    asked: TabulationRequest, model: MultiExitModel | UncutNetwork, input_shape: tuple[int, ...]
) -> NDArray[np.float64] | None:
    if asked.cost is None:
        return relative_cost(model, input_shape) if isinstance(model, MultiExitModel) else None
    cost = np.array(asked.cost)
    if cost.shape != (model.n_exits,) or (np.diff(cost, prepend=0.0) <= 0).any():
        raise ConfigError(
            f"--cost must be {model.n_exits} increasing numbers above 0, one for each exit, but is "
            f"{','.join(f'{one:g}' for one in cost)}"
        )
    return cost


def _latency(
    asked: TabulationRequest, model: MultiExitModel | UncutNetwork, input_shape: tuple[int, ...]
) -> dict[str, list[float]]:
    if not asked.has_latency:
        return {}
    if not isinstance(model, MultiExitModel):
        raise ConfigError(f"--latency needs stages to time, but {asked.place} cannot be cut into any; leave it out")
    return {LATENCY_KEY: exit_latencies_ms(model, input_shape).tolist()}


def _doubt(place: str, search: ExitTable) -> None:
    """Wrong weights, classes in another order and inputs of another scale show in answers that tell nothing."""
    if isinstance(search, ClassificationTable):
        largest = float(np.bincount(search.labels).max() / search.n_samples)
        says_nothing = exit_accuracies(search).max() <= largest
        what = f"no exit of {place} is right more often than always naming the largest class of search, {largest:.4f}"
        doubts = [what] if says_nothing else []
    else:
        found = get_training_task(search.task).doubts_after(search)
        doubts = [f"the last exit of {place} tells too little: {one.reason}" for one in found]
    if doubts:
        warnings.warn(
            f"{doubts[0]}: are the weights, the order of the classes, mean and std those of its training?",
            ImportedNetworkWarning,
            stacklevel=3,
        )
