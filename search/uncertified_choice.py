"""Choosing where nothing is certified: a policy with a margin on ``search``, which ``certify`` does not contradict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.claim_parts import measure
from policies.claims import Claim
from policies.crossfit import ChosenViews
from policies.estimate import Estimate, estimate_policy
from policies.exit_table import ExitTable
from policies.margin import SearchTarget
from policies.optimism import choice_optimism
from policies.policy import Policy
from search.network_search import NetworkPolicies


class SecondLook(StrEnum):
    """What ``certify`` says of policies that have a margin on ``search``."""

    NONE = "none"
    """Nothing was asked that it could tell, or there was no such policy to look at."""
    AGREES = "agrees"
    """It does not contradict the chosen one."""
    CONTRADICTS = "contradicts"
    """It contradicts every one of them."""


@dataclass(frozen=True)
class UncertifiedChoice:
    """What was chosen, and why it may be trusted.

    Attributes:
        place: Row of the front.
        estimate: Bound of what was asked for; None where no quality was asked for.
        second_look: What ``certify`` says.
        n_vetoed: Policies with a margin that it contradicted.
    """

    place: int
    estimate: Estimate | None
    second_look: SecondLook = SecondLook.NONE
    n_vetoed: int = 0

    @property
    def is_reliable(self) -> bool:
        """Whether the policy has its margin, and ``certify`` does not contradict it."""
        return self.second_look is not SecondLook.CONTRADICTS and (self.estimate is None or self.estimate.is_met)

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
            f"{bound} {found.bound:.4f} on new data ({1 - found.delta:.0%} bound on {units}, corrected for the choice, "
            f"not a certificate)"
        )
        if self.second_look is SecondLook.CONTRADICTS:
            return (
                f"certify contradicts all {self.n_vetoed} policies that have a margin; of the most reliable one {text}"
            )
        if not found.is_met:
            return f"no policy has a margin; this is the most reliable one: {text}, short of what was asked for"
        if self.second_look is SecondLook.AGREES:
            others = f", as it did {self.n_vetoed} shallower ones" if self.n_vetoed else ""
            return f"{text}; certify does not contradict it{others}"
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
        claim, certify = target.asked.claim, network.certify
        if claim is None or certify is None:
            return UncertifiedChoice(place, estimate)
        if not _is_contradicted(policy, certify, claim):
            return UncertifiedChoice(place, estimate, SecondLook.AGREES, n_vetoed)
        n_vetoed += 1
    surest = max(estimates, key=lambda place: -np.inf if (one := estimates[place]) is None else one.slack)
    return UncertifiedChoice(
        surest, estimates[surest], SecondLook.CONTRADICTS if n_vetoed else SecondLook.NONE, n_vetoed
    )


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


def _is_contradicted(policy: Policy, certify: ExitTable, claim: Claim) -> bool:
    parts = measure(claim, certify, policy.decide(certify))
    return any(part.n > 0 and part.losses.mean() > part.limit for part in parts)
