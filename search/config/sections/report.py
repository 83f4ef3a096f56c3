"""What is measured for the report."""

from __future__ import annotations

from pydantic import Field

from search.config.section import Section


class ReportSection(Section):
    """What is measured at the end of a sweep, once everything is chosen."""

    measure_latency: bool | None = Field(
        default=None,
        description="Whether the selected policy and the full network without early heads are timed as they would be "
        "run, on up to 100 samples of `test`, one at a time and with one thread; where null, those of detectors are.",
    )
