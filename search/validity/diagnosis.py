"""Why a training came to too little, as far as its curve and its samples tell, whatever its task is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import math

import numpy as np

from policies.registry import title_of
from search.validity.verdict import Loss
from trainables.tasks.doubts import Certainty, Doubt
from trainables.trials.full_network import EpochFigures


# What is gained an epoch at the end of a training that is not over, as a share of what is lacking.
_STILL_RISING = 0.01
_LAST_SHARE = 1 / 4
_MOST_AGAIN = 20
# Of what is reached on train, what must be reached on search for it not to be learnt by heart.
_BY_HEART = 0.75


def doubts_of_curve(
    curve: Sequence[EpochFigures], *, learning_rate: float, quality: str, least: float
) -> Iterator[Doubt]:
    """What is seen in the loss and the quality of each epoch.

    Args:
        curve: Every epoch, the first one first.
        learning_rate: The largest one of the training.
        quality: Name of the quality on ``search``; more of it is better.
        least: The value of it that was to be reached.
    """
    loss = Loss.of(tuple(curve))
    if learning_rate == 0:
        went = "" if loss is None else f"the loss went from {loss.first:.4g} to {loss.last:.4g}: "
        yield Doubt(
            f"{went}the learning rate is 0",
            "set a learning rate in full_network.params, such as {learning_rate_adamw: 0.002}",
            Certainty.CERTAIN,
        )
        return
    yield from _diverged(curve, learning_rate)
    if loss is None or not math.isfinite(curve[-1].train_loss):
        return
    if len(curve) > 1 and not loss.moved:
        yield _stood_still(curve, loss, learning_rate)
    yield from _too_short(curve, quality, least)


def _diverged(curve: Sequence[EpochFigures], learning_rate: float) -> Iterator[Doubt]:
    last = curve[-1]
    if math.isfinite(last.train_loss):
        return
    before = f", after {curve[-2].train_loss:.4g} in the epoch before" if len(curve) > 1 else ""
    yield Doubt(
        f"the loss became {last.train_loss:g} in epoch {last.epoch}{before}, at a learning rate of {learning_rate:g}",
        "take a smaller learning rate in full_network.params, or set training.gradient_clip to 1",
        Certainty.CERTAIN,
    )


def _stood_still(curve: Sequence[EpochFigures], loss: Loss, learning_rate: float) -> Doubt:
    went = f"the loss went from {loss.first:.4g} to {loss.last:.4g} in {len(curve)} epochs (least {loss.least:.4g})"
    if loss.last > loss.first:
        return Doubt(
            f"{went}: it never fell, at a learning rate of {learning_rate:g}",
            "take a smaller learning rate in full_network.params",
        )
    return Doubt(
        f"{went}: it did not move, at a learning rate of {learning_rate:g}",
        "take a larger learning rate in full_network.params, and look whether labels belong to their samples",
    )


def _too_short(curve: Sequence[EpochFigures], quality: str, least: float) -> Iterator[Doubt]:
    """Whether the quality was still rising at the end."""
    if len(curve) < 2:
        return
    values = np.array([one.quality for one in curve])
    n = max(2, math.ceil(len(curve) * _LAST_SHARE))
    # A line through the last quarter, since single epochs jump.
    gain = float(np.polyfit(np.arange(n), values[-n:], 1)[0])
    lacking = least - float(values.max())
    if not lacking > 0 or gain < _STILL_RISING * least or gain <= 0 or values[-1] < values.max() - gain:
        return
    more = math.ceil(round(lacking / gain, 6))
    length = f"about {more} more epochs" if more <= _MOST_AGAIN * len(curve) else "many times as many epochs"
    yield Doubt(
        f"{title_of(quality)} was still rising at the end of {len(curve)} epochs, by {gain:.4f} an epoch",
        f"set full_network.epochs higher; at that pace {length} are needed",
        Certainty.POSSIBLE,
    )


def doubts_of_fit(on_train: float, on_search: float, *, quality: str, least: float) -> Iterator[Doubt]:
    """What the same network reaches where it was trained says of what it does not reach elsewhere.

    Args:
        on_train: Value of the quality on samples of ``train``.
        on_search: Value of the quality on ``search``.
        quality: Name of the quality.
        least: The value of it that was to be reached on ``search``.
    """
    name = title_of(quality)
    both = f"{name} is {on_train:.4f} on train and {on_search:.4f} on search"
    if on_train >= least and on_search < _BY_HEART * on_train:
        yield Doubt(
            f"{both}: samples of train are learnt by heart",
            "collect more samples, augment them (training.augment), set weight_decay in full_network.params, or take "
            "a narrower network",
        )
    elif on_train < least:
        yield Doubt(
            f"{both}: the network does not even fit the samples that it was trained on",
            "train it for more epochs, with another learning rate, a wider network or larger inputs",
            Certainty.POSSIBLE,
        )
