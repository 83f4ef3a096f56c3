"""What came of a search in words: the one source of them for terminals, pages, notebooks and MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policies.certificates import words


if TYPE_CHECKING:
    from policies.certificates.certificate import Certificate


_FOR_EVERY = ", for every value of "


class Outcome(StrEnum):
    """How far a search came, as it is called in a name or before a sentence."""

    INFEASIBLE = "infeasible"
    UNCLAIMED = "without a certificate"
    NOT_CERTIFIED = words.NOT_CERTIFIED
    PARTLY = "certified in part"
    CERTIFIED = words.CERTIFIED


@dataclass(frozen=True)
class Verdict:
    """Which policy a search selected, for what, and how sure that is.

    All texts begin with a small letter, unless a name does not, and have no stop at their end.

    Attributes:
        outcome: How far the search came.
        asked: All that was asked for.
        policy: The selected policy: its rule, how answers are pooled, and its network.
        claim: What was to be certified; empty where nothing was.
        reason: Why that is not certified, or empty.
        least_certain: Of what value of a column the claim is least certain; empty where it is made by none.
        bound: Bound on what was claimed; None where there is none.
        delta: The largest probability that a certificate is wrong.
        estimate: What is known of what is not certified, or empty.
        limit: Which limit is estimated, such as ``drop of mAP@.5 at most 0.1``; empty where that is not told.
        expected: Whether that limit is expected to hold.
    """

    outcome: Outcome
    asked: str
    policy: str
    claim: str = ""
    reason: str = ""
    least_certain: str = ""
    bound: float | None = None
    delta: float = 0.05
    estimate: str = ""
    limit: str = ""
    expected: bool = False

    @property
    def unmet(self) -> str:
        """That nothing did what was asked for; for a search that is infeasible."""
        closed = "," if _FOR_EVERY in self.asked else ""
        return f"no policy met {self.asked}{closed} on search"

    @property
    def selection(self) -> str:
        """Which policy was selected for what; for a search that is feasible."""
        return f"selected: {self.policy}, for {self.asked}"

    @property
    def headline(self) -> str:
        """What is certified, or was asked for and is not, without the policy: figures go behind it."""
        if self.outcome is Outcome.INFEASIBLE:
            return self.unmet
        if self.outcome is Outcome.PARTLY:
            return f"certified that {self.claim}"
        if self.outcome is Outcome.CERTIFIED:
            return f"certified for {self.asked}"
        but = "but " if self.outcome is Outcome.NOT_CERTIFIED else ""
        return f"selected for {self.asked}, {but}{self.outcome}"

    @property
    def confidence(self) -> str:
        """How surely a certificate holds."""
        return words.confidence_in_words(self.delta)

    @property
    def proof(self) -> str:
        """What a certificate says of new data; for a policy that is certified."""
        return words.proof_in_words(self.claim, bound=self.bound, delta=self.delta)

    @property
    def refusal(self) -> str:
        """That what was claimed is not certified, and why; for a policy that is not."""
        return words.refusal_in_words(self.reason, claim=self.claim)

    @property
    def certificate(self) -> str:
        """The outcome of what was claimed and what it rests on; empty where there was no claim to test."""
        proved = dict.fromkeys((Outcome.CERTIFIED, Outcome.PARTLY), self.proof)
        told = {**proved, Outcome.NOT_CERTIFIED: self.reason}.get(self.outcome)
        return "" if told is None else f"{self.outcome}: {told}"

    @property
    def estimated(self) -> str:
        """The estimate as a sentence that stands by itself; empty where there is none, or nothing is feasible."""
        if not self.estimate or self.outcome is Outcome.INFEASIBLE:
            return ""
        about = f" ({self.limit})" if self.limit else ""
        is_part = self.outcome is Outcome.PARTLY
        return f"of what cannot be certified{about}: {self.estimate}" if is_part else self.estimate

    @property
    def unproved(self) -> str:
        """Of what is certified in part: the limit that is only estimated, and whether to expect it; else empty."""
        if self.outcome is not Outcome.PARTLY or not self.limit:
            return ""
        sure = "estimated, not certified" if self.expected else "not certified, and by an estimate not to be expected"
        return f"{sure}: {self.limit}"


def least_certain_in_words(certificate: Certificate) -> str:
    """What was seen of the least certain value of a column; empty where nothing is claimed of such values."""
    # Here, since the import takes a while.
    from policies.certificates.parts.result import least_certain

    worst = least_certain(certificate.parts)
    if worst is None:
        return ""
    seen = "" if worst.observed is None else f" {worst.observed:.4f}"
    return f"least certain is the {worst.name}:{seen} on {worst.n:,} {certificate.unit}s (bound {worst.bound:.4f})"


def policy_in_words(rule: str, params: Mapping[str, Any], *, answered: str, network: str) -> str:
    """A policy by its rule, or as the full network where no sample can leave early, and by its network.

    Args:
        rule: Name of the rule.
        params: The policy's outline, as ``summary.json`` has it.
        answered: How answers are pooled over parents, or empty.
        network: Name of the network, or empty.
    """
    policy = f"rule {rule}" if leaves_early(params) else "the full network, without early exits"
    pooled = f" ({answered})" if answered else ""
    return f"{policy}{pooled}" + (f", {network}" if network else "")


def leaves_early(params: Mapping[str, Any]) -> bool:
    """Whether any sample can leave before the last exit, or any parent be answered before it is read whole."""
    if params.get("answering", {}).get("read_until") is not None or "thresholds" not in params:
        return True
    rows = params["thresholds"]
    return any(value is not None for row in rows for value in (row if isinstance(row, list) else [row]))
