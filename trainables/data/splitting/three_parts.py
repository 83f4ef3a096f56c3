"""Three parts of data for a network that is trained already: nothing is left for training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal
import warnings

import numpy as np

from trainables.data.base import Samples
from trainables.data.splitting.split import split_parts
from trainables.data.splitting.splits import Split
from trainables.errors import DataError, SamplesWarning


PART_SHARES: Mapping[str, float] = {"search": 0.4, "certify": 0.3, "test": 0.3}
"""Share of the samples, or of their groups, of each part."""
Part = Literal["all", "test"]


def three_parts(
    samples: Samples, *, part: Part = "all", shares: Mapping[str, float] = PART_SHARES, seed: int
) -> dict[str, Split]:
    """Share samples out among ``search``, ``certify`` and ``test``: stratified, whole groups only, by the seed.

    Args:
        samples: All samples, labelled.
        part: Of these, ``test`` takes the official test alone. With ``all``, that is ``test``, where there is one.
        shares: Share of the samples, or of their groups, of each part.
        seed: The split seed.

    Raises:
        DataError: If shares are not positive or do not sum to 1, there is no official test to take, or there are too
            few samples or groups of a class.

    Warns:
        AbsentClassesWarning: If a part is without a class that it need not have.
        SamplesWarning: If policies are chosen on what the data's authors made for training.
    """
    if min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-6:
        raise DataError(f"shares of {', '.join(shares)} must be positive and sum to 1 but are {[*shares.values()]}")
    official = samples.official_test
    if part == "test":
        if official is None:
            raise DataError("the data have no official test, so that it cannot be taken alone; take all of them")
        return split_parts(replace(samples.take(np.flatnonzero(official)), official_test=None), shares, seed=seed)
    if official is not None:
        warnings.warn(
            f"search and certify are taken from the {int((~official).sum())} samples that are not the official test: a "
            f"network that was trained on these looks better there than it is; take the official test alone then",
            SamplesWarning,
            stacklevel=2,
        )
    return split_parts(samples, shares, seed=seed)
