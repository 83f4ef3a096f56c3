"""What is trained before the first trial, and what it must reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from search.config.sections.full_network import fixed_of_network
from search.inputs import SweepInputs
from trainables.trials.imported_weights import with_given_weights
from trainables.trials.spec import TrialSpec


@dataclass(frozen=True)
class FullNetworkPlan:
    """The training of the full network without early exits.

    Attributes:
        spec: That of the trials, but for its only exit, its epochs and its patience, and without teachers.
        params: Training parameters by name; what is left out is neutral.
        quality: Name of what it is judged by on ``search``.
        least: The least value of that.
    """

    spec: TrialSpec
    params: Mapping[str, Any]
    quality: str
    least: float

    @classmethod
    def of(cls, inputs: SweepInputs) -> FullNetworkPlan | None:
        """What a sweep asks for; None where it has no such stage."""
        section = inputs.config.full_network
        if not section.is_asked:
            return None
        whole = _with_fixed_network(inputs)
        spec = replace(
            whole,
            network=replace(whole.network, only_exit=whole.network.n_exits),
            recipe=replace(whole.recipe, epochs=section.epochs, patience=section.patience, frozen="nothing"),
            teachers=(),
        )
        return cls(spec, section.params, str(section.quality), section.least)


def starting_from(inputs: SweepInputs, model_file: Path) -> SweepInputs:
    """The same sweep with all trials starting from the full network that was trained.

    Args:
        inputs: The sweep on its data.
        model_file: The network without early exits.

    Raises:
        TrainingError: If the file is missing or damaged, or does not fit.
    """
    whole = _with_fixed_network(inputs)
    untrained = replace(whole, network=replace(whole.network, pretrained=False), weights=None)
    return replace(inputs, spec=with_given_weights(untrained, model_file, inputs.splits.train))


def _with_fixed_network(inputs: SweepInputs) -> TrialSpec:
    """What all trials have in common, with what the space says of their network."""
    return inputs.spec.with_params(fixed_of_network(inputs.config.build_space().dimensions))
