"""Certificates of what is lost, with the labels of those samples alone whose answers differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from policies.certificates.certificate import Certificate
from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.labelling.order import GivenLabels, LabellingOrder, labelling_order
from policies.errors import ClaimError
from policies.names import list_some
from policies.policy import Policy
from policies.tables.base import ExitTable


def certify_with_few_labels(
    policy: Policy,
    table: ExitTable,
    claim: Claim,
    labels: GivenLabels,
    *,
    delta: float = 0.05,
    search: ExitTable | None = None,
) -> Certificate:
    """Certify what is lost against the full network, with labels where the answers differ and nowhere else.

    Where they are the same nothing is lost and nothing gained whatever is right, so that the parts of the certificate,
    their bounds and p-values are exactly those of a table with all labels.

    Args:
        policy: Policy to certify, chosen on other samples.
        table: The ``certify`` table without labels, as ``load_table(path, unlabelled=True)`` reads it.
        claim: A largest drop or degradation of the accuracy of classes, and a largest disagreement if wanted.
        labels: Class of all those that :func:`~policies.certificates.labelling.order.labelling_order` asks for, by
            name, or what gives it for the order.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        search: The table that the policy was chosen on, as the order was made with it.

    Raises:
        ExitSearchError: If a label is missing, is of another sample or no class; also as for the order.
    """
    order = labelling_order(policy, table, claim, delta=delta, search=search)
    given = order.given(labels)
    require_all(order, given)
    certificate = certify_policy(policy, order.labelled(given), claim, delta=delta, search=search)
    note = (
        f"{len(order.asked)} of {order.n} {order.unit}s were labelled: where policy and full network answer alike, "
        f"nothing is lost whatever is right"
    )
    return replace(certificate, notes=(note, *certificate.notes))


def require_all(order: LabellingOrder, labels: Mapping[str, int]) -> None:
    """Refuse labels of which some are missing.

    Raises:
        ClaimError: If any is.
    """
    missing = [name for name in order.asked if name not in labels]
    if missing:
        raise ClaimError(
            f"all {len(order.asked)} {order.unit}s whose answers differ must be labelled but {len(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not, "
            f"such as {list_some(missing[:3])}; label {'that' if len(missing) == 1 else 'them'} too"
        )
