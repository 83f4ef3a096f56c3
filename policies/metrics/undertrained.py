"""Whether a network's exits are held back by a bias that data can take away: a sign of too short a training."""

from __future__ import annotations


LEAST_GAIN = 0.05


def undertrained_note(full: float, recalibrated: float) -> str:
    """One line for a person where recalibrating the last exit class by class gains much; empty where it does not.

    A well trained exit gains next to nothing. One that favours some classes, as after few epochs, when batch statistics
    still lag behind the weights, gains a great deal; so do rules that learn to answer, such as the ensemble, whose
    accuracy then lies far above the full network's.

    Args:
        full: Accuracy of the full network on ``search``.
        recalibrated: Accuracy on ``search`` after recalibration class by class, cross-fitted.
    """
    if recalibrated - full <= LEAST_GAIN:
        return ""
    return (
        f"the exits are undertrained: the full network is right on {full:.1%} as it is and on {recalibrated:.1%} "
        f"recalibrated class by class; train longer, or trust rules that learn to answer (ensemble, recalibrated) only"
    )
