"""Names of origins, such as speakers, as people type them."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from policies.names import list_some, one_spelling
from trainables.errors import JoinedOriginsWarning


def join_origins(names: NDArray[np.str_], where: str) -> NDArray[np.str_]:
    """Names of origins in one spelling each, shape (N,); those that differ in case only are one origin.

    Taking two for one costs a unit of a certificate; taking one for two lets it lie in two splits.

    Args:
        names: As they were found, shape (N,).
        where: What found them, for the warning.

    Warns:
        JoinedOriginsWarning: If some differ in case only.
    """
    cleaned, joined = one_spelling(names)
    if joined:
        warnings.warn(
            f"{where}, {len(joined)} origins are spelled in several ways, {list_some(joined[0])}"
            f"{'' if len(joined) == 1 else ' among them'}: what differs in case only is taken as one; spell them "
            f"alike, or rename one where they are two",
            JoinedOriginsWarning,
            stacklevel=3,
        )
    return cleaned
