"""Which labels a claim needs, and the order, blind to them, in which they are to be given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claim_parts import units_of
from policies.certificates.claims import Claim, require_delta
from policies.certificates.labelling.digests import OrderDigests
from policies.certificates.labelling.needed import needs_every_label, require_few_labels
from policies.certificates.unseen import require_unseen
from policies.errors import ClaimError
from policies.judging.judged import Judged
from policies.names import list_some
from policies.policy import Policy
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable
from policies.tables.units import Units


GivenLabels = Mapping[str, int] | Callable[["LabellingOrder"], Mapping[str, int]]
"""Class of what was labelled, by name; or what gives these labels once it knows their order, as who reads its file."""


@dataclass(frozen=True)
class LabellingOrder:
    """The ``M`` answers whose labels matter, of ``J`` that are judged, in the order in which they are to be labelled.

    Of what is lost against the full network they are those that differ from its answers: where both answer alike,
    nothing is lost whatever is right. Those of one independent unit come one after the other.

    Attributes:
        table: The ``certify`` table, without labels, of N samples.
        names: Ids of all samples that are judged, or names of parents where answers are pooled, in the order, shape
            (J,).
        needed: Whether its label matters, in the order, shape (J,).
        differs: Whether the policy answers otherwise than the full network, in the order, shape (J,).
        answers: Class that the policy answers, in the order, shape (J,).
        full_answers: Class that the full network answers, in the order, shape (J,).
        judged_of_sample: Place in the order of what each sample is judged by, shape (N,).
        unit: What is labelled: ``sample``, or ``parent`` where answers are pooled.
        units: The independent units that those in the order belong to: numbers in the order of names, as parts of a
            claim have their losses.
        digests: What fixes the order.
    """

    table: ClassificationTable
    names: NDArray[np.str_]
    needed: NDArray[np.bool_]
    differs: NDArray[np.bool_]
    answers: NDArray[np.int64]
    full_answers: NDArray[np.int64]
    judged_of_sample: NDArray[np.int64]
    unit: str
    units: Units
    digests: OrderDigests

    @property
    def n(self) -> int:
        """Number of answers that are judged, ``J``."""
        return len(self.names)

    @property
    def asked(self) -> tuple[str, ...]:
        """The names whose labels are asked for, first to last, ``M`` of them."""
        return tuple(self.names[self.needed].tolist())

    @property
    def whose(self) -> str:
        """Whose labels are asked for, as a person names them after their number."""
        return f"{self.unit}s" if self.needed.all() else f"{self.unit}s whose answers differ"

    def given(self, labels: GivenLabels) -> Mapping[str, int]:
        """Class of what was labelled, by name, however it is given."""
        return labels(self) if callable(labels) else labels

    def labelled(self, labels: Mapping[str, int]) -> ClassificationTable:
        """The table with labels: the given ones, and of all others what the policy answers.

        So those others lose the least that they can. Of what is lost against the full network this is also what they
        lose, if their labels do not matter.

        Args:
            labels: Class of some of those asked for, by name.

        Raises:
            ClaimError: If a label is none of the table's classes, or of what is not asked for.
        """
        self._require_asked(labels)
        own = self.answers.copy()
        for place, name in enumerate(self.names.tolist()):
            own[place] = labels.get(name, own[place])
        return replace(self.table, labels=own[self.judged_of_sample], is_labelled=True)

    def _require_asked(self, labels: Mapping[str, int]) -> None:
        others = sorted({*labels} - {*self.asked})
        if others:
            raise ClaimError(
                f"labels must be of the {len(self.asked)} {self.unit}s that are asked for but {len(others)} are of "
                f"others, such as {list_some(others[:3])}; leave those out"
            )
        wrong = [name for name, label in labels.items() if not 0 <= label < self.table.n_classes]
        if wrong:
            raise ClaimError(
                f"labels must lie in 0..{self.table.n_classes - 1} but that of {wrong[0]!r} is {labels[wrong[0]]} "
                f"({len(wrong)} such labels)"
            )


def labelling_order(
    policy: Policy,
    table: ExitTable,
    claim: Claim,
    *,
    delta: float = 0.05,
    sequential: bool = False,
    search: ExitTable | None = None,
) -> LabellingOrder:
    """Which labels a claim needs, in the order in which they are to be given.

    The order derives from the table and the policy alone, and is the same wherever and whenever it is made. It goes
    through independent units one by one, whatever their sizes.

    Args:
        policy: Policy to certify, chosen on other samples.
        table: The ``certify`` table without labels, as ``load_table(path, unlabelled=True)`` reads it.
        claim: A largest drop or degradation of the accuracy of classes, and a largest disagreement if wanted; where
            labels are looked at as they come, also a least accuracy, or a largest relative drop of it.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        sequential: Whether labels are to be looked at as they come; it is settled here, since whoever could choose
            afterwards would have two tests.
        search: The table that the policy was chosen on, by which the test of a drop is settled; None where the number
            of samples settles it.

    Raises:
        ExitSearchError: If the table has labels, or answers that are no classes, the claim needs every label, or the
            policy is known to be chosen on some of the samples.
    """
    require_delta(delta)
    require_few_labels(claim, sequential=sequential)
    table = _unlabelled_classes(table)
    require_unseen(policy, table)
    table = table.answered(policy.answering)
    decision = policy.decide(table)
    full = decision.full_network(table)
    answers = Judged(decision.view, table.truth).answers(decision.exits)
    full_answers = Judged(full.view, table.truth).answers(full.exits)
    names, of_sample, unit = table.ids, np.arange(table.n_samples), "sample"
    if decision.parents is not None:
        parents = decision.parents.parents
        names, of_sample, unit = parents.names, parents.of_sample, "parent"
    digests = OrderDigests.of(policy, table, claim, delta=delta, sequential=sequential, search=search)
    units, differs = units_of(table, decision), table.differing(answers, full_answers)
    order = _shuffled(names, units, digests.seed)
    return LabellingOrder(
        table=table,
        names=names[order],
        needed=np.ones(len(order), dtype=np.bool_) if needs_every_label(claim) else differs[order],
        differs=differs[order],
        answers=answers[order],
        full_answers=full_answers[order],
        judged_of_sample=np.argsort(order)[of_sample],
        unit=unit,
        units=replace(units, of_sample=units.of_sample[order]),
        digests=digests,
    )


def _unlabelled_classes(table: ExitTable) -> ClassificationTable:
    """The table, whose answers are classes and whose labels nobody has seen; refused where it is another."""
    if not isinstance(table, ClassificationTable):
        raise ClaimError(
            f"few labels are enough where answers are classes but these are of task {table.task!r}; label the table"
        )
    if table.is_labelled:
        raise ClaimError(
            "the order of labelling must be fixed before labels are seen but the table has them; certify on it as it "
            "is, or leave its labels out"
        )
    return table


def _shuffled(names: NDArray[np.str_], units: Units, seed: bytes) -> NDArray[np.int64]:
    """The places of names, shape (J,), in an order of hashes: the same for any order of rows, and any numpy.

    A unit has its place by the hash of the first of its names, so that large ones come no sooner than others.
    """
    hashes = [blake2b(name.encode(), key=seed, digest_size=16).digest() for name in names.tolist()]
    first: dict[int, bytes] = {}
    for place in np.argsort(names, kind="stable").tolist():
        first.setdefault(int(units.of_sample[place]), hashes[place])
    of_unit = [first[unit] for unit in units.of_sample.tolist()]
    return np.array(sorted(range(len(hashes)), key=lambda place: (of_unit[place], hashes[place])), dtype=np.int64)
