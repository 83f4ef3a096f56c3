"""What the validity gate found, in lines for a person."""

from __future__ import annotations

import math

from policies.registry import title_of
from search.validity.plan import FullNetworkPlan
from search.validity.verdict import Verdict
from trainables.trials.full_network import EpochFigures


def announced(plan: FullNetworkPlan) -> str:
    """What is done before the first trial."""
    return (
        f"Full network first, without early exits: {plan.spec.recipe.epochs} epochs; it must reach "
        f"{title_of(plan.quality)} {plan.least:.4f} on search"
    )


def progress(figures: EpochFigures, plan: FullNetworkPlan) -> str:
    """How far its training is."""
    quality = "nothing" if math.isnan(figures.quality) else f"{title_of(plan.quality)} {figures.quality:.4f} on search"
    return f"Full network: epoch {figures.epoch} of {plan.spec.recipe.epochs}, loss {figures.train_loss:.4g}, {quality}"


def passed(verdict: Verdict) -> list[str]:
    """What was reached, and what was seen nevertheless."""
    name = title_of(verdict.quality)
    line = (
        f"Full network: {name} {verdict.reached:.4f} on search in epoch {verdict.epoch} of {verdict.epochs}, which "
        f"passes the validity gate ({verdict.least:.4f}); all trials start from its weights"
    )
    return [line, *(f"Note: {doubt.reason}; {doubt.advice}" for doubt in verdict.doubts)]


def failed(verdict: Verdict) -> list[str]:
    """What was reached, what the loss did, and for each reason what to try."""
    return [
        f"Full network: {reached(verdict)}; the validity gate asks for {verdict.least:.4f}",
        _loss(verdict),
        *(f"{number}. {doubt.reason}. To try: {doubt.advice}." for number, doubt in enumerate(verdict.doubts, start=1)),
    ]


def reason(verdict: Verdict) -> str:
    """Why the sweep stops, in one line: what was reached, and the most certain reason."""
    why = verdict.doubts[0].reason if verdict.doubts else "nothing conspicuous was seen in its training"
    return (
        f"the full network must reach {title_of(verdict.quality)} {verdict.least:.4f} on search before anything else "
        f"is done but {'was not trained' if not verdict.curve else f'reaches {_figure(verdict.reached)}'}: {why}"
    )


def reached(verdict: Verdict) -> str:
    """The best epoch, as half a sentence."""
    if not verdict.curve:
        return "not trained"
    best = f"{title_of(verdict.quality)} {_figure(verdict.reached)} on search"
    return f"{best} in epoch {verdict.epoch} of {len(verdict.curve)}" if verdict.epoch else f"{best}: no epoch ended"


def _loss(verdict: Verdict) -> str:
    loss = verdict.loss
    if loss is None:
        return "There is no training loss"
    how = "" if len(verdict.curve) == 1 else ", it moved" if loss.moved else ", it did not move"
    return f"The training loss was {loss.first:.4g} first, {loss.least:.4g} at least and {loss.last:.4g} last{how}"


def _figure(value: float) -> str:
    return "nothing" if math.isnan(value) else f"{value:.4f}"
