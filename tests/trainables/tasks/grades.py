"""The training side of the ordinal toy task: each digit is its own grade, and exits learn it by squared error.

Each exit gives two numbers, a grade and how far off it expects to be.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tests.toys.ordinal import ORDINAL, OrdinalTable
from trainables.models.inference import outputs_on
from trainables.tasks import TrainingTask
from trainables.workloads import WORKLOADS


@dataclass(frozen=True)
class SquaredError:
    """Mean squared distance of the grade, and of the width from the distance, weighed by exit."""

    exit_weights: tuple

    def __call__(self, outputs, targets, weights=None, *, teacher_logits=None):
        distances = outputs[..., 0] - targets[:, None]
        widths = outputs[..., 1] - distances.detach().abs()
        return (outputs.new_tensor(self.exit_weights) * (distances**2 + widths**2).mean(dim=0)).sum()


class OrdinalTraining(TrainingTask[OrdinalTable]):
    """Grades."""

    name: ClassVar[str] = ORDINAL.name
    exit_figure_names: ClassVar[tuple[str, ...]] = (ORDINAL.quality, "bias")

    def n_outputs(self, n_classes):
        return 2

    def targets(self, split):
        return split.labels.astype(np.float32)

    def loss(self, settings, train, *, n_classes, model):
        return SquaredError(settings.loss.exit_weights)

    def table(self, model, split, metadata):
        grades, widths = outputs_on(model, split.inputs).double().unbind(dim=-1)
        fields = self.shared_fields(model, split, metadata)
        return OrdinalTable(grades=grades.numpy(), widths=widths.numpy(), truths=self.targets(split), **fields)

    def exit_report(self, table, temperatures):
        distances = table.grades - table.truths[:, None]
        return {ORDINAL.quality: np.abs(distances).mean(axis=0), "bias": distances.mean(axis=0)}


GRADES = OrdinalTraining()
WORKLOAD = replace(WORKLOADS["digits"], name="grades", task=f"{__name__}:GRADES")
