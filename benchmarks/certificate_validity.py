"""Does any test of a certificate pass more often than it says, where the claim just does not hold?

Every test is run on losses whose true mean is exactly the limit, so that it should pass in at most delta of all draws:
losses of 0 and 1, means of groups, shares, what is lost and gained, relative drops, ratios of labels (the families of
``boundary_losses.py``), from 20 to 5,000 units. Whole procedures on tables of logits follow (those of
``boundary_procedures.py``), with fewer draws where one takes long. A cell is the share of the draws that passed, in per
cent, with its exact 95 % interval (Clopper-Pearson). The exit status is 1 if a share is above delta beyond chance (by
an exact binomial test, Bonferroni).
Usage: ``python benchmarks/certificate_validity.py [--samples N] [--delta D] [--tests NAME ...]``; six minutes.
"""

from __future__ import annotations

import argparse
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
import math
from typing import Any
from zlib import crc32

from boundary_losses import (
    BINARY,
    CONTINUOUS,
    GROUPS,
    RATIOS,
    RELATIVE,
    SHARES,
    SIGNED,
    SIGNED_SHARES,
    Family,
    Losses,
    PowerLosses,
)
from boundary_procedures import (
    LABELLED_WORLDS,
    PROCEDURE_SIZES,
    WORLDS,
    by_worlds,
    fixed_sequence_errs,
    labelling_errs,
    split_sequences_err,
)
import numba
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import binom, binomtest

from policies.certificates.bounds.betting import betting_order
from policies.certificates.bounds.binomial import binomial_p_value
from policies.certificates.bounds.paired import paired_passes
from policies.certificates.bounds.sums import sum_p_values
from policies.certificates.losses import Loss
from policies.certificates.parts.base import MeanTest
from policies.certificates.parts.drop import DropPart
from policies.certificates.testing.chosen_tests import of_more_power


N_DRAWS = 20_000
SIZES = (20, 50, 100, 300, 1_000, 2_000, 5_000)
CHANCE = 0.05
_LARGEST_STAKE = 0.9
_ROUNDING = 1e-9
_BLOCK = 200_000

CountTest = Callable[[NDArray[np.int64], Losses, float], bool]
"""Whether a test passes by how many losses have each value, shape (V,), at a level."""
PassingShare = Callable[[Any, int, int, float, np.random.Generator], int]
"""How many draws pass, by losses or world, number of units, number of draws and delta."""


@dataclass(frozen=True)
class Check:
    """A test of certificates and the losses that it is run on.

    Attributes:
        name: What the table calls the test.
        families: Losses, or worlds, that the test is for.
        n_passed: Number of the draws in which it passes.
        sizes: Numbers of units.
        most_draws: Most draws of each share: fewer than of the others where one takes milliseconds.
    """

    name: str
    families: tuple[Family, ...]
    n_passed: PassingShare
    sizes: tuple[int, ...] = SIZES
    most_draws: int = N_DRAWS


@dataclass(frozen=True)
class Case:
    """One share of the table.

    Attributes:
        check: Name of the test.
        family: Name of the losses.
        limit: The limit, which is the mean loss.
        n: Number of units.
        n_passed: In how many draws the test passed.
        n_draws: Number of draws.
    """

    check: str
    family: str
    limit: float
    n: int
    n_passed: int
    n_draws: int

    @property
    def share(self) -> float:
        """Share of the draws that passed."""
        return self.n_passed / self.n_draws

    def p_value(self, delta: float) -> float:
        """How likely as many would at least pass if the test were valid."""
        return float(binom.sf(self.n_passed - 1, self.n_draws, delta))

    def __str__(self) -> str:
        low, high = binomtest(self.n_passed, self.n_draws).proportion_ci(method="exact")
        return f"{100 * self.share:.2f} ({100 * low:.2f}-{100 * high:.2f})"


def by_counts(passes: CountTest) -> PassingShare:
    """A test that looks at nothing but how many losses have each value: run once for all draws of equal counts."""

    def n_passed(losses: Losses, n: int, n_draws: int, delta: float, rng: np.random.Generator) -> int:
        distinct, n_equal = np.unique(losses.counts(rng, n_draws, n), axis=0, return_counts=True)
        passed = [passes(counts, losses, delta) for counts in distinct]
        return int(n_equal[passed].sum())

    return n_passed


