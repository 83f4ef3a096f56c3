"""How many more labels a proof is expected to take, if the rest is like what was seen: no part of the proof."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.betting import BETTING_SEED
from policies.certificates.labelling.joint_bets import JointBets
from policies.certificates.labelling.part_bets import PartBets


_MOST_DRAWS, _MOST_NUMBERS = 200, 5_000_000


@dataclass(frozen=True)
class Forecast:
    """What is expected of the labels that are left.

    Attributes:
        more_expected: About how many more prove the claim: the median of draws; None where all that are left would
            prove it in less than half of them, or nothing was seen of some part.
        chance: Share of draws, each of the rest from what was seen, in which they prove it; None where nothing was seen
            of some part.
    """

    more_expected: int | None = None
    chance: float | None = None


def forecast(bets: JointBets, differs: NDArray[np.bool_]) -> Forecast:
    """What is expected of the labels that are left.

    Units without their labels are drawn from those of the same part that were labelled: from such whose answers differ
    where some of theirs do, as far as any were seen.

    Args:
        bets: Those on what is known.
        differs: Whether any answer of a unit differs from the full network's, by its place in the order, shape (U,).
    """
    n_last = bets.known_with(bets.n_most)
    n_draws = max(min(_MOST_DRAWS, _MOST_NUMBERS // max(n_last, 1)), 1)
    takes_labels = np.diff(bets.labels_up_to, prepend=0) > 0
    found = [_first_proved(one, bets.n_known, n_last, takes_labels, differs, n_draws) for one in bets.bets]
    known = [one for one in found if one is not None]
    return Forecast() if len(known) < len(found) else _told(bets, np.stack(known).max(axis=0), n_last)


def _first_proved(
    bets: PartBets,
    n_known: int,
    n_last: int,
    takes_labels: NDArray[np.bool_],
    differs: NDArray[np.bool_],
    n_draws: int,
) -> NDArray[np.int64] | None:
    """Place in the order at which a part is proved in each draw, shape (draws,), ``n_last`` where nowhere.

    None where labels of it are left and none were seen.
    """
    places = bets.places[: bets.n_among(n_last)]
    is_labelled = takes_labels[places]
    is_seen = is_labelled & (places < n_known)
    if is_labelled.any() and not is_seen.any():
        return None
    drawn = np.tile(bets.losses[: len(places)], (n_draws, 1))
    # The same for every part: of parts about the same units the same ones are drawn.
    rng = np.random.default_rng(BETTING_SEED)
    for kind in (False, True):
        of_kind = is_labelled & (differs[places] == kind)
        rest, alike = np.flatnonzero(of_kind & (places >= n_known)), of_kind & is_seen
        drawn[:, rest] = rng.choice(bets.losses[: len(places)][alike if alike.any() else is_seen], (n_draws, len(rest)))
    is_proved = bets.path(drawn) >= bets.log_needed
    return np.append(places, n_last)[np.where(is_proved.any(axis=1), is_proved.argmax(axis=1), len(places))]


def _told(bets: JointBets, first: NDArray[np.int64], n_last: int) -> Forecast:
    is_proved = first < n_last
    labels = bets.labels_up_to[np.minimum(first, n_last - 1)] - bets.n_labels
    n_more = np.sort(np.where(is_proved, labels, bets.n_left + 1))
    chance = float(is_proved.mean())
    return Forecast(int(n_more[len(n_more) // 2]) if chance > 0.5 else None, chance)
