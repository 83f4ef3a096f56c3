"""Choosing where nothing is certified: a policy with a margin on ``search``, which ``certify`` does not contradict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.claim_parts import measure
from policies.claims import Claim
from policies.crossfit import ChosenViews
from policies.estimate import Estimate, estimate_policy
from policies.margin import SearchTarget
from policies.optimism import choice_optimism
from policies.policy import Policy
from search.network_search import NetworkPolicies


@dataclass(frozen=True)
class UncertifiedChoice:
    """What was chosen, and why it may be trusted.

    Attributes:
        place: Row of the front.
        estimate: Bound of what was asked for; None where no quality was asked for.
        n_vetoed: Policies with a margin that ``certify`` contradicted.
        has_second_look: Whether ``certify`` was looked at.
    """

    place: int
    estimate: Estimate | None
    n_vetoed: int
    has_second_look: bool

    @property
    def is_reliable(self) -> bool:
        """Whether the policy has its margin."""
        return self.estimate is None or self.estimate.is_met

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the sentence for a person as ``text``."""
        return {
            "text": str(self),
            "is_reliable": self.is_reliable,
            "n_vetoed": self.n_vetoed,
            "estimate": None if self.estimate is None else asdict(self.estimate),
        }

    def __str__(self) -> str:
        """One sentence for a person."""
        found = self.estimate
        if found is None:
            return "no quality was asked for, so that none is estimated"
        units = f"{found.n} {found.unit}s of search" if found.n != 1 else f"1 {found.unit} of search"
        bound = f"its {found.figure} is estimated to be {'at most' if found.figure == 'drop' else 'at least'}"
        text = (
            f"{bound} {found.bound:.4f} on new data ({1 - found.delta:.0%} bound on {units}, corrected for the choice"
        )
        text += ", not a certificate)"
        if not found.is_met:
            return f"no policy has a margin; this is the most reliable one: {text}, short of what was asked for"
        if self.has_second_look:
            return f"{text}; certify does not contradict it" + (
                f", as it did {self.n_vetoed} shallower ones" if self.n_vetoed else ""
            )
        return text


def choose_uncertified(
    front: pd.DataFrame,
    networks: Mapping[str, NetworkPolicies],
    target: SearchTarget,
    *,
    preference: NDArray[np.int64],
    seed: int,
) -> UncertifiedChoice:
    """The most wanted policy of which everything that was asked for has its margin on ``search``.

    The margin is a one-sided bound over units, corrected for having chosen (:mod:`policies.optimism`). Where there is a
    ``certify`` table, a policy whose figures there miss what was claimed is passed over. Where no policy is left, the
    one with the largest margin is chosen, or the one that lacks least.

    Args:
        front: The merged front, with ``network`` and ``policy``.
        networks: By name.
        target: What was asked for.
        preference: Rows of the front, the most wanted first.
        seed: Of the search.
    """
    views = {name: ChosenViews(network.search, seed=seed) for name, network in networks.items()}
    optimism = _optimism(front, networks, views, seed)
    estimates: dict[int, Estimate | None] = {}
    n_vetoed = 0
    for place in preference.tolist():
        row = front.iloc[place]
        network, policy = networks[row["network"]], row["policy"]
        estimates[place] = estimate = estimate_policy(
            policy,
            views[row["network"]](policy),
            network.search,
            target.asked,
            optimism=float(optimism[place]),
            seed=seed,
        )
        if estimate is not None and not estimate.is_met:
            continue
        looks = target.asked.claim is not None and network.certify is not None
        if looks and _is_contradicted(policy, network, target.asked.claim):
            n_vetoed += 1
            continue
        return UncertifiedChoice(place, estimate, n_vetoed, looks)
    surest = max(estimates, key=lambda place: -np.inf if (one := estimates[place]) is None else one.slack)
    return UncertifiedChoice(surest, estimates[surest], n_vetoed, n_vetoed > 0)


def _optimism(
    front: pd.DataFrame, networks: Mapping[str, NetworkPolicies], views: Mapping[str, ChosenViews], seed: int
) -> NDArray[np.float64]:
    """Of the choice of each policy, shape (P,), among those of its own network."""
    found = np.zeros(len(front))
    for name, rows in front.groupby("network", sort=False):
        policies = rows["policy"].tolist()
        found[rows.index.to_numpy()] = choice_optimism(
            policies,
            [views[name](policy) for policy in policies],
            networks[name].search,
            rows["accuracy"].to_numpy(dtype=float),
            seed=seed,
        )
    return found


def _is_contradicted(policy: Policy, network: NetworkPolicies, claim: Claim | None) -> bool:
    if claim is None or network.certify is None:
        return False
    parts = measure(claim, network.certify, policy.decide(network.certify))
    return any(part.n > 0 and part.losses.mean() > part.limit for part in parts)
