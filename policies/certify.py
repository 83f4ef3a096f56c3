"""Finite-sample certificates: whether a policy meets its target on data that nobody chose it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
import math
from pathlib import Path
from typing import Any

from scipy.stats import beta, binom

from policies.exit_table import ExitTable
from policies.policy import Policy


SCHEMA = 1
_MOST_SAMPLES = 10_000_000


@dataclass(frozen=True)
class SequenceStep:
    """One step of the fixed sequence: a policy's errors on ``certify`` and what follows from them."""

    policy_hash: str
    observed_accuracy: float
    p_value: float
    passed: bool


@dataclass(frozen=True)
class Certificate:
    """A statement, at confidence ``1 - delta``, that a policy meets its target on new data of the same kind.

    Attributes:
        certified: Whether the statement holds.
        reason: Why not, where it does not; otherwise empty.
        target: Least accuracy.
        delta: Largest probability of certifying a policy that misses the target.
        n: Number of units of ``certify``.
        observed: Accuracy seen on ``certify``.
        bound: Lower confidence bound of the accuracy (Clopper-Pearson, one-sided, level ``delta``).
        p_value: Probability of so few errors if the accuracy were exactly the target.
        more_samples_needed: How many more samples would certify at the observed accuracy, or None.
        sequence: Every policy that was tested, in order.
        table_hash: Split hash of the certify table.
        policy_hash: The policy that the statement is about.
    """

    certified: bool
    reason: str
    target: float
    delta: float
    n: int
    observed: float
    bound: float
    p_value: float
    more_samples_needed: int | None
    sequence: tuple[SequenceStep, ...]
    table_hash: str
    policy_hash: str
    method: str = "fixed-sequence testing, exact binomial"
    unit: str = "sample"
    loss: str = "0/1 error"

    def save(self, path: Path) -> None:
        """Write the certificate as JSON."""
        path.write_text(json.dumps({"schema": SCHEMA, **self.to_dict()}, indent=2) + "\n")

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def fixed_sequence(
    candidates: Sequence[tuple[Policy, ExitTable]], *, target: float, delta: float
) -> tuple[SequenceStep, ...]:
    """Test policies one after the other, stopping at the first that fails; the last that passed is the cheapest.

    Fixed-sequence testing (Angelopoulos et al., "Learn then Test", 2021; Laufer-Goldshtein et al., "Pareto
    Testing", ICLR 2023): every test is at the full level ``delta``, and the probability that any policy that
    passes misses the target is at most ``delta``.

    Args:
        candidates: Policies, the safest by their ``search`` figures first, each with the ``certify``
            table of its own network. All tables are of the same split.
        target: Least accuracy, in (0, 1].
        delta: In (0, 1).
    """
    steps: list[SequenceStep] = []
    for policy, table in candidates:
        n_errors = _count_errors(policy, table)
        p_value = error_p_value(n_errors, table.n_samples, target)
        passed = p_value <= delta and table.groups is None
        steps.append(SequenceStep(policy.policy_hash, 1 - n_errors / table.n_samples, p_value, passed))
        if not passed:
            break
    return tuple(steps)


def certificate_of(
    policy: Policy, table: ExitTable, sequence: tuple[SequenceStep, ...], *, target: float, delta: float
) -> Certificate:
    """State what a tested sequence says about one policy.

    Args:
        policy: The policy that was chosen, whether it passed or not.
        table: The ``certify`` table of its network.
        sequence: As :func:`fixed_sequence` gives it.
        target: Least accuracy.
        delta: In (0, 1).
    """
    n_errors, n = _count_errors(policy, table), table.n_samples
    certified = any(step.passed and step.policy_hash == policy.policy_hash for step in sequence)
    needed = None if certified else samples_needed(n_errors / n, target=target, delta=delta)
    return Certificate(
        certified=certified,
        reason="" if certified else _why_not(table, sequence, target=target, delta=delta),
        target=target,
        delta=delta,
        n=n,
        observed=1 - n_errors / n,
        bound=accuracy_lower_bound(n_errors, n, delta=delta),
        p_value=error_p_value(n_errors, n, target),
        more_samples_needed=None if needed is None else max(needed - n, 0),
        sequence=sequence,
        table_hash=table.split_hash,
        policy_hash=policy.policy_hash,
    )


def error_p_value(n_errors: int, n: int, target: float) -> float:
    """P(Binomial(n, 1 - target) <= n_errors): small when the accuracy is surely above the target."""
    return float(binom.cdf(n_errors, n, 1 - target))


def certifiable_accuracy(n: int, *, target: float, delta: float) -> float | None:
    """Least accuracy that, observed on ``n`` samples, certifies the target; None where even no error would not do.

    A search that aims at less than this finds policies that cannot be certified.
    """
    most_errors = int(binom.ppf(delta, n, 1 - target))
    while most_errors >= 0 and error_p_value(most_errors, n, target) > delta:
        most_errors -= 1
    return None if most_errors < 0 else 1 - most_errors / n


def accuracy_lower_bound(n_errors: int, n: int, *, delta: float) -> float:
    """One-sided Clopper-Pearson lower bound of the accuracy at confidence ``1 - delta``."""
    return 0.0 if n_errors == n else float(1 - beta.ppf(1 - delta, n_errors + 1, n - n_errors))


def samples_needed(error_rate: float, *, target: float, delta: float) -> int | None:
    """Fewest samples that certify the target if the observed error rate stays as it is; None if none would."""
    if error_rate >= 1 - target:
        return None
    n = 1
    while error_p_value(math.ceil(error_rate * n), n, target) > delta:
        n *= 2
        if n > _MOST_SAMPLES:
            return None
    low, high = n // 2, n
    while high - low > 1:
        middle = (low + high) // 2
        if error_p_value(math.ceil(error_rate * middle), middle, target) > delta:
            low = middle
        else:
            high = middle
    return high


def _count_errors(policy: Policy, table: ExitTable) -> int:
    return int((policy.decide(table).answers != table.labels).sum())


def _why_not(table: ExitTable, sequence: tuple[SequenceStep, ...], *, target: float, delta: float) -> str:
    if table.groups is not None:
        return "samples share groups, so they are not independent and this certificate does not apply to them"
    failed = next((step for step in sequence if not step.passed), None)
    if failed is None:
        return "the policy was not among those that were tested"
    which = "the safest policy's" if failed is sequence[0] else "a safer policy's"
    seen = f"{which} accuracy on certify is {failed.observed_accuracy:.4f}"
    if failed.observed_accuracy < target:
        return f"{seen}, below the target {target:g}"
    return (
        f"{seen}, above the target {target:g}, but {table.n_samples} samples are too few to be sure "
        f"at delta {delta:g} (p = {failed.p_value:.3g})"
    )
