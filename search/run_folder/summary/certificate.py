"""What a summary tells of how sure it is of the selected policy: its certificate, or an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.run_folder.summary.part import SummaryPart
from search.run_folder.verdict import least_certain_in_words


if TYPE_CHECKING:
    from policies.certificates.certificate import Certificate


class CertificateSummary(SummaryPart):
    """What came of certifying the selected policy.

    Attributes:
        claim: Claim that was to be certified, in words.
        reason: Why the policy is not certified, or empty.
        bound: Bound on what was claimed first, such as the least accuracy; None where no bound can stand in its place.
        n_tested: Number of policies that were tested; None where an earlier version did not keep it.
        n_passed: Number of those that passed.
        worst_subgroup: The least certain value of the column that the claim is made by; None where it is made by none.
        least_certain: The same in words, with what was seen of it; empty where the claim is made by none.
        level: Level that the selected policy was tested at, and that the bound holds at; None where an earlier version
            did not keep it.
        levels: Levels that policies were tested at, the largest first: several where two sequences share delta.
    """

    claim: str
    reason: str
    bound: float | None
    n_tested: int | None = None
    n_passed: int | None = None
    worst_subgroup: str | None = None
    least_certain: str = ""
    level: float | None = None
    levels: list[float] = []

    @classmethod
    def of(cls, certificate: Certificate) -> CertificateSummary:
        """Of a whole certificate, what a summary tells."""
        steps = certificate.sequence
        return cls(
            claim=str(certificate.claim),
            reason=certificate.reason,
            bound=certificate.stated_bound,
            n_tested=len(steps),
            n_passed=sum(step.passed for step in steps),
            worst_subgroup=certificate.worst_subgroup,
            least_certain=least_certain_in_words(certificate),
            level=certificate.level,
            levels=sorted({step.level for step in steps}, reverse=True),
        )


class EstimateSummary(SummaryPart):
    """Why a policy was chosen that is not certified; figures of the estimate stand beside it.

    Attributes:
        meets: Whether the policy has its margin, so that it is expected to do what was asked for.
        sentence: What is known of the policy, for a person.
        quality: Name of the figure that is estimated, such as ``relative drop of map_50``.
        side: On which side of its limit it has to be: ``at least`` or ``at most``.
        limit: The limit that was asked for.
    """

    meets: bool = False
    sentence: str = ""
    quality: str = ""
    side: str = ""
    limit: float | None = None

    @property
    def asked(self) -> str:
        """The limit in words; empty where the folder does not tell it."""
        told = self.quality and self.side and self.limit is not None
        return f"{spelled_out(self.quality)} {self.side} {self.limit:g}" if told else ""


def spelled_out(text: str) -> str:
    """A text with the names of qualities as a person reads them."""
    # Here, since the import takes a while.
    from policies.qualities import in_words

    return in_words(text)
