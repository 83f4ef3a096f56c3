"""Trying the network without early exits that a sweep would train first, before anything is trained."""

from __future__ import annotations

from dataclasses import replace

from policies.errors import ExitSearchError
from search.errors import ConfigError
from search.inputs import SweepInputs
from search.validity.plan import FullNetworkPlan
from trainables.models.exits.tracing import first_line
from trainables.trials.batch_check import check_batch


def require_full_network(inputs: SweepInputs) -> None:
    """Refuse a network without early exits that cannot be built, or cannot be trained with the parameters given for it.

    Raises:
        ConfigError: If it cannot.
    """
    plan = FullNetworkPlan.of(inputs)
    if plan is None:
        return
    # Weights of elsewhere are not fetched for this.
    spec = replace(plan.spec, network=replace(plan.spec.network, pretrained=False))
    try:
        check_batch(spec, plan.params, inputs.splits.train)
    except (ExitSearchError, ValueError, RuntimeError) as error:
        raise ConfigError(f"full_network: it cannot be trained: {first_line(error)}") from None
