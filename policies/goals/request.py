"""What is asked of a policy, in the words that a person asks in, and the goal and the claim that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from policies.certificates.claims import Claim
from policies.errors import ExitSearchError
from policies.goals.goal import EFFORTS, Goal
from policies.tables.base import ExitTable
from policies.tables.latency import KEY as LATENCY_KEY
from policies.tables.latency import checked_latency


class RequestError(ExitSearchError):
    """Something was asked for that cannot be.

    Attributes:
        key: What was asked for, as a sweep file calls it.
        rule: What must hold of it, what was given, and what to do.
    """

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(f"{key} {rule}")
        self.key, self.rule = key, rule


@dataclass(frozen=True)
class Request:
    """What a policy must do, and what it is to spend the least of.

    At least one of ``target``, ``max_drop``, ``max_drop_greedy`` and ``budget`` is given; what is given must hold
    together.

    Attributes:
        target: Least value of ``quality``, in (0, 1].
        quality: What is maximised: ``accuracy`` or another quality of which more is better.
        objective: What is minimised: ``depth``, ``cost`` or ``latency``.
        max_drop: Largest accuracy lost against the same network without early exits, in [0, 1).
        max_drop_greedy: Largest accuracy lost against the greedy shared threshold, as tuned for the other limits.
        budget: Largest mean depth, cost or milliseconds; the policy of best quality is then wanted.
        bounds: Further qualities and their bounds: least values, or largest where less is better.
        latency_ms: Measured time up to each exit; where empty, what a table states.
        delta: Largest probability of certifying what does not hold, in (0, 1).

    Raises:
        RequestError: If nothing is asked for, or a number is out of range.
        ExitSearchError: If a quality or an objective is unknown.
    """

    target: float | None = None
    quality: str = "accuracy"
    objective: str = "depth"
    max_drop: float | None = None
    max_drop_greedy: float | None = None
    budget: float | None = None
    bounds: Mapping[str, float] = field(default_factory=dict)
    latency_ms: tuple[float, ...] = ()
    delta: float = 0.05

    def __post_init__(self) -> None:
        if all(limit is None for limit in (self.target, self.max_drop, self.max_drop_greedy, self.budget)):
            raise RequestError(
                "target", "is missing, and so are max_drop, max_drop_greedy and budget; give one of them"
            )
        if self.target is not None and not 0 < self.target <= 1:
            hint = f"; did you mean {self.target / 100:g}?" if 2 <= self.target <= 100 else ""
            raise RequestError("target", f"must be above 0 and at most 1 but is {self.target:g}{hint}")
        if not 0 < self.delta < 1:
            raise RequestError("delta", f"must lie strictly between 0 and 1 but is {self.delta:g}; usual is 0.05")
        for key, drop in {"max_drop": self.max_drop, "max_drop_greedy": self.max_drop_greedy}.items():
            if drop is not None and not 0 <= drop < 1:
                raise RequestError(key, f"must be at least 0 and below 1 but is {drop:g}; 0.01 is one point")
        # Names and the other numbers are the goal's to judge; times are known once there is a table.
        Goal(
            target=self.target or 0.0,
            quality=self.quality,
            effort=self.objective,
            budget=self.budget,
            bounds=self.bounds,
            latency_ms=self.latency_ms or (1.0,),
        )

    def goal_without_drops(self, search: ExitTable) -> Goal:
        """What to search for on a table, but for drops; :func:`~policies.selection.references.goal_on` counts those in.

        Raises:
            ExitSearchError: If latency is to be minimised and nobody measured it, or not for so many exits.
        """
        goal = Goal(
            target=self.target,
            quality=self.quality,
            effort=self.objective,
            budget=self.budget,
            bounds=self.bounds,
            latency_ms=self._latency_ms(search),
        )
        goal.effort_of_exits(search.cost)
        return goal

    @property
    def drops(self) -> tuple[float, ...]:
        """Largest accuracies lost, each against one of :func:`~policies.selection.references.references`."""
        return tuple(drop for drop in (self.max_drop, self.max_drop_greedy) if drop is not None)

    @property
    def effort_column(self) -> str:
        """The figure that is minimised, as fronts and reports call it."""
        return EFFORTS[self.objective]

    @property
    def axes(self) -> str:
        """What a front shows, for a person."""
        return f"{self.quality.replace('_', ' ')} against mean {self.objective}"

    @property
    def claim(self) -> Claim | None:
        """What of it can be certified; None where nothing can.

        A least recall of every class is a least accuracy too. There is no certificate for macro-F1, for a budget (which
        is known exactly) or for a drop against the greedy policy.
        """
        least = {**self.bounds, **({} if self.target is None else {self.quality: self.target})}
        floor = least.get("worst_class_recall") or None
        target = least.get("accuracy") or None
        if target is None and self.max_drop is None:
            target = floor
        if target is None and self.max_drop is None:
            return None
        return Claim(target=target, max_drop=self.max_drop, class_floor=floor)

    def with_claim(self, claim: Claim) -> Request:
        """The same with the limits of another claim of the same parts."""
        limits = {"accuracy": claim.target, "worst_class_recall": claim.class_floor}
        bounds = {name: limits.get(name) or bound for name, bound in self.bounds.items()}
        target = self.target and (limits.get(self.quality) or self.target)
        max_drop = None if self.max_drop is None else claim.max_drop
        return replace(self, target=target, max_drop=max_drop, bounds=bounds)

    def _latency_ms(self, search: ExitTable) -> tuple[float, ...]:
        """What was asked with, else what the table states; none where it is not needed."""
        times = self.latency_ms or (search.meta.get(LATENCY_KEY) if self.objective == "latency" else None)
        return () if not times else tuple(checked_latency(times, search.n_exits).tolist())

    def __str__(self) -> str:
        """What is wanted, for a person."""
        wanted = [] if self.target is None else [f"{self.quality} {self.target:.4g}"]
        wanted += [f"{name} {bound:.4g}" for name, bound in self.bounds.items()]
        if self.max_drop is not None:
            wanted.append(f"a drop of at most {self.max_drop:.4g} against the full network")
        if self.max_drop_greedy is not None:
            wanted.append(f"a drop of at most {self.max_drop_greedy:.4g} against the greedy shared threshold")
        if self.budget is not None:
            wanted.append(f"mean {self.objective} {self.budget:g}")
        return ", ".join(wanted)
