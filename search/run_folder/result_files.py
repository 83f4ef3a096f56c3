"""The files that say what a policy search found; a sweep has the same ones, and more."""

from __future__ import annotations

from dataclasses import dataclass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policies.files.atomic import write_text


if TYPE_CHECKING:
    import pandas as pd

MODEL_FILE = "model.safetensors"
"""What a folder calls the weights of its network."""

CONTROL_FILE = "control.safetensors"
"""What a folder calls the weights of the plain network that its policy is compared with."""

PARAMS_FILE = "front_params.json"


@dataclass(frozen=True)
class ResultFiles:
    """Paths of one search's files."""

    path: Path

    @property
    def summary_file(self) -> Path:
        """Everything that was found, as JSON."""
        return self.path / "summary.json"

    @property
    def front_csv(self) -> Path:
        """The merged front as a table."""
        return self.path / "pareto_front.csv"

    @property
    def front_params_file(self) -> Path:
        """What rules learnt that has many numbers, once for all policies of the front."""
        return self.path / PARAMS_FILE

    @property
    def front_png(self) -> Path:
        """The merged front as a picture."""
        return self.path / "pareto_front.png"

    @property
    def front_html(self) -> Path:
        """The merged front to point at."""
        return self.path / "pareto_front.html"

    @property
    def report_html(self) -> Path:
        """Everything on one page, with the verdict first."""
        return self.path / "report.html"

    @property
    def budgets_csv(self) -> Path:
        """The best of the front within each compute budget."""
        return self.path / "budgets.csv"

    @property
    def reliability_png(self) -> Path:
        """How well each exit's confidence is calibrated on ``search``."""
        return self.path / "reliability.png"

    @property
    def classes_csv(self) -> Path:
        """Figures of each class, of every policy and exit on every split."""
        return self.path / "classes.csv"

    @property
    def confusion_npz(self) -> Path:
        """Confusion matrices of every policy and exit on every split."""
        return self.path / "confusion.npz"

    @property
    def confusion_png(self) -> Path:
        """Which classes the selected policy confuses."""
        return self.path / "confusion.png"

    @property
    def labels_csv(self) -> Path:
        """Figures of each label, of every policy and exit on every split."""
        return self.path / "labels.csv"

    @property
    def labels_png(self) -> Path:
        """The F1 of each label at each exit and of the selected policy."""
        return self.path / "labels.png"

    @property
    def detection_classes_csv(self) -> Path:
        """Figures of each class of objects, of every policy and exit on every split."""
        return self.path / "detection_classes.csv"

    @property
    def detection_classes_png(self) -> Path:
        """The average precision of each class at each exit and of the selected policy."""
        return self.path / "detection_classes.png"

    @property
    def detection_sizes_csv(self) -> Path:
        """Mean precisions of objects of each size, of every policy and exit on every split."""
        return self.path / "detection_sizes.csv"

    @property
    def detection_errors_csv(self) -> Path:
        """What is wrong with boxes, by kind, of every policy and exit on every split."""
        return self.path / "detection_errors.csv"

    @property
    def detection_errors_png(self) -> Path:
        """The same as a picture, of each exit and of the selected policy."""
        return self.path / "detection_errors.png"

    @property
    def contact_sheet_png(self) -> Path:
        """Images of ``test`` with what each exit finds in them."""
        return self.path / "contact_sheet.png"

    @property
    def policy_file(self) -> Path:
        """The selected policy."""
        return self.path / "policy.json"

    @property
    def certificate_file(self) -> Path:
        """What is certain about the selected policy."""
        return self.path / "certificate.json"

    @property
    def kept(self) -> list[Path]:
        """The files that exist and are not made from others: all but the page."""
        return [path for path in self.written if path != self.report_html]

    @property
    def written(self) -> list[Path]:
        """The files that exist."""
        paths = (
            self.summary_file,
            self.front_csv,
            self.front_params_file,
            self.front_png,
            self.front_html,
            self.report_html,
            self.budgets_csv,
            self.reliability_png,
            self.classes_csv,
            self.confusion_npz,
            self.confusion_png,
            self.labels_csv,
            self.labels_png,
            self.detection_classes_csv,
            self.detection_classes_png,
            self.detection_sizes_csv,
            self.detection_errors_csv,
            self.detection_errors_png,
            self.contact_sheet_png,
            self.policy_file,
            self.certificate_file,
        )
        return [path for path in paths if path.exists()]


def write_json(path: Path, data: Any) -> None:
    """Write JSON in one step, so that a reader never sees half a file."""
    write_text(path, json.dumps(data, indent=2, default=str) + "\n")


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table without its index, in one step."""
    write_text(path, table.to_csv(index=False))
