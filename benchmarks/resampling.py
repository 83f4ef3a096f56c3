"""New ``search`` and ``certify`` parts by chance, from the held-out rows of networks that stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tables import PARTS, TableSet

from policies.spacing import evenly_spaced
from policies.tables.classification import ClassificationTable


@dataclass(frozen=True)
class Shares:
    """Shares of the pool's units that become ``search`` and ``certify``; the rest is unused."""

    search: float = 0.3
    certify: float = 0.35


@dataclass(frozen=True)
class Pool:
    """All held-out rows of one network.

    Attributes:
        name: Of the network.
        table: The rows.
        units: Row numbers of each unit: of each sample, or of each group where there are groups.
    """

    name: str
    table: ClassificationTable
    units: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, tables: TableSet) -> Pool:
        """Pool the rows of the three tables."""
        parts = [getattr(tables, part) for part in PARTS]
        joined = {key: np.concatenate([getattr(part, key) for part in parts]) for key in ("logits", "labels", "ids")}
        grouped = all(part.groups is not None for part in parts)
        groups = np.concatenate([part.groups for part in parts]) if grouped else None
        codes = np.unique(joined["ids"] if groups is None else groups, return_inverse=True)[1]
        units = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
        table = ClassificationTable(**joined, cost=parts[0].cost, groups=groups, meta=parts[0].meta)
        return cls(tables.name, table, tuple(units))

    def thinned(self, most: int) -> Pool:
        """At most so many units, evenly spaced; the same pool where there are no more."""
        if len(self.units) <= most:
            return self
        kept = [self.units[place] for place in evenly_spaced(len(self.units), most)]
        rows = np.concatenate(kept)
        places = np.split(np.arange(len(rows)), np.cumsum([len(unit) for unit in kept])[:-1])
        return Pool(self.name, self.table.take(rows), tuple(places))

    def draw(self, units: NDArray[np.int64], name: str) -> ClassificationTable:
        """The table of some units, which may occur more than once: every occurrence is a unit of its own."""
        rows = np.concatenate([self.units[unit] for unit in units])
        sizes = [len(self.units[unit]) for unit in units]
        groups = None if self.table.groups is None else np.repeat([f"{name}-{i}" for i in range(len(units))], sizes)
        return replace(
            self.table,
            logits=self.table.logits[rows],
            labels=self.table.labels[rows],
            ids=np.array([f"{name}-{i}" for i in range(len(rows))]),
            groups=groups,
        )


@dataclass(frozen=True)
class Parts:
    """What a round works on.

    Attributes:
        search: Policies are searched on it.
        certify: Policies are certified on it.
        judged: What is true of a policy is read from it.
    """

    search: ClassificationTable
    certify: ClassificationTable
    judged: ClassificationTable


def resplit(pool: Pool, shares: Shares, rng: np.random.Generator) -> Parts:
    """Disjoint parts of whole units; policies are judged on the unused rows."""
    order = rng.permutation(len(pool.units))
    n_search, n_certify = round(shares.search * len(order)), round(shares.certify * len(order))
    cuts = np.split(order, [n_search, n_search + n_certify])
    return Parts(*(pool.draw(units, name) for units, name in zip(cuts, PARTS, strict=True)))


def redraw(pool: Pool, shares: Shares, rng: np.random.Generator) -> Parts:
    """Parts drawn from the pool with replacement; policies are judged on the pool itself."""
    n_units = len(pool.units)
    search = pool.draw(rng.integers(0, n_units, round(shares.search * n_units)), "search")
    certify = pool.draw(rng.integers(0, n_units, round(shares.certify * n_units)), "certify")
    return Parts(search, certify, pool.table)


Sampling = Callable[[Pool, Shares, np.random.Generator], Parts]
SAMPLINGS: dict[str, Sampling] = {"redraw": redraw, "resplit": resplit}
