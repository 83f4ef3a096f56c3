"""Networks whose exits have a stop head beside the classifier: how likely it is that a sample should leave here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn

from trainables.models.base import MultiExitModel


class ExitSaid(NamedTuple):
    """What one exit with a stop head says about ``n`` samples.

    Attributes:
        logits: Of the classes, shape (n, C).
        stop_logits: Logit of the probability to stop here, given that the sample has come so far, shape (n,); infinite
            at the last exit, where every sample stops.
    """

    logits: Tensor
    stop_logits: Tensor


class StoppingOutputs(NamedTuple):
    """What a network with stop heads says about ``N`` samples, as its loss takes it.

    Attributes:
        logits: Of the classes at every exit, shape (N, E, C).
        stop_logits: ``beta(x)``, equation (7) of input-adaptive hard-exit DARTS, but for the last exit, where all stop:
            of stopping at every exit before it, shape (N, E - 1).
        perturbation: What the architecture parameters were moved by for each sample, shape (N, edges, operations);
            None where they are the same for all samples.
    """

    logits: Tensor
    stop_logits: Tensor
    perturbation: Tensor | None = None

    def float(self) -> StoppingOutputs:
        """The same as float32, as losses take it."""
        moved = None if self.perturbation is None else self.perturbation.float()
        return StoppingOutputs(self.logits.float(), self.stop_logits.float(), moved)

    @classmethod
    def of(cls, said: Sequence[ExitSaid], perturbation: Tensor | None = None) -> Self:
        """Of what the exits say, in order."""
        logits = torch.stack([one.logits for one in said], dim=1)
        return cls(logits, torch.stack([one.stop_logits for one in said], dim=1)[:, :-1], perturbation)


class StoppingHead(nn.Module):
    """A classifier and a stop head on the same features: equations (6) and (11) of input-adaptive hard-exit DARTS.

    Args:
        classifier: From features to logits, shape (n, C).
        stop: From features to stop logits, shape (n, 1); None at the last exit, where every sample stops.
    """

    def __init__(self, classifier: nn.Module, stop: nn.Module | None) -> None:
        super().__init__()
        self.classifier = classifier
        self.stop = stop

    def forward(self, features: Any) -> ExitSaid:
        """Logits and stop logits, of whatever features both take."""
        logits = self.classifier(features)
        if self.stop is None:
            return ExitSaid(logits, torch.full_like(logits[:, 0], torch.inf))
        return ExitSaid(logits, self.stop(features)[:, 0])


class StoppingModel(MultiExitModel):
    """A multi-exit network whose heads are :class:`StoppingHead`; :meth:`forward` gives the classifiers' logits.

    Args:
        stages: Each takes the features of the one before; the first takes the normalised input.
        heads: Each takes its stage's features; all but the last have a stop head.
        mean: Mean of each input channel, for inputs in 0..1; it is subtracted from them.
        std: Standard deviation of each input channel, for inputs in 0..1; they are divided by it.

    Raises:
        ValueError: If a stop head is missing, or the last exit has one.
    """

    def __init__(
        self, stages: Sequence[nn.Module], heads: Sequence[nn.Module], *, mean: Sequence[float], std: Sequence[float]
    ) -> None:
        heads = list(heads)
        super().__init__(stages, heads, mean=mean, std=std)
        for depth, head in enumerate(heads, start=1):
            if not isinstance(head, StoppingHead):
                raise ValueError(f"the head of exit {depth} must be a StoppingHead but is a {type(head).__name__}")
            if (head.stop is None) is not (depth == len(heads)):
                has = "has one" if head.stop is not None else "has none"
                raise ValueError(
                    f"every exit but the last must have a stop head, but exit {depth} of {len(heads)} {has}"
                )

    def logits_of(self, said: ExitSaid) -> Tensor:
        """The classifier's logits."""
        return said.logits

    def outputs(self, inputs: Tensor) -> StoppingOutputs:
        """Logits and stop logits of all exits, for inputs in 0..1, shape (N, channels, height, width)."""
        return StoppingOutputs.of(self.said(inputs))
