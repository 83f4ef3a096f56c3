"""At which level hypotheses of several sequences are tested: what one does not need goes to the others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
import math
from typing import TypeVar


KeyT = TypeVar("KeyT", bound=Hashable)


def recycled_levels(
    sequences: Sequence[Sequence[KeyT]], shares: Sequence[float], passes: Callable[[KeyT, float], bool]
) -> dict[KeyT, float]:
    """Test sequences of hypotheses side by side, each from its first on until one does not pass.

    An open sequence, of which some hypothesis has not passed, has its share of the level over the shares of all open
    sequences: where all of one passed, its share goes to the others in proportion to theirs. The first hypothesis of a
    sequence that has not passed is tested at what its sequence has; where it is that of several sequences, at what they
    have together. One that did not pass is tested again where its level has grown. This is a fallback procedure (Wiens,
    2003) with recycling, one of the graphical ones of Bretz et al. (Statistics in Medicine, 2009).

    Each true null hypothesis must have one p-value, which is at most ``u`` with probability at most ``u``, and passes
    at a level that is no less than it. Then the probability that any true null passes is at most the whole level: let
    ``F`` be the sequences without a true null, and ``h(i)`` the first true null of each other sequence ``i``. Before
    any true null has passed, only sequences of ``F`` can have ended, and a true null that is tested is the ``h(i)`` of
    every sequence that is at it. What a sequence has grows with those that have ended, so that the null is tested at no
    more than the sum, over the ``i`` with this ``h(i)``, of what ``i`` has once all of ``F`` has ended. Over all nulls
    these numbers, which do not depend on the data, sum to 1, and the first true null to pass is one that passed at its
    number: by the union bound (Bonferroni) that has at most the probability of the whole level.

    Args:
        sequences: The hypotheses, in the order in which they are tested; fixed, as are the shares, before any is.
        shares: Share of the level of each sequence, positive, with sum 1.
        passes: Whether a hypothesis passes at a level, given as a share of the whole level, in (0, 1].

    Returns:
        The level that each hypothesis was tested at last, as a share, in the order in which they were tested first.

    Raises:
        ValueError: If the shares are not positive or their sum is not 1.
    """
    if min(shares, default=1.0) <= 0 or (shares and not math.isclose(sum(shares), 1.0)):
        raise ValueError(f"shares must be positive and sum to 1 but are {list(shares)}")
    passed: set[KeyT] = set()
    levels: dict[KeyT, float] = {}
    while True:
        parts: dict[KeyT, float] = {}
        for keys, share in zip(sequences, shares, strict=True):
            head = next((key for key in keys if key not in passed), None)
            if head is not None:
                parts[head] = parts.get(head, 0.0) + share
        whole = sum(parts.values())
        grown = {key: min(part / whole, 1.0) for key, part in parts.items() if part / whole > levels.get(key, 0.0)}
        for key, level in grown.items():
            levels[key] = level
            if passes(key, level):
                passed.add(key)
                break
        else:
            return levels
