"""How a sweep's samples are split."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from search.config.section import Section
from search.errors import ConfigError
from trainables.data import SPLIT_NAMES, SplitFractions


_AUTO = "auto"


class SplitsSection(Section):
    """How the samples are split into four parts; the shares sum to 1.

    The word `auto` in place of the section has them proposed by what is to be certified, as `auto: true` in it.
    """

    auto: bool = Field(
        default=False,
        description="Whether the shares are proposed by what is to be certified, before anything is trained; none of "
        "them is then given. The file in a sweep's folder has those that were proposed.",
    )
    seed: int = Field(default=2026, ge=0, lt=2**31, description="Seed of the splits, apart from that of the training.")
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

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, values: Any) -> Any:
        return {_AUTO: True} if values == _AUTO else values

    @property
    def is_open(self) -> bool:
        """Whether the shares are yet to be proposed."""
        return self.auto and not self.model_fields_set & {*SPLIT_NAMES}

    def fractions(self) -> SplitFractions:
        """The shares alone; the usual ones where they are yet to be proposed.

        Raises:
            DataError: If they do not sum to 1.
            ConfigError: If they are to be proposed, and some are given.
        """
        given = [name for name in SPLIT_NAMES if name in self.model_fields_set]
        if self.auto and 0 < len(given) < len(SPLIT_NAMES):
            raise ConfigError(
                f"auto proposes all shares but {' and '.join(given)} {'is' if len(given) == 1 else 'are'} given; leave "
                f"auto or the share{'' if len(given) == 1 else 's'} out"
            )
        return SplitFractions(train=self.train, search=self.search, certify=self.certify, test=self.test)

    def with_fractions(self, fractions: SplitFractions) -> SplitsSection:
        """The same with other shares, all of them given."""
        return SplitsSection(auto=self.auto, seed=self.seed, **{name: getattr(fractions, name) for name in SPLIT_NAMES})
