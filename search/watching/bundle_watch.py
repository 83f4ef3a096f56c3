"""A bundle's certificate on new data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from policies.certificates.betting import BETTING_SEED
from policies.certificates.claims import Claim
from policies.errors import ClaimError, MonitoringError
from policies.monitoring.groups import together
from policies.monitoring.json_lines import read_line
from policies.monitoring.reference import ReferenceStatistics
from policies.monitoring.watch import CertificateWatch
from policies.monitoring.watched_table import watch_table
from policies.tables.classification import ClassificationTable
from search.messages import OnMessage, silent
from search.watching.new_data import is_exit_table, outputs_on_files
from trainables.export.bundle.bundle import Bundle


@dataclass(frozen=True)
class Levels:
    """What is promised.

    Attributes:
        alpha: Largest probability of ever a false alarm, of the certificate's test, and of calling data changed.
        average_run_length: Least mean number of labels between false alarms of the change detector.
    """

    alpha: float = 0.05
    average_run_length: float = 1000.0


def watch_data(
    bundle: Bundle,
    data: Path,
    levels: Levels,
    *,
    has_labels: bool = True,
    is_ordered: bool = False,
    executor: str | None = None,
) -> CertificateWatch:
    """Watch a bundle on a whole table, or on files.

    Args:
        bundle: The bundle.
        data: An exit table of its network, or files that the network is run on.
        levels: What is promised.
        has_labels: Whether the classes that the table or the folders tell are true.
        is_ordered: Whether the samples come in the order of time.
        executor: What runs the network on files; the fastest that there is where None.

    Raises:
        ExitSearchError: If the data are of another network, are those that the bundle was made on, or cannot be read.
    """
    claim, reference = claim_of(bundle), reference_of(bundle)
    if is_exit_table(data):
        table = ClassificationTable.load(data)
        return watch_table(
            bundle.policy,
            table,
            claim,
            reference,
            alpha=levels.alpha,
            average_run_length=levels.average_run_length,
            is_ordered=is_ordered,
            has_labels=has_labels,
        )
    found = outputs_on_files(bundle, data, executor)
    samples = found.answered(bundle.policy, unit=reference.unit)
    samples = samples if has_labels else samples.without_labels()
    watch = _watch(bundle, levels, knows_full_network=True, follows=is_ordered)
    watch.update(together(samples, seed=None if is_ordered else BETTING_SEED))
    watch.finish()
    return watch


def watch_lines(
    bundle: Bundle, lines: Iterable[str], levels: Levels, *, on_message: OnMessage = silent
) -> CertificateWatch:
    """Watch a bundle on answers as they come, and say at once what is found.

    Args:
        bundle: The bundle that gave the answers.
        lines: One JSON object a line; see :func:`~policies.monitoring.json_lines.read_line`.
        levels: What is promised.
        on_message: Takes a line for a person with each new alarm.

    Raises:
        MonitoringError: If a line is damaged, or the network cannot have given it.
    """
    watch = _watch(bundle, levels, knows_full_network=False, follows=True)
    told: tuple[object, ...] = (False, 0, False)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        watch.update(read_line(line, place=f"line {number}", class_names=bundle.manifest.class_names))
        report = watch.report()
        verdicts = (report.certificate, report.change, report.data)
        now = (report.is_refuted, len(report.change.alarms) if report.change else 0, report.data.has_changed)
        for verdict, before, after in zip(verdicts, told, now, strict=True):
            if verdict is not None and after != before:
                on_message(f"line {number}: {verdict.sentence}")
        told = now
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
        return Claim(**bundle.certificate["claim"])
    except (KeyError, TypeError, ClaimError) as error:
        raise MonitoringError(
            f"{bundle.folder}: the certificate must state its claim but does not ({error!r}); export the bundle again"
        ) from None


def reference_of(bundle: Bundle) -> ReferenceStatistics:
    """What the bundle's policy did on the samples that certified it.

    Raises:
        MonitoringError: If the bundle does not have that, or it is damaged.
    """
    if bundle.reference is None:
        raise MonitoringError(
            f"{bundle.folder}: new data are compared with those of certify but the bundle has none of their figures; "
            f"export it from a search that had a certify table"
        )
    return ReferenceStatistics.from_dict(dict(bundle.reference))


def _watch(bundle: Bundle, levels: Levels, *, knows_full_network: bool, follows: bool) -> CertificateWatch:
    return CertificateWatch(
        claim_of(bundle),
        reference_of(bundle),
        alpha=levels.alpha,
        average_run_length=levels.average_run_length,
        knows_full_network=knows_full_network,
        follows=follows,
    )
