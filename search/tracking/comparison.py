"""A comparison of two groups of runs as an MLflow run of its own."""

from __future__ import annotations

import pandas as pd

from search.tracking.connection import connect, find_experiment
from search.tracking.store import KIND_TAG


KIND = "comparison"


def log_comparison(uri: str, experiment: str, table: pd.DataFrame, *, first: str, second: str) -> str:
    """Write the table and the differences; returns the run's id.

    Args:
        uri: Tracking URI of the MLflow store.
        experiment: Name of the experiment; made if there is none.
        table: A row per metric, with ``metric`` and ``difference``.
        first: Name of the first group.
        second: Name of the second group.

    Raises:
        Exception: What MLflow raises.
    """
    client = connect(uri)
    run = client.create_run(find_experiment(client, uri, experiment), run_name=KIND, tags={KIND_TAG: KIND})
    run_id = str(run.info.run_id)
    client.log_param(run_id, "first", first)
    client.log_param(run_id, "second", second)
    for row in table.itertuples():
        client.log_metric(run_id, f"difference_{row.metric}", row.difference)
    client.log_table(run_id, table.astype({"interval": str}), f"{KIND}.json")
    client.set_terminated(run_id)
    return run_id
