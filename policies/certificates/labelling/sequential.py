"""Certificates of what is lost, proved as labels come: one stops as soon as the claim is proved, or cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import math

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.betting import BETTING_SEED, capital_path, most_growth, path_upper_bound
from policies.certificates.certificate import Certificate, PartResult
from policies.certificates.claim_parts import measure
from policies.certificates.claims import Claim
from policies.certificates.fixed_sequence import SequenceStep
from policies.certificates.labelling.order import LabellingOrder, few_label_statements, labelling_order
from policies.certificates.unseen import doubts_about_samples
from policies.errors import ClaimError
from policies.names import list_some
from policies.policy import Policy
from policies.tables.base import ExitTable
from policies.tables.units import Units


METHOD = "betting in a fixed order, valid whenever one stops (Waudby-Smith and Ramdas, 2024; Ville, 1939)"
_MOST_DRAWS, _MOST_NUMBERS = 200, 5_000_000


class Standing(StrEnum):
    """What the labels so far say of a claim."""

    PROVED = "proved"
    """The claim is certified, and no further label is needed."""
    OUT_OF_REACH = "out of reach"
    """No labels that are left can prove it, whatever they are."""
    GO_ON = "go on"
    """It is not proved yet, and may be."""


@dataclass(frozen=True)
class LabellingProgress:
    """What is proved with the labels so far.

    Attributes:
        standing: Whether the claim is proved, out of reach, or may yet be proved.
        certificate: The certificate on the samples in the order up to the first that is not labelled.
        n_labels: Number of labels so far.
        n_left: Number of labels that may still be given: of all that are asked for, or of the budget.
        proved_after: Number of labels after which it was proved; None where it is not.
        more_expected: About how many more labels prove it if the rest is like what was seen; None where all that are
            left would prove it in less than half of cases, or nothing was seen.
        chance: Share of draws, each of the rest from what was seen, in which the labels that are left prove it; None
            where nothing was seen.
    """

    standing: Standing
    certificate: Certificate
    n_labels: int
    n_left: int
    proved_after: int | None = None
    more_expected: int | None = None
    chance: float | None = None


def certify_as_labelled(
    policy: Policy,
    table: ExitTable,
    claim: Claim,
    labels: Mapping[str, int],
    *,
    delta: float = 0.05,
    budget: int | None = None,
) -> LabellingProgress:
    """What the labels so far prove of a largest drop or degradation, however often one asks.

    Samples are gone through in the order that is fixed. Where policy and full network answer alike nothing is lost and
    no label needed; the first that differ and has no label is where it ends. The capital of bets that the mean loss is
    below its limit reaches 1 / delta at any time with probability at most ``delta`` where it is not (Ville, 1939), so
    that one may look after every label, stop at any time and go on later.

    Args:
        policy: Policy to certify, chosen on other samples.
        table: The ``certify`` table without labels, as ``load_table(path, unlabelled=True)`` reads it.
        claim: A largest drop, or a largest degradation, of the accuracy of classes, and nothing else.
        labels: Class of the first of those that :func:`~policies.certificates.labelling.order.labelling_order` asks for
            where it is told ``sequential``, by name.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        budget: Most labels that will be given, at least 1; None for all. It may be raised later.

    Raises:
        ExitSearchError: If labels are not of the first in the order, the claim has several parts, or samples are not
            judged one by one; also as for the order.
    """
    require_one_loss(claim)
    if budget is not None and budget < 1:
        raise ClaimError(f"a budget must be at least 1 label but is {budget}")
    order = labelling_order(policy, table, claim, delta=delta, sequential=True)
    require_single_samples(order)
    _require_first(order, labels)
    game = _Game.of(policy, order, claim, labels, delta=delta, budget=budget)
    standing, expected, chance = game.standing, None, None
    if standing is Standing.GO_ON:
        expected, chance = game.forecast()
    certificate = _certificate(policy, order, claim, game, standing, expected)
    return LabellingProgress(standing, certificate, game.n_labels, game.n_left, game.proved_after, expected, chance)


def require_one_loss(claim: Claim) -> None:
    """Refuse a claim of several parts: bets are placed on one.

    Raises:
        ClaimError: If it has several.
    """
    if len(claim.statements) > 1 and few_label_statements(claim):
        raise ClaimError(
            f"labels that are looked at as they come prove one drop or degradation but the claim is that {claim}; "
            f"claim one of them"
        )


def require_single_samples(order: LabellingOrder) -> None:
    """Refuse samples that share an origin: a group has its loss when all of it is labelled.

    Raises:
        ClaimError: If the table has groups or parents.
    """
    kind = "parent" if order.unit == "parent" else Units.of(order.table).kind
    if kind != "sample":
        raise ClaimError(
            f"labels that are looked at as they come must be of single samples but the table has {kind}s; label all "
            f"that differ at once, without --sequential"
        )


def _require_first(order: LabellingOrder, labels: Mapping[str, int]) -> None:
    """Refuse labels that leave out one before them in the order."""
    is_given = [name in labels for name in order.asked]
    n_first = is_given.index(False) if False in is_given else len(is_given)
    later = [name for name, given in zip(order.asked[n_first:], is_given[n_first:], strict=True) if given]
    if later:
        raise ClaimError(
            f"labels must be given in the order that was fixed but {order.asked[n_first]!r}, at place {n_first + 1}, "
            f"has none and {list_some(later[:3])} after it {'has' if len(later) == 1 else 'have'}; label that first"
        )


@dataclass(frozen=True)
class _Game:
    """The bets on the samples in the order.

    Attributes:
        losses: Losses of all J samples in the order, shape (J,): 0 where answers are alike, and where nobody knows.
        places: Places of those that differ, in the order, shape (M,).
        n_labels: Number of those that are labelled, the first ones.
        n_most: Number of labels that there will be at most.
        limit: Largest mean loss.
        least: Smallest possible loss.
        delta: Largest probability of proving what does not hold.
        name: Name of the loss.
    """

    losses: NDArray[np.float64]
    places: NDArray[np.int64]
    n_labels: int
    n_most: int
    limit: float
    least: float
    delta: float
    name: str

    @classmethod
    def of(
        cls,
        policy: Policy,
        order: LabellingOrder,
        claim: Claim,
        labels: Mapping[str, int],
        *,
        delta: float,
        budget: int | None,
    ) -> _Game:
        table = order.labelled(labels)
        # By the names of samples, as parts have their losses.
        parts = measure(claim, table, policy.decide(table))
        if len(parts) != 1:
            raise ClaimError(
                f"labels that are looked at as they come prove one statement but {len(parts)} are claimed; claim one"
            )
        (part,) = parts
        by_name = dict(zip(np.unique(table.ids).tolist(), part.losses.tolist(), strict=True))
        places = np.flatnonzero(order.differs)
        n_most = len(places) if budget is None else min(budget, len(places))
        return cls(
            losses=np.array([by_name[name] for name in order.names.tolist()]),
            places=places,
            n_labels=len(labels),
            n_most=max(n_most, len(labels)),
            limit=part.limit,
            least=part.loss.least,
            delta=delta,
            name=part.name,
        )

    def known_with(self, n_labels: int) -> int:
        """How many of the first samples in the order have a loss, once so many are labelled."""
        return int(self.places[n_labels]) if n_labels < len(self.places) else len(self.losses)

    @property
    def n_known(self) -> int:
        return self.known_with(self.n_labels)

    @property
    def n_left(self) -> int:
        return self.n_most - self.n_labels

    @property
    def seen(self) -> NDArray[np.float64]:
        return self.losses[: self.n_known]

    @property
    def needed(self) -> float:
        """Logarithm of the capital that proves the claim."""
        return math.log(1 / self.delta)

    @property
    def path(self) -> NDArray[np.float64]:
        return self.path_of(self.seen)

    def path_of(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        horizon = len(self.losses)
        return capital_path(losses, limit=self.limit, delta=self.delta, horizon=horizon, least=self.least)

    @property
    def p_value(self) -> float:
        return math.exp(-max(float(self.path.max(initial=0.0)), 0.0))

    @property
    def proved_after(self) -> int | None:
        proved = np.flatnonzero(self.path >= self.needed)
        return int((self.places <= proved[0]).sum()) if proved.size else None

    @property
    def standing(self) -> Standing:
        if self.proved_after is not None:
            return Standing.PROVED
        alike, labelled = (most_growth(limit=self.limit, loss=loss) for loss in (0.0, self.least))
        n_units = self.known_with(self.n_most) - self.n_known
        best = (n_units - self.n_left) * alike + self.n_left * labelled
        now = float(self.path[-1]) if self.n_known else 0.0
        return Standing.GO_ON if n_units and now + best >= self.needed else Standing.OUT_OF_REACH

    def forecast(self) -> tuple[int | None, float | None]:
        """How many more labels prove the claim in half of draws, and the share of draws in which those left do."""
        if not self.n_labels:
            return None, None
        n_units = self.known_with(self.n_most)
        n_draws = max(min(_MOST_DRAWS, _MOST_NUMBERS // n_units), 1)
        drawn_from = self.losses[self.places[: self.n_labels]]
        losses = np.tile(self.losses[:n_units], (n_draws, 1))
        rest = self.places[self.n_labels : self.n_most]
        losses[:, rest] = np.random.default_rng(BETTING_SEED).choice(drawn_from, (n_draws, len(rest)))
        is_proved = self.path_of(losses) >= self.needed
        first = np.where(is_proved.any(axis=1), is_proved.argmax(axis=1), n_units)
        n_more = np.searchsorted(rest, first, side="right")
        chance = float(is_proved.any(axis=1).mean())
        median = np.sort(n_more)[n_draws // 2]
        return (int(median) if chance > 0.5 else None), chance


def _certificate(
    policy: Policy, order: LabellingOrder, claim: Claim, game: _Game, standing: Standing, expected: int | None
) -> Certificate:
    table, delta = order.table, game.delta
    observed = float(game.seen.mean()) if game.n_known else None
    passed = standing is Standing.PROVED
    loss = few_label_statements(claim)[0].loss
    part = PartResult(
        name=game.name,
        loss=str(loss),
        relation="<=",
        required=game.limit,
        observed=observed,
        bound=(bound := path_upper_bound(game.seen, delta=delta, horizon=order.n, least=game.least)),
        simultaneous_bound=bound,
        p_value=game.p_value,
        passed=passed,
        n=game.n_known,
        method=METHOD,
    )
    reason = "" if passed else _why_not(game, standing, expected)
    step = SequenceStep(
        policy_hash=policy.policy_hash,
        model_hash=table.meta.get("model_hash"),
        observed=observed or 0.0,
        p_value=game.p_value,
        level=delta,
        settled_for=delta,
        passed=passed,
        reason=reason,
        more_needed=0 if passed else None,
    )
    note = (
        f"{game.n_labels} of the {len(game.places)} samples whose answers differ were labelled, in an order that was "
        f"fixed before; they and those that are answered alike up to there are {game.n_known} of {order.n}"
    )
    return Certificate(
        certified=passed,
        reason=reason,
        claim=claim,
        delta=delta,
        level=delta,
        method=METHOD,
        unit="sample",
        n=game.n_known,
        loss=str(loss),
        observed=observed or 0.0,
        bound=bound,
        p_value=game.p_value,
        more_needed=0 if passed else None,
        parts=(part,),
        notes=(note, *doubts_about_samples(policy, table)),
        sequence=(step,),
        table_hash=table.split_hash,
        policy_hash=policy.policy_hash,
        model_hash=table.meta.get("model_hash"),
    )


def _why_not(game: _Game, standing: Standing, expected: int | None) -> str:
    seen = f"after {game.n_labels} label{'s' * (game.n_labels != 1)} p is {game.p_value:.3g}"
    if standing is Standing.OUT_OF_REACH:
        left = "no label is left" if not game.n_left else f"whatever the labels are that are left ({game.n_left})"
        return f"{seen}, and {left}, so that the {game.name} cannot be proved to be at most {game.limit:g}; stop"
    not_yet = f"{seen}, not at most {game.delta:g} yet"
    if not game.n_labels:
        return f"{not_yet}; go on with the {game.n_left} that may be given"
    if expected is None:
        return (
            f"{not_yet}; if the rest is like what was seen, the labels that are left ({game.n_left}) will rather not "
            f"prove it"
        )
    return (
        f"{not_yet}; if the rest is like what was seen, about {expected} more of those that are left ({game.n_left}) "
        f"will prove it"
    )
