"""From a trained mixture of operations to a network of the largest ones, which begins with its weights."""

from __future__ import annotations

from difflib import get_close_matches
import re
from typing import Any, cast
import warnings

from numpy.typing import NDArray
import torch
from torch import Tensor

from policies.names import list_some
from trainables.errors import DerivedWarning, TrainingError
from trainables.models.base import MultiExitModel
from trainables.models.families.darts.choices import PER_INPUT, largest_operations
from trainables.models.families.darts.fixed import FixedNetwork
from trainables.models.families.darts.network import DartsNetwork
from trainables.models.families.darts.operations import OPERATIONS
from trainables.models.families.darts.per_input import PerInputNetwork
from trainables.models.families.darts.plan import Plan
from trainables.models.inference import batches_on, device_of, unit_scale
from trainables.models.loading import load_weights


DerivedNetwork = FixedNetwork | PerInputNetwork
"""What is derived from a mixture."""
FIXED = "fixed"
KINDS = (FIXED, PER_INPUT)
"""What an architecture is derived for: all inputs alike, or each input."""

_BATCH_SIZE = 128
_SETTLING_BATCHES = 50
_POOL = re.compile(
    r"stages\.(?P<stage>\d+)\.(?:nodes\.)?(?:(?P<reduction>reduction)\.node|nodes\.\d+)"
    r"\.edges\.(?P<source>\d+)\.(?P<pool>average|max)_pool\.norm\.(?P<tensor>\w+)"
)


def soft_network(model: MultiExitModel) -> DartsNetwork:
    """The same network, if an architecture can be derived from it.

    Raises:
        TrainingError: If it is none that mixes operations.
    """
    if not isinstance(model, DartsNetwork):
        raise TrainingError(
            f"an architecture is derived from a network that mixes operations, of the family darts without "
            f"operations, but this is a {type(model).__name__}; take another sweep"
        )
    return model


def require_derivable(model: MultiExitModel, kind: str) -> None:
    """Refuse what cannot be derived from a network.

    Args:
        model: The network.
        kind: What is to be derived.

    Raises:
        TrainingError: If it is none of :data:`KINDS`, or the network mixes no operations, or the same for all inputs
            where each is to choose.
    """
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise TrainingError(f"what is derived must be {' or '.join(map(repr, KINDS))} but is {kind!r:.60}{hint}")
    if soft_network(model).architecture.controller is None and kind == PER_INPUT:
        raise TrainingError(
            f"operations can only be chosen {kind} in an adaptive network but this one has the same for all inputs; "
            f"derive it {FIXED!r}"
        )


def derived_options(model: DartsNetwork, kind: str, inputs: NDArray[Any]) -> dict[str, Any]:
    """What :func:`~trainables.models.families.darts.network.darts` is told to build what is derived.

    Fixed for all inputs is the operation with the largest mean share on each edge, which without a controller is that
    with the largest alpha (DARTS, Liu, Simonyan and Yang, ICLR 2019). Where ``zero`` is it on all edges into a node,
    the largest other operation on these edges is kept, with a warning.

    Args:
        model: The trained mixture.
        kind: One of :data:`KINDS`.
        inputs: Of the training split, over which shares are averaged, shape (N, channels, height, width).

    Raises:
        TrainingError: As of :func:`require_derivable`.
    """
    require_derivable(model, kind)
    if kind == PER_INPUT:
        return {"operations": PER_INPUT}
    shares = _mean_weights(model, inputs)
    kept = largest_operations(shares[None], model.plan)[0]
    _tell_kept(model.plan, shares.argmax(dim=-1), kept)
    return {"operations": [OPERATIONS[place] for place in kept.tolist()]}


def _tell_kept(plan: Plan, largest: Tensor, kept: Tensor) -> None:
    edges = (largest != kept).nonzero()[:, 0].tolist()
    if edges:
        told = [f"{plan.edge_names[edge]} {OPERATIONS[int(kept[edge])]}" for edge in edges]
        warnings.warn(
            f"into {len(edges)} of {len(plan.edges_into_nodes)} nodes zero is the largest operation on all edges; the "
            f"largest other one is kept ({list_some(told)})",
            DerivedWarning,
            stacklevel=3,
        )


def begin_derived(
    derived: DerivedNetwork, model: DartsNetwork, inputs: NDArray[Any], *, is_settled: bool = True
) -> None:
    """Give a derived network the weights of the mixture, and have it measure what it needs to know of samples.

    Running statistics of its norms are made anew, since sums of other operations lie elsewhere. Of a network that
    chooses per input the shares of operations are measured, which its costs are means over; they stay what they are,
    since nothing that they depend on is trained any more.

    Args:
        derived: Built with :func:`derived_options`; it is changed, and left in evaluation mode.
        model: The trained mixture; it is not changed.
        inputs: Of the training split, shape (N, channels, height, width), uint8 in 0..255 or float32 in 0..1.
        is_settled: Whether running statistics are made anew; else they are those of the mixture.

    Raises:
        TrainingError: If the networks do not fit together.
    """
    if derived.plan != model.plan:
        raise TrainingError(
            f"a derived network must have the nodes of its mixture, {len(model.plan.edges_into_nodes)}, but has "
            f"{len(derived.plan.edges_into_nodes)}, or others; build it with the same options"
        )
    given = {"shares": derived.shares} if isinstance(derived, PerInputNetwork) else {}
    own, soft = derived.state_dict(), model.state_dict()
    names = {name: _soft_name(name, model.plan) for name in own}
    given |= {name: soft[other] for name, other in names.items() if other in soft}
    try:
        load_weights(derived, given)
    except ValueError as error:
        raise TrainingError(f"a derived network must be built as its mixture is but is not ({error})") from None
    if isinstance(derived, PerInputNetwork):
        derived.shares.copy_(_mean_weights(derived, inputs))
    if is_settled:
        _settle(derived, inputs)
    derived.eval()


def _soft_name(name: str, plan: Plan) -> str:
    """What a mixture calls a tensor of a derived network: pools' norms are of their source there, not of an edge."""
    found = _POOL.fullmatch(name)
    if found is None:
        return name
    end = f"{found['pool']}_norm.{found['tensor']}"
    stage = int(found["stage"])
    if found["reduction"]:
        return f"stages.{stage}.reduction.source.{end}"
    # The state's own stage is the one before whose nodes it was the newest.
    source = int(found["source"])
    while plan.stages[stage].n_before - 1 > source:
        stage -= 1
    place = source - (plan.stages[stage].n_before - 1)
    return f"stages.{stage}.{'nodes.' if stage == 0 else ''}sources.{place}.{end}"


@torch.no_grad()
def _mean_weights(model: DartsNetwork | PerInputNetwork, inputs: NDArray[Any]) -> Tensor:
    """Mean over samples of the weight of each operation on each edge, shape (edges, K), float64."""
    model.eval()
    found = (model.mixing_weights(batch).double().expand(len(batch), -1, -1) for batch in batches_on(model, inputs))
    return cast(Tensor, sum(weights.sum(dim=0) for weights in found)) / len(inputs)


@torch.no_grad()
def _settle(model: MultiExitModel, inputs: NDArray[Any]) -> None:
    """Move running statistics to what norms are given now; weights stay as they are."""
    model.train()
    # Each batch is spread over all samples, which may lie in an order.
    n_batches = -(-len(inputs) // _BATCH_SIZE)
    for step in range(_SETTLING_BATCHES):
        rows = inputs[step % n_batches :: n_batches]
        model(unit_scale(torch.as_tensor(rows).to(device_of(model))))
