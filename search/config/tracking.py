"""Where a sweep is tracked."""

from __future__ import annotations

from pydantic import Field

from search.config.section import Section


class TrackingSection(Section):
    """Where MLflow keeps the sweep."""

    uri: str | None = Field(
        default=None,
        description="MLflow tracking URI. Where left out: `MLFLOW_TRACKING_URI`, else `mlflow.db` in the working "
        "folder.",
    )
    experiment: str = Field(default="exitsearch", min_length=1, description="Name of the MLflow experiment.")
