"""Samples of ``test`` with their answers, drawn for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from policies.selection.select import Selection
from search.reporting.tasks import report_of
from search.run_folder.answers import PolicyAnswers
from search.run_folder.folder import RunFolder
from trainables.data import Split
from trainables.models.exits.tracing import first_line


def draw_samples(
    folder: RunFolder, test: Split, selection: Selection, answered: Sequence[PolicyAnswers[Any]]
) -> tuple[str, ...]:
    """Draw what the task has a picture of; this reads ``test``, so that everything must have been chosen.

    Args:
        folder: Folder of the sweep.
        test: The samples of ``test``.
        selection: Policy that was chosen.
        answered: What the selected policy, each exit and each baseline answered on every split.

    Returns:
        What could not be done, one line each: it costs a picture and not what the sweep has found.
    """
    network = selection.network
    inputs = dict(zip(test.ids.tolist(), test.inputs, strict=True))
    try:
        report_of(network.search).draw_samples(folder, inputs, network.temperatures, answered)
    except Exception as error:
        return (f"no samples of test are drawn: {first_line(error)}",)
    return ()
