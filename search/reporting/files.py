"""Writing down what a policy search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from policies.selection.select import Selection
from policies.tables.origin import Origin
from search.figures.front import FrontFigure, draw_html, draw_png
from search.reporting.front_policies import front_policies
from search.reporting.tasks import report_of
from search.run_folder.answers import PolicyAnswers
from search.run_folder.result_files import ResultFiles, write_csv, write_json


def write_results(
    files: ResultFiles,
    selection: Selection,
    summary: dict[str, Any],
    answered: Sequence[PolicyAnswers[Any]],
    figure: FrontFigure,
    **policy_facts: Any,
) -> None:
    """Write everything that was found; ``summary.json`` comes last.

    Args:
        files: Where to.
        selection: What was chosen.
        summary: For ``summary.json``.
        answered: What was answered, for the files of the task.
        figure: The front.
        **policy_facts: Written beside the policy and its origin: workload.
    """
    table = selection.network.search
    front, params = front_table(selection.front)
    write_csv(files.front_csv, front)
    if params:
        write_json(files.front_params_file, params)
    replace(selection.policy, origin=Origin.of(table)).save(files.policy_file, **policy_facts)
    if selection.certificate is not None:
        selection.certificate.save(files.certificate_file)
    draw_png(figure, files.front_png)
    draw_html(figure, files.front_html)
    report_of(table).write(files, table, selection.network.temperatures, answered)
    write_json(files.summary_file, summary)


def front_table(front: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, dict[str, Any]]]:
    """The front as it is written to CSV: figures, marks, the whole policy as JSON, and plain thresholds by depth.

    Policies with several thresholds per exit have theirs in the JSON alone. Beside the table: the parameters that
    :func:`~search.reporting.front_policies.front_policies` gives apart.
    """
    table = front.drop(columns="policy")
    plain = [
        {f"threshold_{depth}": row[0] for depth, row in enumerate(policy.thresholds, start=1) if len(row) == 1}
        for policy in front["policy"]
    ]
    table = pd.concat([table, pd.DataFrame(plain, index=front.index)], axis=1)
    table["policy"], params = front_policies(list(front["policy"]))
    return table, params
