"""A certified policy on a whole table of new samples."""

from __future__ import annotations

from policies.certificates.bounds.betting import BETTING_SEED
from policies.certificates.claims import Claim
from policies.errors import MonitoringError
from policies.monitoring.answers import AnsweredSamples
from policies.monitoring.groups import together
from policies.monitoring.reference import ReferenceStatistics
from policies.monitoring.watch import CertificateWatch
from policies.policy import Policy
from policies.tables.classification import ClassificationTable


def watch_table(
    policy: Policy,
    table: ClassificationTable,
    claim: Claim | None,
    reference: ReferenceStatistics,
    *,
    alpha: float = 0.05,
    average_run_length: float = 1000.0,
    is_ordered: bool = False,
    has_labels: bool = True,
    is_certified: bool = True,
    keeps_history: bool = False,
) -> CertificateWatch:
    """Watch a policy on a whole table, which also has the full network's answers.

    Args:
        policy: Policy that the certificate is about.
        table: Exit table of its network on new samples.
        claim: Claim that the certificate is about; None where nothing was claimed.
        reference: What the policy did on ``certify``.
        alpha: Largest probability of a false alarm of the certificate's test, and of calling the data changed.
        average_run_length: Least mean number of units to a false alarm of the change detector.
        is_ordered: Whether the rows are in the order of time. Otherwise they are shuffled, always alike, since a table
            may be sorted by class, and no change over time is looked for.
        has_labels: Whether the table's classes are true; otherwise only the data are compared.
        is_certified: Whether the certificate says that the claim was shown to hold.
        keeps_history: Whether the watch's history of the bets is wanted.

    Raises:
        ExitSearchError: If the policy answers for parents, or the table is not of its network, is the one that the
            policy was certified on (by the hash of all its ids; a part of it is not noticed), or has samples that the
            policy's origin says that it was chosen on.
    """
    _require_new(policy, table, reference)
    samples = AnsweredSamples.of(table, policy.decide(table))
    samples = samples if has_labels else samples.without_labels()
    watch = CertificateWatch(
        claim,
        reference,
        alpha=alpha,
        average_run_length=average_run_length,
        knows_full_network=True,
        follows=is_ordered,
        is_certified=is_certified,
        keeps_history=keeps_history,
    )
    watch.update(together(samples, seed=None if is_ordered else BETTING_SEED))
    watch.finish()
    return watch


def require_watchable(policy: Policy) -> None:
    """Refuse a policy whose answers cannot be watched one by one.

    Raises:
        MonitoringError: If it answers for the parents of its samples.
    """
    if policy.answering.pooling is not None:
        raise MonitoringError(
            "a policy that is watched must answer each sample for itself but this one answers for their parents; "
            "certify it anew on a table of new data, with exitsearch certify"
        )


def _require_new(policy: Policy, table: ClassificationTable, reference: ReferenceStatistics) -> None:
    """Refuse a policy that cannot be watched, a table of another network, or one with samples that are not new."""
    require_watchable(policy)
    if (table.n_exits, table.n_classes) != (reference.n_exits, reference.n_classes):
        raise MonitoringError(
            f"the table has {table.n_exits} exits and {table.n_classes} classes but the reference statistics have "
            f"{reference.n_exits} and {reference.n_classes}; use a table of the network that was certified"
        )
    if table.split_hash == reference.split_hash:
        raise MonitoringError("these are the samples that the policy was certified on; give new ones")
    seen = "" if policy.origin is None else policy.origin.describe_overlap(table)
    if seen:
        raise MonitoringError(f"the policy was chosen on {seen} of the table; give new ones")
