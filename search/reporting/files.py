"""Writing down what a policy search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from policies.calibration.reliability import reliability_curves
from policies.selection.select import Selection
from policies.tables.origin import Origin
from search.figures.confusion import draw_confusion
from search.figures.front import FrontFigure, draw_html, draw_png
from search.figures.reliability import draw_reliability
from search.reporting.front_policies import front_policies
from search.run_folder.class_files import Answers, write_class_files
from search.run_folder.result_files import ResultFiles, write_csv, write_json


_SPLITS = ("search", "certify", "test")


def write_results(
    files: ResultFiles,
    selection: Selection,
    summary: dict[str, Any],
    answered: Sequence[Answers],
    figure: FrontFigure,
    **policy_facts: Any,
) -> None:
    """Write everything that was found; ``summary.json`` comes last.

    Args:
        files: Where to.
        selection: What was chosen.
        summary: For ``summary.json``.
        answered: What was answered, for the files that tell each class.
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
    curves = reliability_curves(table, selection.network.temperatures)
    draw_reliability(curves, files.reliability_png, title="Reliability of each exit on search")
    write_class_files(files, answered)
    draw_confusion(_answers_shown(answered), files.confusion_png)
    write_json(files.summary_file, summary)


def _answers_shown(answered: Sequence[Answers]) -> Answers:
    """Those of the selected policy on the last of its splits."""
    by_split = {own.split: own for own in answered if own.name == "selected"}
    return [by_split[split] for split in _SPLITS if split in by_split][-1]


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