def by_sums(*, knows_parts: bool) -> PassingShare:
    """The test by the worst case of the sum, which looks at nothing else.

    Args:
        knows_parts: Whether it is told what every loss is a multiple of.
    """

    def n_passed(losses: Losses | PowerLosses, n: int, n_draws: int, delta: float, rng: np.random.Generator) -> int:
        sums = [losses.sums(rng, size, n) for size in _blocks(n_draws, max(_BLOCK // n, 1))]
        parts = losses.parts if knows_parts else None
        # The last is there so that one table of worst cases does for all kinds of losses.
        with_largest = np.append(np.concatenate(sums), n * losses.limit)
        p_values = sum_p_values(with_largest, n, limit=losses.limit, parts=parts)[:-1]
        return int((p_values <= delta).sum())

    return n_passed


def by_losses(losses: Losses | PowerLosses, n: int, n_draws: int, delta: float, rng: np.random.Generator) -> int:
    """The test by betting, which looks at losses in their order."""
    passed = 0
    for size in _blocks(n_draws, max(_BLOCK // n, 1)):
        drawn = losses.draw(rng, size, n)
        passed += int((betting_p_values(drawn, limit=losses.limit, delta=delta, least=losses.least) <= delta).sum())
    return passed


def _blocks(total: int, largest: int) -> Iterator[int]:
    """Sizes of blocks, none above the largest, that make up the total."""
    for begin in range(0, total, largest):
        yield min(largest, total - begin)


def betting_p_values(
    losses: NDArray[np.float64], *, limit: float, delta: float, least: float = 0.0
) -> NDArray[np.float64]:
    """What ``betting_p_value`` gives of each of many draws, shape (n_draws, n), in one pass over each."""
    return 1 / _most_capital(losses, betting_order(losses.shape[1]), limit, delta, least)


@numba.njit(cache=True, error_model="numpy")
def _most_capital(
    losses: NDArray[np.float64], order: NDArray[np.int64], limit: float, delta: float, least: float
) -> NDArray[np.float64]:
    """The most capital that the bets on each draw reach, at least the 1 that they begin with."""
    n_draws, n = losses.shape
    scale = 1 / (1 - least)
    scaled_limit = (limit - least) * scale
    stake, largest = math.sqrt(2 * math.log(1 / delta) / n), _LARGEST_STAKE / max(1 - scaled_limit, _ROUNDING)
    shares = 1 / np.arange(1.0, n + 2)
    most = np.ones(n_draws)
    for draw in range(n_draws):
        total, squares, known, capital = 0.5, 0.25, 0.25, 1.0
        for turn in range(n):
            loss = (losses[draw, order[turn]] - least) * scale
            capital *= 1 + min(stake / math.sqrt(known), largest) * (scaled_limit - loss)
            most[draw] = max(most[draw], capital)
            total += loss
            surprise = loss - total * shares[turn + 1]
            squares += surprise * surprise
            known = squares * shares[turn + 1]
    return most


def _binomial(counts: NDArray[np.int64], losses: Losses, delta: float) -> bool:
    """Of the units that lose anything."""
    n_lost = int(counts[losses.values > 0].sum())
    return binomial_p_value(n_lost, int(counts.sum()), limit=losses.limit) <= delta


def by_lost_and_gained(losses: Losses, n: int, n_draws: int, delta: float, rng: np.random.Generator) -> int:
    """The paired test, of losses of -1, 0 and 1.

    Of draws that gain equally often those pass that lose at most so often: its regions are nested.
    """
    counts = losses.counts(rng, n_draws, n)
    lost, gained = (counts[:, losses.values == value].sum(axis=1) for value in (1, -1))
    passed = 0
    for n_gained in np.unique(gained):
        own, n_equal = np.unique(lost[gained == n_gained], return_counts=True)
        fails = partial(_paired_fails, n_gained=int(n_gained), n=n, limit=losses.limit, delta=delta)
        passed += int(n_equal[: bisect_left(own.tolist(), True, key=fails)].sum())
    return passed


def _paired_fails(n_lost: int, *, n_gained: int, n: int, limit: float, delta: float) -> bool:
    return not paired_passes(n_lost, n_gained, n, limit=limit, delta=delta)


def by_chosen_test(losses: Losses, n: int, n_draws: int, delta: float, rng: np.random.Generator) -> int:
    """The test of a drop that has more power on a ``search`` table; a few such tables, as many draws with each."""
    passed = 0
    for block in _blocks(n_draws, math.ceil(n_draws / _N_SEARCHES)):
        what = ("drop", "main", Loss.DROP, losses.limit, losses.draw(rng, 1, n)[0], "sample", False)
        seen = DropPart(*what, is_paired=True)
        chosen = of_more_power(seen, n, delta=delta)
        passed += _BY_DROP_TEST[chosen](losses, n, block, delta, rng)
    return passed


_N_SEARCHES = 5
_BY_DROP_TEST = {
    MeanTest.PAIRED: by_lost_and_gained,
    MeanTest.LOST: by_counts(_binomial),
    MeanTest.NET: by_losses,
}

CHECKS = (
    Check("exact binomial", BINARY, by_counts(_binomial)),
    Check("betting", (*BINARY, *GROUPS, *SHARES, *CONTINUOUS, *RELATIVE, *RATIOS), by_losses),
    Check("lost alone", (*SIGNED, *SIGNED_SHARES), by_counts(_binomial)),
    Check("net, by betting", (*SIGNED, *SIGNED_SHARES), by_losses),
    Check("paired", SIGNED, by_lost_and_gained),
    Check("sum", (*BINARY, *GROUPS, *SHARES, *CONTINUOUS), by_sums(knows_parts=False)),
    Check("sum, parts known", GROUPS, by_sums(knows_parts=True)),
    Check("test chosen on search", SIGNED, by_chosen_test, PROCEDURE_SIZES),
    Check("fixed sequence", WORLDS, by_worlds(fixed_sequence_errs), PROCEDURE_SIZES, 1_000),
    Check("two sequences, recycling", WORLDS, by_worlds(split_sequences_err), PROCEDURE_SIZES, 1_000),
    Check("labels as they come", LABELLED_WORLDS, by_worlds(labelling_errs), PROCEDURE_SIZES, 1_000),
)


def cases(checks: Sequence[Check]) -> Iterator[tuple[Check, Family, float, int]]:
    """Every share that is measured, in the order of the table."""
    for check in checks:
        for family in check.families:
            for limit in family.limits:
                for n in check.sizes:
                    yield check, family, limit, n


def measure(check: Check, family: Family, limit: float, n: int, *, n_draws: int, delta: float) -> Case:
    """Run one test on draws of losses of one kind; equal arguments give equal draws."""
    n_draws = min(n_draws, check.most_draws)
    rng = np.random.default_rng(crc32(f"{check.name}/{family.name}/{limit:g}/{n}".encode()))
    n_passed = check.n_passed(family.at(limit), n, n_draws, delta, rng)
    return Case(check.name, family.name, limit, n, n_passed, n_draws)


def above_chance(found: Sequence[Case], delta: float) -> list[Case]:
    """The shares above delta by more than chance gives to any of all of them (Bonferroni)."""
    return [one for one in found if one.p_value(delta) < CHANCE / len(found)]


def show(console: Console, found: Sequence[Case], delta: float) -> None:
    """Print the table: a line for each test, kind of losses and limit."""
    sizes = sorted({one.n for one in found})
    n_draws = max(one.n_draws for one in found)
    table = Table(title=f"share of {n_draws:,} draws that pass at the limit, in %, where {100 * delta:g} is allowed")
    for heading in ("test", "losses", "limit"):
        table.add_column(heading, no_wrap=True)
    for n in sizes:
        table.add_column(f"{n:,}", justify="right", no_wrap=True)
    shares = {(one.check, one.family, one.limit, one.n): one for one in found}
    last = ""
    for check, family, limit in dict.fromkeys((one.check, one.family, one.limit) for one in found):
        if check != last:
            table.add_section()
        named = check if check != last else ""
        own = [shares.get((check, family, limit, n)) for n in sizes]
        own_draws = next(one.n_draws for one in own if one is not None)
        few = f" ({own_draws:,} draws)" if named and own_draws < n_draws else ""
        table.add_row(f"{named}{few}", family, f"{limit:g}", *("" if one is None else str(one) for one in own))
        last = check
    console.print(table)


def largest_of_each(found: Sequence[Case]) -> list[tuple[Case, int]]:
    """The largest share of each test, and how many shares it has."""
    names = dict.fromkeys(one.check for one in found)
    own = [[one for one in found if one.check == name] for name in names]
    return [(max(shares, key=lambda one: one.share), len(shares)) for shares in own]


def show_largest(console: Console, found: Sequence[Case]) -> None:
    """Print the largest share of each test."""
    table = Table(title="largest share of each test, in %")
    for heading in ("test", "shares", "draws of each", "largest", "losses", "limit", "units"):
        table.add_column(heading, justify="left" if heading in ("test", "losses") else "right", no_wrap=True)
    for one, n_shares in largest_of_each(found):
        drawn, units = f"{one.n_draws:,}", f"{one.n:,}"
        table.add_row(one.check, str(n_shares), drawn, str(one), one.family, f"{one.limit:g}", units)
    console.print(table)


def verdict(found: Sequence[Case], delta: float) -> str:
    """The last line: whether a share is above delta beyond chance, and which is the largest."""
    largest = max(found, key=lambda one: (one.share, -one.n))
    above = above_chance(found, delta)
    many = f"{len(above)} above" if above else "none above"
    told = "" if not above else ": " + "; ".join(_named(one) for one in above)
    return (
        f"{len(found)} shares, {many} delta {delta:g} beyond chance (Bonferroni over {len(found)}){told}; "
        f"the largest {_named(largest)}"
    )


def _named(one: Case) -> str:
    return f"{one} % ({one.check}, {one.family}, limit {one.limit:g}, {one.n:,} units)"


def main() -> int:
    """Measure and print the table; 1 if a share is above delta beyond chance."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=N_DRAWS, help="draws of each share")
    parser.add_argument("--delta", type=float, default=0.05)
    parser.add_argument("--tests", nargs="+", choices=[one.name for one in CHECKS], help="tests to run, without it all")
    arguments = parser.parse_args()
    asked = [one for one in CHECKS if not arguments.tests or one.name in arguments.tests]
    console = Console(width=250)
    every = list(cases(asked))
    found = [
        measure(*one, n_draws=arguments.samples, delta=arguments.delta)
        for one in track(every, console=console, transient=True)
    ]
    show(console, found, arguments.delta)
    show_largest(console, found)
    console.print(verdict(found, arguments.delta), soft_wrap=True)
    return 1 if above_chance(found, arguments.delta) else 0


if __name__ == "__main__":
    raise SystemExit(main())
