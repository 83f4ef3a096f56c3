"""What a sweep may use."""

from __future__ import annotations

from pydantic import Field

from search.config.section import Section


class ResourcesSection(Section):
    """What a trial may use, how many faults of machines it survives, and what Ray takes where no cluster is running."""

    cpus_per_trial: float = Field(
        default=1,
        gt=0,
        le=1_024,
        description="Processor cores of a trial, which computes with exactly so many threads.",
    )
    gpus_per_trial: float = Field(
        default=0, ge=0, le=1_024, description="Graphics processors of a trial, or a share of one."
    )
    concurrent: int | None = Field(
        default=None, ge=1, le=10_000, description="Most trials at the same time; as many as fit where null."
    )
    retries: int = Field(
        default=3, ge=0, le=1_000, description="How often a trial goes on after its worker or its machine was lost."
    )
    cpus: int | None = Field(
        default=None,
        ge=1,
        le=1_024,
        description="Cores of this machine, where no cluster is running; all of them where null.",
    )
    object_store_mb: int = Field(
        default=512, ge=80, le=10_000_000, description="Megabytes of Ray's object store, where no cluster is running."
    )
