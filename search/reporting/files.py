"""Writing down what a policy search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from policies.selection.select import Selection
from policies.tables.origin import Origin
from search.figures.front import FrontFigure, draw_html, draw_png
from search.reporting.fixed_budgets import write_budgets
from search.reporting.front_files import write_front
from search.reporting.tasks import report_of
from search.run_folder.answers import PolicyAnswers
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary


def write_results(
    files: ResultFiles,
    selection: Selection,
    summary: Summary,
    answered: Sequence[PolicyAnswers[Any]],
    figure: FrontFigure,
    **policy_facts: Any,
) -> None:
    """Write everything that was found; ``summary.json`` comes last.

    Args:
        files: Files of the results, in their folder.
        selection: Policy that was chosen, with its network and front.
        summary: Summary of the search, for ``summary.json``.
        answered: What was answered, for the files of the task.
        figure: What the pictures of the front show.
        **policy_facts: Facts that are written beside the policy and its origin, such as the workload.
    """
    table = selection.network.search
    write_front(files, selection.front)
    write_budgets(files, summary.fixed_budgets)
    replace(selection.policy, origin=Origin.of(table)).save(files.policy_file, **policy_facts)
    if selection.certificate is not None:
        selection.certificate.save(files.certificate_file)
    draw_png(figure, files.front_png)
    draw_html(figure, files.front_html)
    report_of(table).write(files, table, selection.network.temperatures, answered)
    summary.save(files.summary_file)
