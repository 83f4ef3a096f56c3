"""A certified policy on new data: its claim where the truth is told, and the data themselves where it is not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim
from policies.monitoring.answers import UNKNOWN, AnsweredSamples
from policies.monitoring.certificate_test import CertificateTest
from policies.monitoring.claim_losses import ClaimLosses
from policies.monitoring.data_change import SequentialDataChange, WholeDataChange
from policies.monitoring.e_detector import EDetector
from policies.monitoring.groups import FinishedUnits
from policies.monitoring.reference import ReferenceStatistics
from policies.monitoring.verdicts import CertificateVerdict, ChangeVerdict, PartSeen, Report, WealthHistory, capital
from policies.names import list_some


class CertificateWatch:
    """Watches a certified policy while its answers come in.

    Args:
        claim: Claim that the certificate is about; None where nothing was claimed, so that the data alone are watched.
        reference: What the policy did on ``certify``.
        alpha: Largest probability that the certificate's test ever raises an alarm while the claim holds, and also that
            the data are ever called changed while they are not.
        average_run_length: Least mean number of units to a false alarm of the change detector.
        knows_full_network: Whether the full network's answers come too. Without them a drop against it, or a
            degradation, cannot be watched.
        follows: Whether samples come one after the other for as long as it takes. Otherwise they are one set without an
            order: its data are compared once, and there is no change to be detected.
        is_certified: Whether the certificate says that the claim was shown to hold; else the verdicts say that it was
            not.
        keeps_history: Whether :meth:`history` is wanted: it takes memory for every unit.
        notes: What else a reader of the verdicts must know, for the report.

    Raises:
        MonitoringError: If a level is out of range, or the claim is about another quality than accuracy.
    """

    def __init__(
        self,
        claim: Claim | None,
        reference: ReferenceStatistics,
        *,
        alpha: float = 0.05,
        average_run_length: float = 1000.0,
        knows_full_network: bool = False,
        follows: bool = True,
        is_certified: bool = True,
        keeps_history: bool = False,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._reference = reference
        self._losses = ClaimLosses(
            claim, reference.n_classes, reference.used_exits, knows_full_network=knows_full_network
        )
        self._alpha, self._average_run_length = alpha, average_run_length
        self._units = FinishedUnits(reference.unit)
        self._data = (SequentialDataChange if follows else WholeDataChange)(reference, alpha=alpha)
        self._follows, self._is_certified, self._keeps_history = follows, is_certified, keeps_history
        self._given_notes = notes
        self._n_half_told = 0
        self._wealth: list[NDArray[np.float64]] = []
        self._detected: list[NDArray[np.float64]] = []
        self._start(reference.unit)

    def _start(self, unit: str) -> None:
        """Begin the bets, for losses of such units."""
        self._means = self._losses.means(unit)
        self._test = CertificateTest(self._means, alpha=self._alpha) if self._means else None
        self._detector = (
            EDetector(self._means, average_run_length=self._average_run_length)
            if self._means and self._follows
            else None
        )
        self._sums, self._counts = np.zeros(len(self._means)), np.zeros(len(self._means), dtype=np.int64)

    def update(self, samples: AnsweredSamples) -> None:
        """Take further answers, in the order in which they came.

        Raises:
            MonitoringError: If the network cannot have given one of them, or some name their group and others do not.
        """
        samples.require_known(n_exits=self._reference.n_exits, n_classes=self._reference.n_classes)
        before = self._units.unit
        finished = self._units.update(samples)
        if self._units.unit != before:
            self._start(self._units.unit)
        self._look_at(finished)

    def finish(self) -> None:
        """Count the group that is still open, where there is one: no further samples come."""
        left = self._units.finish()
        if left is not None:
            self._look_at(left)

    @property
    def is_refuted(self) -> bool:
        """Whether the claim does not hold; cheap, as the next two are, where ``report`` after every line is not."""
        return self._test is not None and self._test.alarm_at is not None

    @property
    def n_alarms(self) -> int:
        """Number of alarms of the change detector."""
        return 0 if self._detector is None else len(self._detector.alarms)

    @property
    def has_changed(self) -> bool:
        """Whether the data have changed."""
        return self._data.has_changed

    def report(self) -> Report:
        """What is known by now."""
        n_units = 0 if self._test is None else self._test.n_units
        return Report(
            certificate=self._certificate_verdict() if n_units else None,
            change=self._change_verdict() if n_units else None,
            data=self._data.verdict,
            notes=tuple(self._notes()),
            not_watched=(*self._losses.without_full_network, *self._losses.without_room),
        )

    def history(self) -> WealthHistory | None:
        """How the bets went, or None where no truth was told, or no history was to be kept."""
        if self._test is None or not self._wealth:
            return None
        return WealthHistory(
            unit=self._units.unit,
            log_wealth=np.concatenate(self._wealth),
            log_threshold=self._test.log_threshold,
            log_detector=None if self._detector is None else np.concatenate(self._detected),
            log_detector_threshold=np.inf if self._detector is None else self._detector.log_threshold,
        )

    def _look_at(self, samples: AnsweredSamples) -> None:
        if not samples.n_samples:
            return
        self._data.update(samples)
        self._n_half_told += self._count_half_told(samples)
        losses = self._losses.of_units(samples)
        if self._test is None or not len(losses):
            return
        wealth = self._test.update(losses)
        detected = None if self._detector is None else self._detector.update(losses)
        if self._keeps_history:
            self._wealth.append(wealth)
            self._detected += [] if detected is None else [detected]
        self._sums += np.nansum(losses, axis=0)
        self._counts += (~np.isnan(losses)).sum(axis=0)

    def _count_half_told(self, samples: AnsweredSamples) -> int:
        """Samples whose class was told, and not what the full network answers, though others have it."""
        if not self._losses.knows_full_network:
            return 0
        return int(((samples.labels != UNKNOWN) & (samples.full_predictions == UNKNOWN)).sum())

    def _certificate_verdict(self) -> CertificateVerdict | None:
        test = self._test
        if test is None:
            return None
        parts = tuple(
            PartSeen(
                name=mean.name,
                relation=">=" if mean.loss.is_read_as_least else "<=",
                required=mean.as_read(mean.limit),
                observed=mean.as_read(float(total / n)) if n else None,
                n=int(n),
            )
            for mean, total, n in zip(self._means, self._sums, self._counts, strict=True)
        )
        return CertificateVerdict(
            unit=self._units.unit,
            n_units=test.n_units,
            alpha=test.alpha,
            wealth=capital(test.log_wealth),
            most_wealth=capital(test.most_log_wealth),
            alarm_at=test.alarm_at,
            part=parts[0] if test.alarm_for is None else parts[self._means.index(test.alarm_for)],
            parts=parts,
            is_certified=self._is_certified,
        )

    def _change_verdict(self) -> ChangeVerdict | None:
        detector = self._detector
        if detector is None:
            return None
        return ChangeVerdict(
            unit=self._units.unit,
            n_units=detector.n_units,
            average_run_length=detector.average_run_length,
            alarms=tuple(detector.alarms),
            parts=tuple(mean.name for mean in detector.alarms_for),
            is_certified=self._is_certified,
        )

    def _notes(self) -> Iterator[str]:
        yield from self._notes_on_the_claim()
        if self._test is not None and not self._test.n_units:
            yield "no true classes were given, so that nothing can be said about the certificate"
        yield from self._notes_on_the_samples()
        yield from self._given_notes

    def _notes_on_the_claim(self) -> Iterator[str]:
        losses = self._losses
        if losses.claim is None:
            yield "nothing was claimed of the policy, so that there is no certificate to test"
        elif not self._is_certified:
            yield (
                "the claim could not be shown on certify, so that nothing was promised: new data are tested against "
                "what was hoped for"
            )
        if losses.without_full_network:
            yield (
                f"the {' and the '.join(losses.without_full_network)} against the full network cannot be watched where "
                f"its answers are not known; give a table with all exits, or full_label in every JSON line"
            )
        if losses.without_room:
            yield (
                f"not watched: {list_some(losses.without_room)}, since the claim allows no loss there, or any, and "
                f"bets need room on both sides; claim a little less"
            )

    def _notes_on_the_samples(self) -> Iterator[str]:
        if self._units.unit != self._reference.unit:
            yield "certified over samples and watched over groups: here each group counts alike"
        if self._units.n_left_out:
            yield (
                f"{self._units.n_left_out} samples were left out, since they came after their group had been counted; "
                f"give the samples of a group one after the other"
            )
        if self._n_half_told:
            yield (
                f"the truth of {self._n_half_told} samples was not used, since it came without the full network's "
                f"answer, which the first one had; give it with all or with none"
            )
