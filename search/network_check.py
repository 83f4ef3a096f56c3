"""Building the networks that a sweep would train, before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

from search.config import SweepConfig
from search.errors import ConfigError
from search.tuner import build_task
from spaces import Choice, Dimension, Number
from trainables.data import Splits
from trainables.errors import TrainingError
from trainables.models import SEARCHABLE


def require_networks(config: SweepConfig, splits: Splits) -> None:
    """Refuse a network that cannot be built for the data, in any width and with any head that is searched.

    Raises:
        ConfigError: With the first one that cannot.
    """
    task = build_task(config, splits)
    # Weights of elsewhere are not fetched for this.
    task = replace(task, network=replace(task.network, pretrained=False))
    dimensions = config.build_space().dimensions
    searched = {name: _values(dimensions[name]) for name in SEARCHABLE if name in dimensions}
    for values in product(*searched.values()):
        params = dict(zip(searched, values, strict=True))
        try:
            if not params.get("width", 1) > 0:
                raise TrainingError(f"width must be positive but is {params['width']}")
            task.with_params(params).build_model(splits.train)
        except (TrainingError, ValueError, RuntimeError) as error:
            of = f" with {', '.join(f'{name} {value}' for name, value in params.items())}" if params else ""
            raise ConfigError(f"training: the network cannot be built{of}: {str(error).splitlines()[0]}") from None


def _values(dimension: Dimension) -> tuple[Any, ...]:
    if isinstance(dimension, Choice):
        return dimension.options
    return (dimension.low, dimension.high) if isinstance(dimension, Number) else (dimension.value,)
