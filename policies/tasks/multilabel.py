"""Any number of labels for each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from policies.tables.base import ExitTable
from policies.tables.multilabel import MultiLabelTable
from policies.tasks.base import Task


if TYPE_CHECKING:
    pass


class MultiLabel(Task[MultiLabelTable]):
    """Logits of labels at every exit; an answer is a set of labels, right where it is the true one in every label."""

    name: ClassVar[str] = "multi-label"
    table_type: ClassVar[type[ExitTable]] = MultiLabelTable
    quality: ClassVar[str] = "exact_match"
    rules: ClassVar[tuple[str, ...]] = ("label-margin", "label-ensemble", "label-gate")
    baseline_rule: ClassVar[str] = "label-margin"
