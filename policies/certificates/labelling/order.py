"""Which labels matter for a claim about what is lost, and the order, blind to them, in which they are to be given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim, require_delta
from policies.certificates.labelling.digests import OrderDigests
from policies.certificates.losses import Loss
from policies.certificates.statements import Statement
from policies.certificates.unseen import require_unseen
from policies.errors import ClaimError
from policies.judging.judged import Judged
from policies.names import list_some
from policies.policy import Policy
from policies.qualities.base import ACCURACY
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable


@dataclass(frozen=True)
class LabellingOrder:
    """The ``M`` answers whose labels matter, of ``J`` that are judged, in the order in which they are to be labelled.

    They are those that differ from the full network's: where both answer alike, nothing is lost whatever is right.

    Attributes:
        table: The ``certify`` table, without labels, of N samples.
        names: Ids of all samples that are judged, or names of parents where answers are pooled, in the order, shape
            (J,).
        differs: Whether the policy answers otherwise than the full network, in the order, shape (J,).
        answers: Class that the policy answers, in the order, shape (J,).
        full_answers: Class that the full network answers, in the order, shape (J,).
        judged_of_sample: Place in the order of what each sample is judged by, shape (N,).
        unit: ``sample``, or ``parent`` where answers are pooled.
        digests: What fixes the order.
    """

    table: ClassificationTable
    names: NDArray[np.str_]
    differs: NDArray[np.bool_]
    answers: NDArray[np.int64]
    full_answers: NDArray[np.int64]
    judged_of_sample: NDArray[np.int64]
    unit: str
    digests: OrderDigests

    @property
    def n(self) -> int:
        """Number of answers that are judged, ``J``."""
        return len(self.names)

    @property
    def asked(self) -> tuple[str, ...]:
        """The names whose labels are asked for, first to last, ``M`` of them."""
        return tuple(self.names[self.differs].tolist())

    def labelled(self, labels: Mapping[str, int]) -> ClassificationTable:
        """The table with labels: the given ones, and of all others what the full network answers.

        What is lost and gained against the full network is the same with any other labels of those.

        Args:
            labels: Class of some of those asked for, by name.

        Raises:
            ClaimError: If a label is none of the table's classes, or of what is not asked for.
        """
        self._require_asked(labels)
        own = self.full_answers.copy()
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
    """Which labels a claim about what is lost needs, in the order in which they are to be given.

    The order derives from the table and the policy alone, and is the same wherever and whenever it is made.

    Args:
        policy: Policy to certify, chosen on other samples.
        table: The ``certify`` table without labels, as ``load_table(path, unlabelled=True)`` reads it.
        claim: A largest drop or degradation of the accuracy of classes, and a largest disagreement if wanted.
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
    require_few_labels(claim)
    if not isinstance(table, ClassificationTable):
        raise ClaimError(
            f"few labels are enough where answers are classes but these are of task {table.task!r}; label the table"
        )
    if table.is_labelled:
        raise ClaimError(
            "the order of labelling must be fixed before labels are seen but the table has them; certify on it as it "
            "is, or leave its labels out"
        )
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
    order = _shuffled(names, digests.seed)
    return LabellingOrder(
        table=table,
        names=names[order],
        differs=table.differing(answers, full_answers)[order],
        answers=answers[order],
        full_answers=full_answers[order],
        judged_of_sample=np.argsort(order)[of_sample],
        unit=unit,
        digests=digests,
    )


def few_label_statements(claim: Claim) -> list[Statement]:
    """What a claim says of what is lost against the full network, where labels of few samples are enough for it."""
    return [one for one in claim.statements if one.loss in (Loss.DROP, Loss.DEGRADATION) and one.quality == ACCURACY]


def require_few_labels(claim: Claim) -> None:
    """Refuse a claim that needs every label, or none.

    Raises:
        ClaimError: If it is such a claim, with what of it needs them.
    """
    if not claim.needs_labels:
        raise ClaimError("max_disagreement alone needs no labels at all; certify it without any")
    few = few_label_statements(claim)
    floors = [name for name in ("class_floor", "exit_floor") if getattr(claim, name) is not None]
    others = [one.field for one in claim.statements if one not in few and one.loss.needs_labels]
    if others or floors:
        raise ClaimError(
            f"few labels are enough for max_drop and max_degradation of accuracy but the claim has "
            f"{' and '.join(dict.fromkeys([*others, *floors]))}, which needs every label; leave it out, or label the "
            f"whole table"
        )


def _shuffled(names: NDArray[np.str_], seed: bytes) -> NDArray[np.int64]:
    """The places of names, shape (J,), in an order of hashes: the same for any order of rows, and any numpy."""
    hashes = [blake2b(name.encode(), key=seed, digest_size=16).digest() for name in names.tolist()]
    return np.array(sorted(range(len(hashes)), key=hashes.__getitem__), dtype=np.int64)
