"""A kind of answers from outside the packages: a grade between 0 and 4 for each sample, judged by its distance.

Each exit gives a grade and how wide its guess is. Nothing is right or wrong, so there is neither accuracy nor
certificate; the mean absolute error is minimised, and is a *pooled* quality: it looks at all answers together.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from policies.errors import ExitTableError
from policies.metrics.policy import spent_figures
from policies.qualities import PooledQuality
from policies.rules.base import Gate, Rule, Step
from policies.tables.base import ExitTable, Outputs, Truth
from policies.tasks import Task


@dataclass(frozen=True)
class Guess:
    """Grades and widths of ``n`` samples at one exit, shape (n,) each."""

    grades: np.ndarray
    widths: np.ndarray


@dataclass(frozen=True)
class Guesses(Outputs):
    """Grades and widths at every exit, shape (n, E) each."""

    grades: np.ndarray
    widths: np.ndarray

    n_samples = property(lambda self: len(self.grades))
    n_exits = property(lambda self: self.grades.shape[1])
    row_size = property(lambda self: 2)

    def at(self, exit_index):
        return Guess(self.grades[:, exit_index], self.widths[:, exit_index])

    def take(self, rows):
        return Guesses(self.grades[rows], self.widths[rows])


@dataclass(frozen=True)
class Grades(Truth):
    """The true grades, shape (N,)."""

    grades: np.ndarray

    n_samples = property(lambda self: len(self.grades))

    def take(self, rows):
        return Grades(self.grades[rows])


@dataclass(frozen=True)
class OrdinalTable(ExitTable):
    """Guesses at every exit, and true grades."""

    task: ClassVar[str] = "tests.toys.ordinal:ORDINAL"

    grades: np.ndarray
    widths: np.ndarray
    truths: np.ndarray

    outputs = property(lambda self: Guesses(self.grades, self.widths))
    truth = property(lambda self: Grades(self.truths))
    exit_answers = property(lambda self: self.grades)

    def arrays(self):
        return {name: getattr(self, name) for name in ("grades", "widths", "truths", "cost", "ids")}

    def take(self, rows):
        own = {name: getattr(self, name)[rows] for name in ("grades", "widths", "truths", "ids")}
        return OrdinalTable(**own, cost=self.cost, meta=self.meta)

    @classmethod
    def read(cls, given, faults, name):
        if faults:
            raise ExitTableError(f"{name}: {'; '.join(faults.values())}")
        return cls(**{key: given[key] for key in ("grades", "widths", "truths", "cost", "ids")})


class NarrowGate(Gate):
    """Minus the width of the guess."""

    def step(self, state, exit_index, outputs):
        return Step(-outputs.widths.astype(float), outputs.grades)


class Narrow(Rule[OrdinalTable]):
    """Leave when the guess is narrow enough."""

    name: ClassVar[str] = "tests.toys.ordinal:NARROW"
    task: ClassVar[str] = OrdinalTable.task

    def gate(self, temperatures, params):
        return NarrowGate()


class MeanAbsoluteError(PooledQuality[Grades]):
    """Mean distance between grade and true grade."""

    name: ClassVar[str] = "mean_absolute_error"
    task: ClassVar[str | None] = OrdinalTable.task
    is_maximised: ClassVar[bool] = False
    highest: ClassVar[float] = np.inf

    def judge(self, view, truth):
        errors = np.abs(view.answers - truth.grades[:, None])
        return lambda exits: errors[np.arange(len(errors)), exits].mean(axis=1)


class Ordinal(Task[OrdinalTable]):
    """Grades."""

    name: ClassVar[str] = OrdinalTable.task
    table_type: ClassVar[type[ExitTable]] = OrdinalTable
    quality: ClassVar[str] = "tests.toys.ordinal:ERROR"
    rules: ClassVar[tuple[str, ...]] = ("tests.toys.ordinal:NARROW",)
    baseline_rule: ClassVar[str] = "tests.toys.ordinal:NARROW"

    def exit_figures(self, table, temperatures):
        errors = np.abs(table.grades - table.truths[:, None]).mean(axis=0)
        return [
            {"depth": k + 1, "cost": float(table.cost[k]), self.quality: float(error)} for k, error in enumerate(errors)
        ]

    def policy_figures(self, table, decision):
        error = float(np.abs(decision.answers - table.truths).mean())
        return {self.quality: error, **spent_figures(table, decision)}


NARROW, ERROR, ORDINAL = Narrow(), MeanAbsoluteError(), Ordinal()


def make_ordinal_table(n_samples=300, n_exits=4, *, seed=0, prefix="s"):
    """Guesses that get better with depth, and that know how wide they are."""
    rng = np.random.default_rng(seed)
    truths = rng.uniform(0, 4, n_samples)
    widths = rng.exponential(1.0, (n_samples, 1)) * np.linspace(1.2, 0.3, n_exits)
    return OrdinalTable(
        grades=truths[:, None] + widths * rng.normal(size=widths.shape),
        widths=widths,
        truths=truths,
        cost=np.linspace(1 / n_exits, 1.0, n_exits),
        ids=np.array([f"{prefix}{i}" for i in range(n_samples)]),
    )
