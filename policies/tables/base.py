"""What every exit table is, whatever kind of answers its network gives.

A table has three parts: what the network said, which rules may look at; the truth, which answers are judged by; and who
the samples are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.files.npz import read_archive, write_npz
from policies.pooling.answering import Answering
from policies.tables.identity import hash_ids
from policies.tables.sample_arrays.columns import column_key, column_problems, read_column
from policies.tables.sample_arrays.facts import NO_FACTS, Facts


SCHEMA = 1
ASSUMED = "assumed"
"""Key of the metadata: the names of the arrays that were not given."""
TASK = "task"
"""Key of a file's metadata: the kind of answers that its network gives."""
Rows = slice | NDArray[np.int64]
"""Some of the samples, as an index into arrays of all."""


class Outputs(ABC):
    """What a network said about ``n`` samples at every exit: all that a rule may look at."""

    @property
    @abstractmethod
    def n_samples(self) -> int:
        """Number of samples, ``n``."""

    @property
    @abstractmethod
    def n_exits(self) -> int:
        """Number of exits, ``E``."""

    @property
    @abstractmethod
    def row_size(self) -> int:
        """Numbers that were said about one sample at one exit."""

    @abstractmethod
    def at(self, exit_index: int) -> Any:
        """What was said at one exit: what :meth:`policies.rules.base.Gate.step` takes."""

    @abstractmethod
    def take(self, rows: Rows) -> Self:
        """The outputs of some of the samples."""


class Truth(ABC):
    """What the answers about ``N`` samples are judged by.

    Attributes:
        facts: Facts about the samples, such as their site, for what is asked of those with one value; a truth of some
            samples, or of parents, has theirs. None are known by default.
    """

    facts: Facts = NO_FACTS

    @property
    @abstractmethod
    def n_samples(self) -> int:
        """Number of samples, ``N``."""

    @property
    def strata(self) -> NDArray[np.int64]:
        """What samples are counted by, shape (N,), in ``0..n_strata - 1``: their class if there are classes, else 0."""
        return np.zeros(self.n_samples, dtype=np.int64)

    @property
    def n_strata(self) -> int:
        """Number of strata."""
        return 1

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of the samples in each stratum, shape (n_strata,)."""
        return np.bincount(self.strata, minlength=self.n_strata) / self.n_samples

    def right(self, answers: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether answers are right: (N, ...) or (N, E, ...), to (N,) or (N, E).

        Raises:
            ExitTableError: If answers of this kind are not right or wrong but more or less near.
        """
        raise ExitTableError(
            "answers of this kind are neither right nor wrong, so that they have no accuracy, and nothing of it can be "
            "certified; ask for a quality of their own"
        )

    @abstractmethod
    def take(self, rows: Rows) -> Self:
        """The truth about some of the samples."""

    def of_parents(self, of_sample: NDArray[np.int64], names: NDArray[np.str_], how: str) -> Self:
        """The truth about parents.

        Args:
            of_sample: Index of each sample's parent, shape (N,), in 0..G-1.
            names: Name of each parent, shape (G,), for messages.
            how: What is true of a parent: ``same``, ``any`` or ``majority``; see
                :class:`~policies.pooling.answering.Answering`.

        Raises:
            ExitTableError: If samples of a parent differ and must not, or truth of this kind cannot be pooled.
        """
        raise ExitTableError("answers of this kind cannot be pooled over parents; let each sample answer for itself")


