"""Which is better at no more cost, the selected policy or a plain network, in words that say no more than is known."""

from __future__ import annotations

from dataclasses import dataclass

from policies.metrics.paired import PairedComparison
from policies.qualities import get_quality
from policies.registry import title_of


LEVEL = 0.05
"""A difference that chance alone would show as often as this, or more often, is called none."""
UNTUNED = "the plain network was not tuned by itself: it has the hyperparameters of the policy's"


@dataclass(frozen=True)
class Spent:
    """What a network takes for a sample on average.

    Attributes:
        cost: Multiply-accumulates over those of the selected policy's full network.
        latency_ms: Measured milliseconds, or None where they were not measured.
        certified: Whether the claim holds of it, with confidence; None where nothing was claimed of it.
        reaches: Whether it reaches what was asked for on the split; None where that is no quality of its own.
    """

    cost: float
    latency_ms: float | None = None
    certified: bool | None = None
    reaches: bool | None = None


def better_of(compared: PairedComparison) -> str:
    """``policy``, ``control`` or ``neither``; the policy is the first of the comparison."""
    if compared.p_value >= LEVEL:
        return "neither"
    gained = get_quality(compared.quality).sign * (compared.first - compared.second)
    return "policy" if gained > 0 else "control"


def verdict(compared: PairedComparison, policy: Spent, control: Spent, *, split: str) -> str:
    """Which is better on a split, and what both cost, in one sentence for a person.

    Args:
        compared: Selected policy and plain network on the split, in that order.
        policy: What the policy takes there.
        control: What the plain network takes.
        split: Name of the split.
    """
    name, p_value = title_of(compared.quality), _p_value(compared.p_value)
    policys, plains = f"{compared.first:.4f}", f"{compared.second:.4f}"
    if (better := better_of(compared)) == "control":
        found = f"the plain network is better: {name} {plains} against {policys} of the policy on {split} ({p_value})"
        costs = _costs(control, policy)
    elif better == "policy":
        found = f"the policy is better: {name} {policys} against {plains} of the plain network on {split} ({p_value})"
        costs = _costs(policy, control)
    else:
        units = f"{compared.n_units} {compared.unit}{'s' * (compared.n_units != 1)}"
        found = (
            f"no difference that {units} of {split} can show: {name} {policys} of the policy, {plains} of the plain "
            f"network ({p_value})"
        )
        costs = _costs(policy, control)
    told = _told_of_both(policy.reaches, control.reaches, "{} what was asked for", ("reach", "reaches"))
    told += _told_of_both(policy.certified, control.certified, "{} certified", ("are", "is"))
    return f"{found}, {costs}{told}; {UNTUNED}"


def times(policy: Spent, control: Spent) -> str:
    """What both were measured to take, in one sentence; empty where that is not known of both.

    Apart from the verdict, since it is another one each time that it is measured.
    """
    if policy.latency_ms is None or control.latency_ms is None:
        return ""
    return (
        f"one sample takes the policy {policy.latency_ms:.3g} ms on average, and the plain network "
        f"{control.latency_ms:.3g} ms"
    )


def _p_value(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def _costs(one: Spent, other: Spent) -> str:
    return f"at cost {one.cost:.4f} against {other.cost:.4f}"


def _told_of_both(policy: bool | None, control: bool | None, text: str, verbs: tuple[str, str]) -> str:
    """Of which of both something holds, as a clause; empty where that is not known of both."""
    if policy is None or control is None:
        return ""
    many, one = (text.format(verb) for verb in verbs)
    if policy == control:
        return f"; both {many}" if policy else f"; neither {one}"
    return f"; only the {'policy' if policy else 'plain network'} {one}"
