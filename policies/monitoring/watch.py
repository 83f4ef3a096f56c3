"""A certified policy on new data: its claim where the truth is told, and the data themselves where it is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim, Loss
from policies.monitoring.answers import AnsweredSamples
from policies.monitoring.certificate_test import CertificateTest
from policies.monitoring.claim_losses import ClaimLosses
from policies.monitoring.data_change import SequentialDataChange, WholeDataChange
from policies.monitoring.e_detector import EDetector
from policies.monitoring.groups import FinishedUnits
from policies.monitoring.reference import ReferenceStatistics
from policies.monitoring.verdicts import CertificateVerdict, ChangeVerdict, PartSeen, Report, WealthHistory, capital


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

    Raises:
        MonitoringError: If a level, or a limit of the claim, is out of range.
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
    ) -> None:
        self._reference = reference
        self._losses = ClaimLosses(
            claim, reference.n_classes, reference.used_exits, knows_full_network=knows_full_network
        )
        self._alpha, self._average_run_length = alpha, average_run_length
        self._units = FinishedUnits(reference.unit)
        self._data = (SequentialDataChange if follows else WholeDataChange)(reference, alpha=alpha)
        self._follows = follows
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

    def report(self) -> Report:
        """What is known by now."""
        n_units = 0 if self._test is None else self._test.n_units
        return Report(
            certificate=self._certificate_verdict() if n_units else None,
            change=self._change_verdict() if n_units else None,
            data=self._data.verdict,
            notes=tuple(self._notes()),
        )

    def history(self) -> WealthHistory | None:
        """How the bets went, or None where no truth was told."""
        if self._test is None or not self._test.n_units:
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
        losses = self._losses.of_units(samples)
        if self._test is None or not len(losses):
            return
        self._wealth.append(self._test.update(losses))
        if self._detector is not None:
            self._detected.append(self._detector.update(losses))
        self._sums += np.nansum(losses, axis=0)
        self._counts += (~np.isnan(losses)).sum(axis=0)

    def _certificate_verdict(self) -> CertificateVerdict | None:
        test = self._test
        if test is None:
            return None
        parts = tuple(
            PartSeen(
                name=mean.name,
                relation=">=" if mean.loss is Loss.ERROR else "<=",
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
        )

    def _notes(self) -> list[str]:
        notes = []
        if self._losses.claim is None:
            notes.append("nothing was claimed of the policy, so that there is no certificate to test")
        if self._losses.not_watched:
            names = " and the ".join(self._losses.not_watched)
            notes.append(
                f"the {names} against the full network cannot be watched where its answers are not known; give a table "
                f"with all exits"
            )
        if self._test is not None and not self._test.n_units:
            notes.append("no true classes were given, so that nothing can be said about the certificate")
        if self._units.unit != self._reference.unit:
            notes.append("certified over samples and watched over groups: here each group counts alike")
        if self._units.n_left_out:
            notes.append(
                f"{self._units.n_left_out} samples were left out, since they came after their group had been counted; "
                f"give the samples of a group one after the other"
            )
        return notes
