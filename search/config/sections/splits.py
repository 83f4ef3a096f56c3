"""How a sweep's samples are split."""

from __future__ import annotations

from pydantic import Field

from search.config.section import Section
from trainables.data import SplitFractions


class SplitsSection(Section):
    """How the samples are split into four parts; the shares sum to 1."""

    seed: int = Field(default=2026, description="Seed of the splits, apart from that of the training.")
    train: float = Field(default=0.5, gt=0, lt=1, description="Share of the samples that networks are trained on.")
    search: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share that everything is chosen on: epochs, training parameters, networks and policies.",
    )
    certify: float = Field(
        default=0.15, gt=0, lt=1, description="Share that nothing is chosen on and that the certificate counts."
    )
    test: float = Field(default=0.15, gt=0, lt=1, description="Share that is only reported, after everything else.")

    def fractions(self) -> SplitFractions:
        """The shares alone."""
        return SplitFractions(train=self.train, search=self.search, certify=self.certify, test=self.test)
