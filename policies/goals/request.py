"""What is asked of a policy, in the words that a person asks in, and the goal and the claim that it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from policies.certificates.claims import Claim
from policies.certificates.outcomes import is_certifiable
from policies.goals.goal import Goal
from policies.goals.objectives import get_objective
from policies.options import Options, RequestError
from policies.qualities import get_quality
from policies.qualities.base import ACCURACY
from policies.qualities.drop import DropLimit
from policies.registry import title_of
from policies.tables.base import ExitTable
from policies.tables.latency import KEY as LATENCY_KEY
from policies.tables.latency import checked_latency


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "f1-under-budget": {"quality": "macro_f1", "objective": "latency", "budget": 4.0},
}
"""Options by preset; what is given goes before. ``f1-under-budget``: best macro-F1 with at most 4 ms on average."""

_FLOOR = "worst_class_recall"
"""The quality of which a least value is claimed class by class."""

Target = Annotated[
    float | None,
    Field(
        gt=0,
        le=1,
        examples=[0.95],
        description="Least accuracy, or least value of another `quality`, as a share. Nothing is asked of it where "
        "left out; then a drop or a budget must be given.",
    ),
]
Delta = Annotated[
    float,
    Field(gt=0, lt=1, examples=[0.05], description="Largest probability that a certificate states what does not hold."),
]


class GoalFields(BaseModel):
    """What is asked of a policy beside its target: the fields, as every place that takes them declares them.

    A preset fills in what is not given.
    """

    preset: Literal["f1-under-budget"] | None = Field(
        default=None,
        description="Defaults for `quality`, `objective` and `budget`: `f1-under-budget` looks for the best "
        "macro-F1 within 4 ms on average. A target is then only what is given as one, without its default.",
    )
    quality: str = Field(
        default="accuracy",
        description="What is wanted most of, and what the target is about: `accuracy`, `macro_f1`, "
        "`worst_class_recall`, `top5_accuracy`; of detectors `map_50`, which is theirs where nothing is named, `map`, "
        "`map_75`, `worst_class_map_50`, `image_f1`, `found_objects`; or your own as `module:attribute`.",
    )
    objective: str = Field(
        default="depth",
        description="What is minimised: `depth`, the mean number of exits passed; `cost`, the mean cost as a share of "
        "the full network's; `latency`, the mean milliseconds; or your own as `module:attribute`.",
    )
    max_drop: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        examples=[0.01],
        description="Largest accuracy lost against the same network without early exits; 0.01 is one point. Where "
        "answers are not right or wrong, as a detector's are not, it is the largest loss of `quality`.",
    )
    max_relative_drop: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        examples=[0.15],
        description="As `max_drop`, but as a share of what the network without early exits has; 0.15 keeps 85 % of it. "
        "At most one of the two is given.",
    )
    max_drop_greedy: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        examples=[0.01],
        description="Largest accuracy lost, or loss of `quality` as for `max_drop`, against one threshold for all "
        "exits, tuned greedily for the other limits.",
    )
    budget: float | None = Field(
        default=None,
        gt=0,
        examples=[2],
        description="Largest mean `objective`, in exits, in shares of the full network's cost or in milliseconds; "
        "the policy of best `quality` within it is then chosen.",
    )
    bounds: Mapping[str, float] = Field(
        default_factory=dict,
        description="Further limits, as shares: the least value of any `quality`, such as `macro_f1`, "
        "`worst_class_recall` or `image_f1`, or the largest `flip_rate_to_exit`.",
    )
    latency_ms: tuple[float, ...] = Field(
        default=(),
        description="Measured milliseconds up to each exit, increasing, one number for each exit. Where left out: "
        "what a table states, or in a sweep what is measured, where `objective` is `latency`.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        """Of the preset, what is not given; a preset that is none is refused with its field."""
        preset = values.get("preset") if isinstance(values, Mapping) else None
        return {**PRESETS[preset], **values} if isinstance(preset, str) and preset in PRESETS else values


class Request(Options, GoalFields):
    """What a policy must do, and what it is to spend the least of.

    At least one of ``target``, ``max_drop`` or ``max_relative_drop``, ``max_drop_greedy`` and ``budget`` is given; what
    is given must hold together.

    Raises:
        RequestError: If nothing is asked for, or a number is out of range.
        ExitSearchError: If a quality is unknown.
    """

    target: Target = None
    delta: Delta = 0.05

    @model_validator(mode="after")
    def _check(self) -> Request:
        if self.target is None and not self.drops and self.budget is None:
            raise RequestError(
                "target",
                "is missing, and so are max_drop, max_relative_drop, max_drop_greedy and budget; give one of them",
            )
        if self.max_drop is not None and self.max_relative_drop is not None:
            raise RequestError(
                "max_relative_drop", "limits the same loss as max_drop but both were given; give one of them"
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
        if self.max_relative_drop is not None and not get_quality(self.drop_quality).is_maximised:
            raise RequestError(
                "max_relative_drop",
                f"is a share of a quality of which more is better but less {self.drop_quality} is; give max_drop",
            )
        return self

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
        return tuple(drop for drop in (self.full_drop, self.greedy_drop) if drop is not None)

    @property
    def full_drop(self) -> DropLimit | None:
        """How much may be lost against the full network; None where nothing is asked."""
        if self.max_relative_drop is not None:
            return DropLimit(self.max_relative_drop, self.drop_quality, is_relative=True)
        return None if self.max_drop is None else DropLimit(self.max_drop, self.drop_quality)

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
        over samples. There is no certificate for macro-F1 or mean average precision, for a budget (which is known
        exactly) or for a drop against the greedy policy.
        """
        least = {**self.bounds, **({} if self.target is None else {self.quality: self.target})}
        means = {name: bound for name, bound in least.items() if bound and name != ACCURACY and is_certifiable(name)}
        drop = self.full_drop if self.full_drop is not None and is_certifiable(self.drop_quality) else None
        floor = least.get(_FLOOR) or None
        about = self._claimed_quality(means, drop)
        target = least.get(ACCURACY) or None if about == ACCURACY else means.pop(about, None)
        if target is None and drop is None:
            target = floor
        if target is None and drop is None:
            return None
        return Claim(
            target=target,
            max_drop=None if drop is None else self.max_drop,
            max_relative_drop=None if drop is None else self.max_relative_drop,
            class_floor=floor,
            quality=about,
            bounds=means,
        )

    def _claimed_quality(self, means: Mapping[str, float], drop: DropLimit | None) -> str:
        """What the main part of the claim is about."""
        if drop is not None:
            return drop.quality
        if self.drop_quality == ACCURACY or not means:
            return ACCURACY
        return self.quality if self.quality in means else next(iter(means))

    @property
    def rest(self) -> Request | None:
        """What of it the claim does not cover, and can only be estimated; None where that is nothing but a budget."""
        least = {**({} if self.target is None else {self.quality: self.target}), **self.bounds}
        left = {name: limit for name, limit in least.items() if not (name == _FLOOR or is_certifiable(name))}
        drop = None if is_certifiable(self.drop_quality) else self.full_drop
        if not (left or drop or self.greedy_drop):
            return None
        # A limit of nothing cannot lead, as the least of a quality of which less is better.
        leading = [name for name, limit in left.items() if limit > 0]
        if not (leading or drop or self.greedy_drop):
            return self
        quality = self.quality if self.quality in left or drop or self.greedy_drop else leading[0]
        given = {"target": left.pop(quality, None), "bounds": left, "quality": quality}
        return Request(**{**dict(self), **given, **({} if drop else {"max_drop": None, "max_relative_drop": None})})

    def with_claim(self, claim: Claim) -> Request:
        """The same with the limits of another claim of the same parts."""
        limits = {claim.quality: claim.target, _FLOOR: claim.class_floor, **claim.bounds}
        bounds = {name: limits.get(name) or bound for name, bound in self.bounds.items()}
        given = {
            "target": self.target and (limits.get(self.quality) or self.target),
            "max_drop": self.max_drop and _first(claim.max_drop, self.max_drop),
            "max_relative_drop": self.max_relative_drop and _first(claim.max_relative_drop, self.max_relative_drop),
        }
        return Request(**{**dict(self), **given, "bounds": bounds})

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
        whose = ("the full network", self.full_drop), ("the greedy shared threshold", self.greedy_drop)
        wanted += [f"a {drop.name} of at most {drop.limit:.4g} against {other}" for other, drop in whose if drop]
        if self.budget is not None:
            wanted.append(f"mean {self.objective} {self.budget:g}")
        return ", ".join(wanted)


def _first(*limits: float | None) -> float | None:
    """The first limit that is one."""
    return next((limit for limit in limits if limit is not None), None)
