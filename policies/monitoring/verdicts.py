"""What watching a policy has found so far, as data and in sentences."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.monitoring.data_change import DataChange


_LARGEST_LOG = 600.0


def claim_words(*, is_certified: bool) -> str:
    """What a sentence calls the claim: one that was not certified promised nothing."""
    return "the certified claim" if is_certified else "the claim, which was NOT certified,"


@dataclass(frozen=True)
class PartSeen:
    """One part of the claim on the new data.

    Attributes:
        name: What a person calls it, such as ``accuracy``.
        relation: ``>=`` where the part is a least accuracy, ``<=`` where it is a largest loss.
        required: The least accuracy, or the largest loss.
        observed: Mean over the units that the part is about, or None where there is none.
        n: Number of those units.
    """

    name: str
    relation: str
    required: float
    observed: float | None
    n: int

    def __str__(self) -> str:
        observed = "not seen yet" if self.observed is None else f"{self.observed:.4f}"
        bound = "at least" if self.relation == ">=" else "at most"
        return f"{self.name} is {observed} here and was to be {bound} {self.required:g}"


@dataclass(frozen=True)
class CertificateVerdict:
    """What the test of the certificate has found.

    Attributes:
        unit: What counts as one: ``sample`` or ``group``.
        n_units: Number of units whose truth is known.
        alpha: Largest probability of ever raising an alarm while the claim holds.
        wealth: Capital of the bets against the claim, which began at 1.
        most_wealth: The most capital so far.
        alarm_at: Number of units at which the capital first reached ``1 / alpha``, or None.
        part: The part that speaks against the claim, where there is an alarm, else the first of ``parts``.
        parts: Every part that is watched, in the order of the claim: the main one first, unless it cannot be watched.
        is_certified: Whether the certificate says that the claim was shown to hold.
    """

    unit: str
    n_units: int
    alpha: float
    wealth: float
    most_wealth: float
    alarm_at: int | None
    part: PartSeen
    parts: tuple[PartSeen, ...]
    is_certified: bool = True

    @property
    def is_refuted(self) -> bool:
        """Whether there was an alarm."""
        return self.alarm_at is not None

    @property
    def sentence(self) -> str:
        """What was found, for a person, with what it promises."""
        claim = claim_words(is_certified=self.is_certified)
        if self.is_refuted:
            return (
                f"{claim} does not hold on these data: the bets against it reached {1 / self.alpha:g} "
                f"times their capital after {self.alarm_at} {self.unit}s, which happens with probability at most "
                f"{self.alpha:g} where it holds; {self.part}"
            )
        return (
            f"nothing speaks against {claim} in {self.n_units} {self.unit}s: the bets against it hold "
            f"{self.wealth:.3g} times their capital, at most {self.most_wealth:.3g} of {1 / self.alpha:g} so far; "
            f"{self.part}"
        )


@dataclass(frozen=True)
class ChangeVerdict:
    """What the detector of a change has found.

    Attributes:
        unit: What counts as one: ``sample`` or ``group``.
        n_units: Number of units whose truth is known.
        average_run_length: Least mean number of units to a false alarm.
        alarms: Number of units at which there was an alarm, ascending.
        parts: Name of the part that each alarm was for.
        is_certified: Whether the certificate says that the claim was shown to hold.
    """

    unit: str
    n_units: int
    average_run_length: float
    alarms: tuple[int, ...]
    parts: tuple[str, ...]
    is_certified: bool = True

    @property
    def has_alarm(self) -> bool:
        """Whether there was an alarm."""
        return bool(self.alarms)

    @property
    def sentence(self) -> str:
        """What was found, for a person, with what it promises."""
        promise = f"while the claim holds there is one in {self.average_run_length:g} {self.unit}s or more on average"
        if not self.alarms:
            return f"no alarm of the change detector in {self.n_units} {self.unit}s; {promise}"
        claim = "the claim" if self.is_certified else claim_words(is_certified=False)
        n = len(self.alarms)
        count = "an alarm" if n == 1 else f"{n} alarms, the last"
        return (
            f"{claim} may have stopped holding: the change detector raised {count} at {self.unit} "
            f"{self.alarms[-1]} of {self.n_units}, for {self.parts[-1]}; {promise}"
        )


@dataclass(frozen=True)
class Report:
    """Everything that is known about a policy on new data.

    Attributes:
        certificate: Whether the claim holds, or None without any truth that it can be judged by.
        change: Whether it has stopped holding at some time, or None without truth, or where data have no order.
        data: Whether the data are like those of ``certify``, which takes no truth.
        notes: What could not be watched, and why, and what else limits the verdicts.
        not_watched: Name of each part of the claim that is not watched; a note says why.
    """

    certificate: CertificateVerdict | None
    change: ChangeVerdict | None
    data: DataChange
    notes: tuple[str, ...]
    not_watched: tuple[str, ...] = ()

    @property
    def is_refuted(self) -> bool:
        """Whether the claim does not hold here."""
        return self.certificate is not None and self.certificate.is_refuted

    @property
    def has_alarm(self) -> bool:
        """Whether there is anything to look into: a claim refuted, a change detected, or other data."""
        return self.is_refuted or (self.change is not None and self.change.has_alarm) or self.data.has_changed

    @property
    def sentences(self) -> tuple[str, ...]:
        """One for each verdict that there is, then the notes."""
        verdicts = [one.sentence for one in (self.certificate, self.change, self.data) if one is not None]
        return (*verdicts, *self.notes)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {**asdict(self), "is_refuted": self.is_refuted, "has_alarm": self.has_alarm}


@dataclass(frozen=True)
class WealthHistory:
    """How the bets against a claim went, unit by unit.

    Attributes:
        unit: What counts as one: ``sample`` or ``group``.
        log_wealth: Logarithm of the capital of the certificate's test after each unit, shape (U,).
        log_threshold: Logarithm of the capital that is an alarm.
        log_detector: Logarithm of the detector's sum after each unit, shape (U,), or None where there is no detector.
        log_detector_threshold: Logarithm of the sum that is an alarm of the detector.
    """

    unit: str
    log_wealth: NDArray[np.float64]
    log_threshold: float
    log_detector: NDArray[np.float64] | None = None
    log_detector_threshold: float = math.inf


def capital(log_capital: float) -> float:
    """Capital of a logarithm, cut where JSON and people would read infinity."""
    return math.exp(min(log_capital, _LARGEST_LOG))
