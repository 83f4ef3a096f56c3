"""What is asked of a policy, in the words that a person asks in, and the goal and the claim that it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from policies.certificates.claims import Claim
from policies.goals.goal import Goal
from policies.goals.objectives import get_objective
from policies.options import Options, RequestError
from policies.registry import title_of
from policies.tables.base import ExitTable
from policies.tables.latency import KEY as LATENCY_KEY
from policies.tables.latency import checked_latency


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "f1-under-budget": {"quality": "macro_f1", "objective": "latency", "budget": 4.0},
}
"""Options by preset; what is given goes before. ``f1-under-budget``: best macro-F1 with at most 4 ms on average."""

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
        "`worst_class_recall`, `top5_accuracy`, or your own as `module:attribute`.",
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
        description="Largest accuracy lost against the same network without early exits; 0.01 is one point.",
    )
    max_drop_greedy: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        examples=[0.01],
        description="Largest accuracy lost against one threshold for all exits, tuned greedily for the other limits.",
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
        description="Further limits, as shares: least `accuracy`, `macro_f1`, `worst_class_recall` or "
        "`top5_accuracy`, largest `flip_rate_to_exit`.",
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

    At least one of ``target``, ``max_drop``, ``max_drop_greedy`` and ``budget`` is given; what is given must hold
    together.

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
                "target", "is missing, and so are max_drop, max_drop_greedy and budget; give one of them"
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
    def drops(self) -> tuple[float, ...]:
        """Largest accuracies lost, each against one of :func:`~policies.selection.references.references`."""
        return tuple(drop for drop in (self.max_drop, self.max_drop_greedy) if drop is not None)

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
        return Request(**{**dict(self), "target": target, "max_drop": max_drop, "bounds": bounds})

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
        if self.max_drop is not None:
            wanted.append(f"a drop of at most {self.max_drop:.4g} against the full network")
        if self.max_drop_greedy is not None:
            wanted.append(f"a drop of at most {self.max_drop_greedy:.4g} against the greedy shared threshold")
        if self.budget is not None:
            wanted.append(f"mean {self.objective} {self.budget:g}")
        return ", ".join(wanted)
