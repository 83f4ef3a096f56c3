"""Which plain networks are trained: for each exit the widest one that costs no more than the selected policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch

from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.selection.select import Selection
from search.control.widths import widest
from trainables.errors import TrainingError
from trainables.models import MultiExitModel, NetworkSpec, cumulative_macs
from trainables.models.plain import plain_macs
from trainables.trials.spec import TrialSpec
from trainables.workloads import get_workload


# Of products of floating-point numbers: a policy that always takes one exit costs just what that exit does.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class PlainCandidate:
    """A plain network that is to be trained.

    Attributes:
        network: Which network; its ``only_exit`` says where it ends.
        macs: Multiply-accumulates for one sample.
    """

    network: NetworkSpec
    macs: int

    @property
    def depth(self) -> int:
        """Depth of its exit in the network that it is cut from, counted from 1."""
        return self.network.only_exit or self.network.n_exits


@dataclass(frozen=True)
class PlainCandidates:
    """Plain networks within a budget.

    Attributes:
        found: One for each exit that allows one, the first exit first.
        notes: Why others are left out, one line each.
    """

    found: list[PlainCandidate]
    notes: list[str]


def policy_macs(selection: Selection, model: MultiExitModel, input_shape: tuple[int, ...], *, seed: int) -> int:
    """What the selected policy takes of its network on ``search``, in multiply-accumulates a sample on average.

    Args:
        selection: What was chosen.
        model: Network of the selected policy.
        input_shape: (channels, height, width) of one sample.
        seed: Seed of the search.
    """
    table = selection.network.search
    decision = cross_fitted_decision(selection.policy, table, seed=seed)
    macs = cumulative_macs(model, input_shape)
    return int(float(macs[decision.exits].mean()) * (1 + _ROUNDING))


def plain_candidates(
    spec: TrialSpec, params: Mapping[str, Any], input_shape: tuple[int, ...], *, budget_macs: int
) -> PlainCandidates:
    """The widest plain network of each exit within a budget.

    Networks that start from given or pretrained weights have these in one width, so they are cut in that one alone.

    Args:
        spec: What all trials have in common.
        params: Parameters of the trial whose network the policy is for; of them only those of the network count.
        input_shape: (channels, height, width) of one sample.
        budget_macs: The most multiply-accumulates of one sample.
    """
    network = spec.network.with_params(params)
    is_given = spec.weights is not None or network.pretrained

    @cache
    def macs(width: int) -> NDArray[np.int64] | None:
        if is_given and width != network.width:
            return None
        return _plain_macs(spec, replace(network, width=width, pretrained=False), input_shape)

    found, too_dear = [], []
    for k in range(network.n_exits):

        def cost(width: int, k: int = k) -> float | None:
            of_exits = macs(width)
            return None if of_exits is None else float(of_exits[k])

        width = widest(cost, network.width, budget_macs)
        of_exits = None if width is None else macs(width)
        if width is None or of_exits is None:
            too_dear.append(str(k + 1))
        else:
            found.append(PlainCandidate(replace(network, width=width, only_exit=k + 1), int(of_exits[k])))
    notes = [_too_dear(too_dear, budget_macs)] if too_dear else []
    return PlainCandidates(found, notes)


def _plain_macs(spec: TrialSpec, network: NetworkSpec, input_shape: tuple[int, ...]) -> NDArray[np.int64] | None:
    """Of the plain network of each exit, shape (E,); None where there is no such network."""
    channels = input_shape[0]
    scale = {"mean": [0.0] * channels, "std": [1.0] * channels}
    try:
        with torch.random.fork_rng(devices=[]):
            model = get_workload(spec.workload).build_network(input_shape, len(spec.class_names), network, **scale)
        return plain_macs(model, input_shape)
    # A network of a user's own may raise anything in a width that it was not made for.
    except (TrainingError, RuntimeError, ValueError):
        return None


def _too_dear(depths: list[str], budget_macs: int) -> str:
    where = f"depth{'s' * (len(depths) > 1)} {', '.join(depths)}"
    return f"no plain network that ends at {where} costs at most {budget_macs:,} multiply-accumulates, in any width"
