"""A bundle's certificate on new data."""

from __future__ import annotations

from pathlib import Path

from policies.certificates.bounds.betting import BETTING_SEED
from policies.certificates.claims import Claim
from policies.errors import ClaimError, MonitoringError
from policies.monitoring.groups import together
from policies.monitoring.reference import ReferenceStatistics
from policies.monitoring.watch import CertificateWatch
from policies.monitoring.watched_table import require_watchable, watch_table
from policies.tables.classification import ClassificationTable
from search.watching.levels import Levels
from search.watching.new_data import is_exit_table, outputs_on_files
from trainables.export.bundle.bundle import Bundle


FILES_ARE_GROUPS = "each file was counted as a group of its own"
"""Told where a bundle was certified over groups, and only the file tells where an input is from."""


def watch_data(
    bundle: Bundle,
    data: Path,
    levels: Levels,
    *,
    has_labels: bool = True,
    is_ordered: bool = False,
    executor: str | None = None,
    keeps_history: bool = False,
) -> CertificateWatch:
    """Watch a bundle on a whole table, or on files.

    Args:
        bundle: The bundle.
        data: An exit table of its network, or files that the network is run on.
        levels: What is promised.
        has_labels: Whether the classes that the table or the folders tell are true.
        is_ordered: Whether the samples come in the order of time.
        executor: What runs the network on files; the fastest that there is where None.
        keeps_history: Whether the watch's history of the bets is wanted.

    Raises:
        ExitSearchError: If the data are of another network or cannot be read, or are known not to be new: a table with
            the very ids that the policy was certified on (a part of them is not noticed), or with ids that the policy's
            origin says that it was chosen on. Nobody knows that of files: theirs are not compared.
    """
    reference = reference_of(bundle)
    if is_exit_table(data):
        table = ClassificationTable.load(data)
        return watch_table(
            bundle.policy,
            table,
            claim_of(bundle),
            reference,
            alpha=levels.alpha,
            average_run_length=levels.average_run_length,
            is_ordered=is_ordered,
            has_labels=has_labels,
            is_certified=is_certified(bundle),
            keeps_history=keeps_history,
        )
    found = outputs_on_files(bundle, data, executor)
    samples = found.answered(bundle.policy, unit=reference.unit)
    samples = samples if has_labels else samples.without_labels()
    notes = (FILES_ARE_GROUPS,) if reference.unit == "group" else ()
    watch = watch_bundle(
        bundle, levels, knows_full_network=True, follows=is_ordered, keeps_history=keeps_history, notes=notes
    )
    watch.update(together(samples, seed=None if is_ordered else BETTING_SEED))
    watch.finish()
    return watch


def claim_of(bundle: Bundle) -> Claim | None:
    """What was claimed of the bundle's policy; None where nothing was.

    Raises:
        MonitoringError: If the certificate is damaged.
    """
    if bundle.certificate is None:
        return None
    try:
        return Claim.from_dict(bundle.certificate.get("claim"))
    except ClaimError as error:
        raise MonitoringError(
            f"{bundle.folder}: the certificate must state its claim but does not ({error}); export the bundle again"
        ) from None


def is_certified(bundle: Bundle) -> bool:
    """Whether the certificate says that the claim was shown to hold; a certificate may say that it was not."""
    return bundle.certificate is not None and bundle.certificate.get("certified") is True


def reference_of(bundle: Bundle) -> ReferenceStatistics:
    """What the bundle's policy did on the samples that certified it.

    Raises:
        MonitoringError: If the bundle does not have that, or it is damaged, or its answers are no classes or not about
            single samples.
    """
    if bundle.manifest.task != ClassificationTable.task:
        raise MonitoringError(
            f"{bundle.folder}: predicted classes and their confidences are watched but the task of this bundle is "
            f"{bundle.manifest.task!r}; certify its policy anew on a table of new data, with exitsearch certify"
        )
    require_watchable(bundle.policy)
    if bundle.reference is None:
        raise MonitoringError(
            f"{bundle.folder}: new data are compared with those of certify but the bundle has none of their figures; "
            f"export it from a search that had a certify table"
        )
    return ReferenceStatistics.from_dict(dict(bundle.reference))


def watch_bundle(
    bundle: Bundle,
    levels: Levels,
    *,
    knows_full_network: bool,
    follows: bool,
    keeps_history: bool = False,
    notes: tuple[str, ...] = (),
) -> CertificateWatch:
    """A watch of a bundle that has seen nothing yet; see :class:`~policies.monitoring.watch.CertificateWatch`.

    Raises:
        MonitoringError: If a level is out of range, or the bundle has nothing to compare with.
    """
    return CertificateWatch(
        claim_of(bundle),
        reference_of(bundle),
        alpha=levels.alpha,
        average_run_length=levels.average_run_length,
        knows_full_network=knows_full_network,
        follows=follows,
        is_certified=is_certified(bundle),
        keeps_history=keeps_history,
        notes=notes,
    )
