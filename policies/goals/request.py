"""What is asked of a policy, in the words that a person asks in, and the goal and the claim that it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field, model_validator

from policies.certificates.claims import Claim, Limits
from policies.certificates.losses import Loss, own_loss
from policies.certificates.outcomes import is_certifiable, is_drop_certifiable
from policies.certificates.statements import by_quality
from policies.goals.fields import Delta, GoalFields, Target
from policies.goals.goal import Goal
from policies.goals.objectives import get_objective
from policies.names import list_some
from policies.options import Options, RequestError
from policies.qualities import get_quality
from policies.qualities.base import ACCURACY, EXACT_MATCH
from policies.qualities.drop import DropLimit
from policies.registry import title_of
from policies.tables.base import ExitTable
from policies.tables.latency import KEY as LATENCY_KEY
from policies.tables.latency import checked_latency


_DROPS = ("max_drop", "max_relative_drop")
_FLOOR = "worst_class_recall"
"""The quality of which a least value is claimed class by class."""


class Request(Options, GoalFields):
    """What a policy must do, and what it is to spend the least of.

    At least one of ``target``, ``max_drop`` or ``max_relative_drop``, ``max_drop_greedy`` and ``budget`` is given; what
    is given must hold together.

    Raises:
        RequestError: If nothing is asked for, or a number is out of range.
        ExitSearchError: If a quality is unknown.

    Example:
        >>> print(Request(max_drop={"exact_match": 0.01, "hamming": 0.005}, objective="cost"))
        a drop of exact_match of at most 0.01 against the full network, a drop of hamming of at most 0.005 against the
        full network
    """

    target: Target = None
    delta: Delta = 0.05
    of_values: Mapping[str, Claim] = Field(
        default_factory=dict,
        description="What must hold of the samples of each value of `by`, where it is another number than what is "
        "asked of all: a search target has them, with a margin of their own for each.",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_the_kind_of_its_drops(cls, values: Any) -> Any:
        """Where no quality is asked for, one that judges such answers as the drops are of."""
        if not isinstance(values, Mapping) or values.get("quality") or values.get("preset"):
            return values
        drops = [values.get(name) for name in _DROPS]
        names = [name for drop in drops if isinstance(drop, Mapping) for name in drop if isinstance(name, str)]
        tasks = [get_quality(name).task for name in names]
        if not names or tasks[0] in (None, get_quality(ACCURACY).task):
            return values
        whole = get_quality(EXACT_MATCH).task == tasks[0]
        return {**values, "quality": EXACT_MATCH if whole else names[0]}

    @model_validator(mode="after")
    def _check(self) -> Request:
        self._check_drops()
        if self.target is None and not self.drops and self.budget is None:
            raise RequestError(
                "target",
                "is missing, and so are max_drop, max_relative_drop, max_drop_greedy and budget; give one of them",
            )
        # Names and bounds are the goal's to judge; times are known once there is a table.
        Goal(
            target=self.target or 0.0,
            quality=self.quality,
            objective=self.objective,
            budget=self.budget,
            bounds=self.bounds,
            latency_ms=self.latency_ms or (1.0,),
        )
        if self.by is not None and self.claim is None:
            raise RequestError(
                "by", "is for what can be certified, of which nothing is asked for; ask for a target, or leave it out"
            )
        return self

    def _check_drops(self) -> None:
        relative = by_quality(self.max_relative_drop, self.drop_quality)
        twice = [name for name in by_quality(self.max_drop, self.drop_quality) if name in relative]
        if twice:
            of_it = "" if twice == [ACCURACY] else f" of {twice[0]}"
            raise RequestError(
                "max_relative_drop", f"limits the same loss{of_it} as max_drop but both were given; give one of them"
            )
        task = get_quality(self.quality).task
        for drop in self.full_drops:
            own = get_quality(drop.quality)
            if drop.is_relative and not own.is_maximised:
                raise RequestError(
                    "max_relative_drop",
                    f"is a share of a quality of which more is better but less {drop.quality} is; give max_drop",
                )
            if None not in (task, own.task) and task != own.task:
                raise RequestError(
                    "max_relative_drop" if drop.is_relative else "max_drop",
                    f"must be of qualities of one kind of answers but {drop.quality} is for task {own.task!r} and "
                    f"{self.quality} for {task!r}; name others, or another quality",
                )

    def goal_without_drops(self, search: ExitTable) -> Goal:
        """What to search for on a table, but for drops; :func:`~policies.selection.references.goal_on` counts those in.

        Raises:
            ExitSearchError: If latency is to be minimised and nobody measured it, or not for so many exits.
        """
        goal = Goal(
            target=self.target,
            quality=self.quality,
            objective=self.objective,
            budget=self.budget,
            bounds=self.bounds,
            latency_ms=self._latency_ms(search),
        )
        goal.objective_of_exits(search.cost)
        return goal

    @property
    def drops(self) -> tuple[DropLimit, ...]:
        """The limits of drops, each against one of :func:`~policies.selection.references.references`."""
        return (*self.full_drops, *(() if self.greedy_drop is None else (self.greedy_drop,)))

    @property
    def full_drops(self) -> tuple[DropLimit, ...]:
        """How much may be lost of each quality against the full network; none where nothing is asked."""
        plain = by_quality(self.max_drop, self.drop_quality).items()
        relative = by_quality(self.max_relative_drop, self.drop_quality).items()
        return (
            *(DropLimit(limit, name) for name, limit in plain),
            *(DropLimit(limit, name, is_relative=True) for name, limit in relative),
        )

    @property
    def greedy_drop(self) -> DropLimit | None:
        """How much may be lost against the greedy shared threshold; None where nothing is asked."""
        return None if self.max_drop_greedy is None else DropLimit(self.max_drop_greedy, self.drop_quality)

    @property
    def drop_quality(self) -> str:
        """What drops are counted in: accuracy, or where answers of that kind have none, the quality asked for."""
        has_accuracy = get_quality(self.quality).task in (None, get_quality(ACCURACY).task)
        return ACCURACY if has_accuracy else self.quality

    @property
    def objective_column(self) -> str:
        """The figure that is minimised, as fronts and reports call it."""
        return get_objective(self.objective).column

    @property
    def axes(self) -> str:
        """What a front shows, for a person."""
        return f"{title_of(self.quality)} against mean {title_of(self.objective)}"

    @property
    def claim(self) -> Claim | None:
        """What of it can be certified; None where nothing can.

        A least recall of every class is a least accuracy too. Of other qualities those can be certified that are means
        over samples, and of sets of labels F1, recall and precision, but no drop of these. There is no certificate for
        macro-F1 or mean average precision, for a budget (which is known exactly) or for a drop against the greedy
        policy.
        """
        least = {**self.bounds, **({} if self.target is None else {self.quality: self.target})}
        stated = {
            name: bound
            for name, bound in least.items()
            if name != ACCURACY and is_certifiable(name) and (bound or own_loss(name) is Loss.EXCESS)
        }
        drops = self._claimed_drops
        floor = least.get(_FLOOR) or None
        about = self._claimed_quality(stated, drops, has_accuracy=bool(least.get(ACCURACY) or floor))
        target = least.get(ACCURACY) or None if about == ACCURACY else stated.pop(about, None)
        has_drops = any(drop is not None for drop in drops.values())
        if target is None and not has_drops:
            target = floor
        if target is None and not has_drops:
            return None
        return Claim(target=target, **drops, class_floor=floor, quality=about, bounds=stated, by=self.by)

    @property
    def _claimed_drops(self) -> dict[str, Any]:
        """The limits of drops that can be certified, by their fields: as they were asked."""
        return self._drops_that(is_drop_certifiable)

    def _drops_that(self, hold: Callable[[str], bool]) -> dict[str, Any]:
        """The limits of drops of the qualities that something holds for, by their fields; None where there is none."""
        found: dict[str, Any] = {}
        for name in _DROPS:
            given = getattr(self, name)
            kept = {one: limit for one, limit in by_quality(given, self.drop_quality).items() if hold(one)}
            found[name] = (kept if isinstance(given, Mapping) else given) if kept else None
        return found

    def _claimed_quality(self, stated: Mapping[str, float], drops: Mapping[str, Limits], *, has_accuracy: bool) -> str:
        """What the main part of the claim is about: a bare drop, else accuracy, else the quality that is asked for."""
        if any(drop is not None and not isinstance(drop, Mapping) for drop in drops.values()):
            return self.drop_quality
        if has_accuracy:
            return ACCURACY
        named = [*stated, *(name for drop in drops.values() for name in by_quality(drop, ACCURACY))]
        return self.quality if self.quality in named or not named else named[0]

    @property
    def rest(self) -> Request | None:
        """What of it the claim does not cover, and can only be estimated; None where that is nothing but a budget."""
        least = {**({} if self.target is None else {self.quality: self.target}), **self.bounds}
        left = {name: limit for name, limit in least.items() if not (name == _FLOOR or is_certifiable(name))}
        drops = self._drops_that(lambda name: not is_drop_certifiable(name))
        has_drops = any(drop is not None for drop in drops.values()) or self.greedy_drop is not None
        if not (left or has_drops):
            return None
        # A limit of nothing cannot lead, as the least of a quality of which less is better.
        leading = [name for name, limit in left.items() if limit > 0]
        if not (leading or has_drops):
            return self.model_copy(update={"by": None, "of_values": {}})
        quality = self.quality if self.quality in left or has_drops else leading[0]
        given = {"target": left.pop(quality, None), "bounds": left, "quality": quality}
        # What cannot be certified is estimated over all samples.
        return Request(**{**dict(self), **given, **drops, "by": None, "of_values": {}})

    def with_claim(self, claim: Claim, of_values: Mapping[str, Claim] | None = None) -> Request:
        """The same with the limits of another claim of the same parts.

        Args:
            claim: The claim, of all samples.
            of_values: The same for those of some values of the column ``by``, which have limits of their own.
        """
        limits = {claim.quality: claim.target, _FLOOR: claim.class_floor, **claim.bounds}
        bounds = {name: limits.get(name) or bound for name, bound in self.bounds.items()}
        drops = {name: _tightened(getattr(self, name), getattr(claim, name)) for name in _DROPS}
        target = self.target and (limits.get(self.quality) or self.target)
        limits_of_values = dict(of_values or {})
        return Request(**{**dict(self), "target": target, **drops, "bounds": bounds, "of_values": limits_of_values})

    def _latency_ms(self, search: ExitTable) -> tuple[float, ...]:
        """What was asked with, else what the table states; none where it is not needed."""
        times = self.latency_ms or (
            search.meta.get(LATENCY_KEY) if get_objective(self.objective).needs_latency else None
        )
        return () if not times else tuple(checked_latency(times, search.n_exits).tolist())

    def __str__(self) -> str:
        """What is wanted, for a person."""
        wanted = [] if self.target is None else [f"{self.quality} {self.target:.4g}"]
        wanted += [f"{name} {bound:.4g}" for name, bound in self.bounds.items()]
        whose = [("the full network", drop) for drop in self.full_drops]
        whose += [] if self.greedy_drop is None else [("the greedy shared threshold", self.greedy_drop)]
        wanted += [f"a {drop.name} of at most {drop.limit:.4g} against {other}" for other, drop in whose]
        if self.budget is not None:
            wanted.append(f"mean {self.objective} {self.budget:g}")
        return ", ".join(wanted) + self._by_value

    @property
    def _by_value(self) -> str:
        """What is wanted of every value of the column, as a further clause; empty where that is nothing."""
        if self.by is None:
            return ""
        if not self.of_values:
            return f", for every value of {self.by}"
        told = [
            f"{value}: {', '.join(f'{one.required:.4g}' for one in own.statements)}"
            for value, own in self.of_values.items()
        ]
        return f", for every value of {self.by} ({list_some(told, are_quoted=False)})"


def _tightened(asked: Limits, claimed: Limits) -> Limits:
    """Limits of drops, with those of a claim where it has any."""
    if claimed is None or asked is None:
        return asked
    return {**asked, **claimed} if isinstance(asked, Mapping) and isinstance(claimed, Mapping) else claimed
