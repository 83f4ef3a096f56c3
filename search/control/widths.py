"""How wide a network may be for what it may cost, whatever widths its family allows."""

from __future__ import annotations

from collections.abc import Callable


_MOST_TIMES = 8
"""A network so many times as wide as the one that was searched is none to compare it with."""


def widest(cost: Callable[[int], float | None], own: int, budget: float) -> int | None:
    """The largest width whose cost is within a budget; None where no width's is.

    Families allow some widths only, such as multiples of 8, or a single one. So widths are tried in the smallest steps
    from the network's own that give a network.

    Args:
        cost: What a network of a width costs, which grows with the width; None where there is no such network.
        own: A width that there is a network of; none is tried that is more than eight times as large.
        budget: The largest cost.
    """
    step = _step(cost, own)
    if step is None:
        only = cost(own)
        return own if only is not None and only <= budget else None

    def existing(index: int) -> int:
        """The largest width at or below one, in steps, that there is a network of; 0 for none."""
        while index and cost(index * step) is None:
            index -= 1
        return index * step

    def fits(index: int) -> bool:
        width = existing(index)
        return not width or (cost(width) or 0.0) <= budget

    below, above = 0, _MOST_TIMES * own // step + 1
    reach = 1
    # Doubled first, so that no network is built that is far too large.
    while reach < above and fits(reach):
        below, reach = reach, 2 * reach
    above = min(above, reach)
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if fits(middle) else (below, middle)
    return existing(below) or None


def _step(cost: Callable[[int], float | None], own: int) -> int | None:
    """The smallest step from the own width to another that there is a network of; None where there is no other.

    It divides the own width: where all multiples of a number are allowed, that is one of them.
    """
    for step in (step for step in range(1, own + 1) if own % step == 0):
        if cost(own + step) is not None or (own > step and cost(own - step) is not None):
            return step
    return None
