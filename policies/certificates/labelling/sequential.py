"""Certificates that are proved as labels come: one stops as soon as the claim is proved, or cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.certificates.certificate import Certificate
from policies.certificates.claims import Claim
from policies.certificates.labelling.forecast import Forecast, forecast
from policies.certificates.labelling.joint_bets import JointBets, Standing
from policies.certificates.labelling.order import GivenLabels, LabellingOrder, labelling_order
from policies.certificates.labelling.sequential_certificate import sequential_certificate
from policies.errors import ClaimError
from policies.names import list_some
from policies.policy import Policy
from policies.tables.base import ExitTable


@dataclass(frozen=True)
class LabellingProgress:
    """What is proved with the labels so far.

    Attributes:
        standing: Whether the claim is proved, out of reach, or may yet be proved.
        certificate: The certificate on the units in the order up to the first that lacks a label.
        n_labels: Number of labels so far.
        n_left: Number of labels that may still be given: of all that are asked for, or of the budget.
        proved_after: Number of labels after which it was proved; None where it is not.
        more_expected: About how many more labels prove it if the rest is like what was seen; None where all that are
            left would prove it in less than half of cases, or nothing was seen of some part.
        chance: Share of draws, each of the rest from what was seen, in which the labels that are left prove it; None
            where nothing was seen of some part.
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
    labels: GivenLabels,
    *,
    delta: float = 0.05,
    budget: int | None = None,
) -> LabellingProgress:
    """What the labels so far prove, however often one asks.

    Units are gone through in the order that is fixed: samples, or groups or parents, which count when all of their
    labels are there. Of drops and degradations a label is needed only where policy and full network answer otherwise;
    the first unit that lacks one is where it ends. On each part of the claim a capital of its own bets that its mean
    loss is below its limit, and reaches 1 / delta at any time with probability at most ``delta`` where it is not
    (Ville, 1939), so that one may look after every label, stop at any time and go on later. What needs no label, a
    largest disagreement, is tested on all units at once.

    Args:
        policy: Policy to certify, chosen on other samples.
        table: The ``certify`` table without labels, as ``load_table(path, unlabelled=True)`` reads it.
        claim: A least accuracy of classes, a largest drop, relative drop or degradation of it, a largest disagreement,
            or several of these, also for every value of a column.
        labels: Class of the first of those that :func:`~policies.certificates.labelling.order.labelling_order` asks for
            where it is told ``sequential``, by name, or what gives it for the order.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        budget: Most labels that will be given, at least 1; None for all. It may be raised later.

    Raises:
        ExitSearchError: If labels are not of the first in the order, or the claim is about something else; also as for
            the order.
    """
    if budget is not None and budget < 1:
        raise ClaimError(f"a budget must be at least 1 label but is {budget}")
    order = labelling_order(policy, table, claim, delta=delta, sequential=True)
    given = order.given(labels)
    _require_first(order, given)
    bets = JointBets.of(policy, order, claim, given, delta=delta, budget=budget)
    standing = bets.standing
    expected = forecast(bets, _differs_at(order)) if standing is Standing.GO_ON else Forecast()
    certificate = sequential_certificate(policy, order, claim, bets, expected)
    return LabellingProgress(
        standing,
        certificate,
        bets.n_labels,
        bets.n_left,
        bets.proved_after,
        expected.more_expected,
        expected.chance,
    )


def _differs_at(order: LabellingOrder) -> NDArray[np.bool_]:
    """Whether any answer of a unit differs from the full network's, by the unit's place in the order, shape (U,)."""
    starts = np.flatnonzero(np.diff(order.units.of_sample, prepend=-1))
    return np.logical_or.reduceat(order.differs, starts)


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
