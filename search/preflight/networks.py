"""Trying the networks that a sweep would train, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any
import warnings

from policies.errors import ExitSearchError
from policies.rules import get_rule
from policies.tables.base import ExitTable
from search.config.sweep import SweepConfig
from search.errors import ConfigError, GivenWeightsWarning, UntrainedWarning
from search.inputs import SweepInputs
from search.preflight.space import draws
from spaces import Choice, Dimension, Number
from trainables.models import is_of_network
from trainables.models.exits.tracing import first_line
from trainables.trials.batch_check import check_batch
from trainables.trials.spec import GivenWeights


# Each takes seconds where networks are large.
_MOST_COMBINATIONS = 8


def require_networks(inputs: SweepInputs) -> None:
    """Refuse a network that cannot be built and trained on the data, with any width, head or option that is searched.

    Of each, a real batch goes forward and backward and becomes an exit table, which the rules must fit; and what the
    space draws must be what a trial can be trained with. Where these are more than eight networks, each value is tried
    in one of them at least.

    Raises:
        ConfigError: With the first one that cannot.

    Warns:
        GivenWeightsWarning: If networks start from a file, since only the user can know what its weights have seen.
        UntrainedWarning: If nothing is trained and trials are all the same, or exits may have no weights.
    """
    config, spec = inputs.config, inputs.spec
    if spec.weights is not None:
        _warn_of_given_weights(config, spec.weights)
    # Weights of elsewhere are not fetched for this.
    spec = replace(spec, network=replace(spec.network, pretrained=False))
    space = config.build_space()
    searched = {name: _values(one) for name, one in space.dimensions.items() if is_of_network(name)}
    for params in _combinations(searched):
        try:
            table = check_batch(spec, params, inputs.splits.train)
        except (ExitSearchError, ValueError, RuntimeError) as error:
            of = f" with {', '.join(f'{name} {value}' for name, value in params.items())}" if params else ""
            raise ConfigError(f"training: the network cannot be trained{of}: {first_line(error)}") from None
        _require_fitting_rules(spec.rules, table)
    if not config.training.epochs:
        _warn_of_no_training(config, list(searched))
    for params in draws(space, config.seed):
        try:
            spec.settings(params)
        except ExitSearchError as error:
            raise ConfigError(f"space {space.name!r} draws what no trial can be trained with: {error}") from None


def _require_fitting_rules(rules: Sequence[str], table: ExitTable) -> None:
    """Refuse rules that would make every trial fail after its first epoch."""
    for name in rules:
        reason = get_rule(name).why_not(table)
        if reason:
            raise ConfigError(f"policy.rules: {name!r} cannot be used on this network's tables: {reason}; leave it out")


def _warn_of_given_weights(config: SweepConfig, weights: GivenWeights) -> None:
    wrapping = weights.description and f" ({weights.description})"
    warnings.warn(
        f"{config.training.weights}: networks start from these weights{wrapping}; a "
        f"certificate holds only if they were not trained on samples of certify, nor chosen by them",
        GivenWeightsWarning,
        stacklevel=2,
    )


def _warn_of_no_training(config: SweepConfig, searched: Sequence[str]) -> None:
    if config.search.trials > 1 and not searched:
        warnings.warn(
            f"training.epochs is 0, so that all {config.search.trials} trials are the same network; set search.trials "
            f"to 1",
            UntrainedWarning,
            stacklevel=2,
        )
    if config.training.pretrained:
        warnings.warn(
            "training.epochs is 0, so that exits which pretrained weights lack answer at random; name weights of the "
            "whole network in training.weights, or train",
            UntrainedWarning,
            stacklevel=2,
        )


def _combinations(values: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """One value of each: all that can be put together where they are few, else so that each occurs."""
    if prod(map(len, values.values())) <= _MOST_COMBINATIONS:
        yield from (dict(zip(values, one, strict=True)) for one in product(*values.values()))
        return
    for number in range(max(map(len, values.values()))):
        yield {name: options[number % len(options)] for name, options in values.items()}


def _values(dimension: Dimension) -> tuple[Any, ...]:
    if isinstance(dimension, Choice):
        return dimension.options
    return (dimension.low, dimension.high) if isinstance(dimension, Number) else (dimension.value,)
