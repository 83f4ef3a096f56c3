"""Writing down what a policy search found."""

from __future__ import annotations

from dataclasses import replace
import json
from typing import Any

import pandas as pd

from policies.origin import Origin
from policies.reliability import reliability_curves
from search.figures import FrontFigure, draw_html, draw_png
from search.reliability_figure import draw_reliability
from search.result_files import ResultFiles, write_csv, write_json
from search.selection import Selection


def write_results(
    files: ResultFiles, selection: Selection, summary: dict[str, Any], figure: FrontFigure, **policy_facts: Any
) -> None:
    """Write everything that was found; ``summary.json`` comes last.

    Args:
        files: Where to.
        selection: What was chosen.
        summary: For ``summary.json``.
        figure: The front.
        **policy_facts: Written beside the policy and its origin: workload.
    """
    table = selection.network.search
    write_csv(files.front_csv, front_table(selection.front))
    replace(selection.policy, origin=Origin.of(table)).save(files.policy_file, **policy_facts)
    if selection.certificate is not None:
        selection.certificate.save(files.certificate_file)
    draw_png(figure, files.front_png)
    draw_html(figure, files.front_html)
    curves = reliability_curves(table, selection.network.temperatures)
    draw_reliability(curves, files.reliability_png, title="Reliability of each exit on search")
    write_json(files.summary_file, summary)


def front_table(front: pd.DataFrame) -> pd.DataFrame:
    """The front as it is written to CSV: figures, marks, the whole policy as JSON, and plain thresholds by depth.

    Policies with several thresholds per exit have theirs in the JSON alone.
    """
    table = front.drop(columns="policy")
    plain = [
        {f"threshold_{depth}": row[0] for depth, row in enumerate(policy.thresholds, start=1) if len(row) == 1}
        for policy in front["policy"]
    ]
    table = pd.concat([table, pd.DataFrame(plain, index=front.index)], axis=1)
    table["policy"] = [json.dumps(policy.to_dict()) for policy in front["policy"]]
    return table