@dataclass(frozen=True, kw_only=True)
class ExitTable(ABC):
    """Outputs of a multi-exit network with ``E`` exits for ``N`` samples, with the truth. One class a kind of answers.

    Attributes:
        cost: Cumulative compute up to each exit relative to the full network, shape (E,),
            float64, increasing, last = 1.0.
        ids: Sample names, shape (N,), unique within the table.
        groups: Origin of each sample (a recording, a speaker), shape (N,), or None.
        parents: What each sample is a part of (a clip, a video, an image), shape (N,), or None; the samples of a parent
            share their group.
        order: Place of each sample in its parent, in which samples are read, shape (N,), int64, or None.
        columns: Facts about samples that no rule looks at, such as their site, by name: text or int64, shape (N,) each.
            A claim may be made for every value of one. A file has them under ``column.NAME``.
        answering: How its outputs become answers, which are then judged: of each sample, or pooled over parents. A
            policy brings its own, and no file of a table holds it.
        is_labelled: Whether the truth is known; else it holds placeholders, and refuses to judge anything.
        meta: Free JSON metadata: workload, split, model hash, class names.

    Example:
        >>> search.n_samples, search.n_exits, search.cost.round(2), search.task
        (400, 3, array([0.33, 0.67, 1.  ]), 'classification')
    """

    task: ClassVar[str]
    """The kind of answers: a name of :data:`policies.tasks.TASKS`, or ``module:attribute``."""

    cost: NDArray[np.float64]
    ids: NDArray[np.str_]
    groups: NDArray[np.str_] | None = None
    parents: NDArray[np.str_] | None = None
    order: NDArray[np.int64] | None = None
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    answering: Answering = field(default_factory=Answering)
    is_labelled: bool = True

    @property
    @abstractmethod
    def outputs(self) -> Outputs:
        """What the network said; nothing is copied."""

    @property
    @abstractmethod
    def truth(self) -> Truth:
        """What answers are judged by."""

    @property
    @abstractmethod
    def exit_answers(self) -> NDArray[Any]:
        """What each exit alone answers, shape (N, E, ...)."""

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file of the table holds, by key; ``read`` makes the table of it again."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a table written by :meth:`save` or by anyone else, as :meth:`of` does. Nothing is unpickled.

        Raises:
            ExitTableError: If the file is missing, damaged or breaks the contract, with everything that is wrong.
        """
        archive = read_archive(path, "exit table", ExitTableError)
        return cls.read(archive.arrays, archive.faults, str(path))

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Make a table of arrays, lists or tensors, casting and assuming what is plain; a warning says what.

        Args:
            given: Arrays by the keys of :meth:`arrays`, and ``meta``, a mapping or JSON text. :meth:`read` says which
                may be missing.

        Raises:
            ExitTableError: If that cannot be a table, with everything that is wrong.
        """
        return cls.read(given, {}, "the exit table")

    @classmethod
    @abstractmethod
    def read(cls, given: Mapping[str, Any], faults: Mapping[str, str], name: str) -> Self:
        """Make a table of arrays.

        Args:
            given: What was read, by key; ``meta`` is JSON text or a mapping.
            faults: What is wrong with further keys that could not be opened.
            name: What a person calls the table.

        Raises:
            ExitTableError: If that cannot be a table, with everything that is wrong.
        """

    @classmethod
    def read_unlabelled(cls, given: Mapping[str, Any], faults: Mapping[str, str], name: str) -> Self:
        """Make a table of arrays without labels; arguments as for :meth:`read`.

        Raises:
            ExitTableError: If that cannot be a table, some labels are known, or tables of the kind need their truth.
        """
        raise ExitTableError(f"{name}: a table of task {cls.task!r} cannot be read without its labels; label it")

    @abstractmethod
    def take(self, rows: NDArray[np.integer[Any]]) -> Self:
        """The table of some of the samples, given by their row numbers."""

    @property
    def n_samples(self) -> int:
        """Number of samples, ``N``."""
        return len(self.ids)

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return len(self.cost)

    @property
    def n_classes(self) -> int | None:
        """Number of classes, ``C``; None where answers are no classes."""
        return None

    @property
    def has_stop_prob(self) -> bool:
        """Whether the network gives learned stop probabilities."""
        return False

    @property
    def split_hash(self) -> str:
        """SHA-256 over the sorted sample ids."""
        return hash_ids(self.ids)

    @property
    def assumed(self) -> frozenset[str]:
        """The arrays that nobody gave: ``cost`` is then equal steps, ``ids`` are made of the outputs."""
        return frozenset(self.meta.get(ASSUMED, ()))

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the classes in their order, as ``meta`` has them; None where it does not."""
        names = self.meta.get("class_names")
        return None if names is None else tuple(names)

    def answered(self, answering: Answering) -> Self:
        """The same outputs, answered in another way.

        Raises:
            ExitTableError: If answers of this kind cannot be given so.
        """
        if answering.label_thresholds is not None:
            raise ExitTableError(
                f"answers of task {self.task!r} are no sets of labels, so that label_thresholds mean nothing; leave "
                f"them out"
            )
        return replace(self, answering=answering)

    def answers_at(self, temperatures: NDArray[np.float64]) -> NDArray[Any]:
        """What each exit alone answers with temperatures, shape (N, E, ...): where they change no answer, as without.

        Args:
            temperatures: Divisor of the outputs of each exit, shape (E,).
        """
        return self.exit_answers

    def differing(self, answers: NDArray[Any], others: NDArray[Any]) -> NDArray[np.bool_]:
        """Where two answers are not the same, shape (J,): of sets of labels, where any label differs.

        Args:
            answers: What is answered about J samples or parents, shape (J, ...).
            others: Other answers about the same, shape (J, ...).

        Raises:
            ExitTableError: If answers of this kind are not the same or others but more or less near.
        """
        return np.asarray((answers != others).reshape(len(answers), -1).any(axis=1))

    def probabilities(self, temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is pooled over the samples of a parent, shape (N, E, C), in [0, 1].

        Args:
            temperatures: Divisor of the outputs of each exit, shape (E,).

        Raises:
            ExitTableError: If answers of this kind cannot be pooled.
        """
        raise ExitTableError(
            f"answers of task {self.task!r} cannot be pooled over parents; let each sample answer for itself"
        )

    def of_parents(
        self, names: NDArray[np.str_], rows: NDArray[np.int64], pooled: NDArray[np.float64], truth: Any
    ) -> Self:
        """A table of parents, which the temperatures are already in, and which answer for themselves.

        Args:
            names: Name of each parent, shape (G,).
            rows: Row of a sample of each parent, shape (G,).
            pooled: Pooled probabilities, shape (G, E, C).
            truth: What is true of the parents, of the kind of the table's own truth.

        Raises:
            ExitTableError: If answers of this kind cannot be pooled.
        """
        raise ExitTableError(f"answers of task {self.task!r} cannot be pooled over parents")

    def origins(self) -> dict[str, NDArray[Any] | None]:
        """Where samples come from, by key: ``groups``, ``parents`` and ``order``, None where a table has none."""
        return {"groups": self.groups, "parents": self.parents, "order": self.order}

    def with_columns(self, columns: Mapping[str, NDArray[Any]]) -> Self:
        """The table with further columns of facts about its samples, by name; those of the same name are replaced.

        Raises:
            ExitTableError: If one is neither text nor whole numbers of shape (N,), or lacks a value.
        """
        read: dict[str, NDArray[Any]] = {}
        for name, values in columns.items():
            try:
                read[name] = read_column(np.asarray(values))
            except ValueError as problem:
                raise ExitTableError(f"{column_key(name)!r} {problem}") from None
        return replace(self, columns={**self.columns, **read})

    def stored_columns(self) -> dict[str, NDArray[Any]]:
        """The columns by their keys in a file."""
        return {column_key(name): values for name, values in self.columns.items()}

    def column_problems(self) -> list[str]:
        """Everything that breaks the contract of columns, each as a clause for a person."""
        return column_problems(self.columns, len(self.ids))

    def rows_of(self, rows: NDArray[np.integer[Any]], *names: str) -> dict[str, Any]:
        """Some rows of arrays, by name, and of what every table has for each sample; None where there is no such array.

        Args:
            rows: Numbers of the rows.
            names: Names of the arrays of a kind of table, (N, ...) each.
        """
        arrays = {name: getattr(self, name) for name in names} | {"ids": self.ids, **self.origins()}
        taken: dict[str, Any] = {name: None if array is None else array[rows] for name, array in arrays.items()}
        return taken | {"columns": {name: values[rows] for name, values in self.columns.items()}}

    def with_cost(self, cost: NDArray[np.float64]) -> Self:
        """The table with the cost that its network is known to have, shape (E,)."""
        assumed = sorted(self.assumed - {"cost"})
        others = {key: value for key, value in self.meta.items() if key != ASSUMED}
        return replace(self, cost=cost, meta=others | ({ASSUMED: assumed} if assumed else {}))

    def save(self, path: Path) -> None:
        """Write the table as a compressed ``.npz`` file, replacing ``path`` in one step."""
        write_npz(path, self.arrays(), {**self.meta, TASK: self.task}, schema=SCHEMA)
