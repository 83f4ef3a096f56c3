"""What a network tells of the architecture that it has found: files, and what a summary says of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from search.figures.architecture import draw_architecture
from search.run_folder.folder import RunFolder
from search.run_folder.result_files import write_json
from search.run_folder.summary import ArchitectureSummary
from trainables.models import MultiExitModel
from trainables.models.architecture_report import ArchitectureReport
from trainables.models.exits.tracing import first_line


@dataclass(frozen=True)
class ArchitectureFindings:
    """What came of asking a network for its architecture.

    Attributes:
        summary: What is told of it; None where the network has nothing to choose, or could not tell.
        notes: What could not be done, one line each.
    """

    summary: ArchitectureSummary | None = None
    notes: tuple[str, ...] = ()

    @property
    def told(self) -> dict[str, Any]:
        """The fields of a :class:`~search.run_folder.summary.Summary` that tell of it."""
        return {} if self.summary is None else {"architecture": self.summary}


def report_architecture(model: MultiExitModel, inputs: NDArray[Any], folder: RunFolder) -> ArchitectureFindings:
    """Ask a network, and write ``architecture.json`` and ``.png``; nothing where it has nothing to choose.

    Whatever fails here costs a note and not what the sweep has found.

    Args:
        model: The selected network.
        inputs: Those of ``search``, shape (N, channels, height, width): never those of ``test``.
        folder: Folder of the sweep.
    """
    try:
        report = model.architecture_report(inputs)
        if report is None or not report.edges:
            return ArchitectureFindings()
        summary = _summary(report)
        write_json(folder.architecture_file, report.to_dict())
    except Exception as error:
        return ArchitectureFindings(notes=(_note("the architecture of the network is not told", error),))
    try:
        title = f"{folder.name}: operations of each edge, on {report.n_inputs:,} samples of search"
        draw_architecture(report, folder.architecture_png, title=title)
    except Exception as error:
        return ArchitectureFindings(summary, (_note("the architecture of the network is not drawn", error),))
    return ArchitectureFindings(summary)


def _summary(report: ArchitectureReport) -> ArchitectureSummary:
    chosen = Counter(report.operations[place] for place in report.choice_of_mean)
    return ArchitectureSummary(
        n_inputs=report.n_inputs,
        n_edges=len(report.edges),
        operations=dict(chosen.most_common()),
        is_adaptive=report.is_adaptive,
        other_than_alpha=report.other_than_alpha,
        choices_other_than_alpha=report.choices_other_than_alpha,
        other_than_most=report.other_than_most,
        perturbation_sd=report.mean_perturbation_sd,
        squared_norm=report.squared_norm,
    )


def _note(what: str, error: Exception) -> str:
    return f"{what}: {first_line(error)}"
