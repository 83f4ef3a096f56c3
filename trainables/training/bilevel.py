"""Which samples train what: all of them everything, or some the architecture and others the weights.

Either way minimises equation (21) of input-adaptive hard-exit DARTS over weights w, ``alpha`` and ``theta``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor, nn

from trainables.data import Split
from trainables.errors import TrainingError
from trainables.models import MultiExitModel


_HELD_OUT = 0.5
_ARCHITECTURE = ("alpha", "controller")


@dataclass(frozen=True)
class Turn:
    """What a step of training moves on a batch of some of the samples.

    Attributes:
        parameters: Those that are moved.
        rows: Row numbers of the samples in ``train``, shape (n,).
    """

    parameters: list[nn.Parameter]
    rows: Tensor

    def batches(self, n_steps: int, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Batches of row numbers in a random order, from the beginning again where there are too few for all steps."""
        order = self.rows[torch.randperm(len(self.rows), generator=generator)]
        for step in range(n_steps):
            places = torch.arange(step * batch_size, (step + 1) * batch_size)
            yield order[places % len(order)]


def turns_of(model: MultiExitModel, train: Split, *, is_bilevel: bool, seed: int) -> tuple[Turn, ...]:
    """What each step of a training does, in order: everything at once, or first the architecture, then the weights.

    With two levels, half of the samples are held out for the architecture, whole groups where samples have groups
    (DARTS, Liu, Simonyan and Yang, ICLR 2019, in its first-order form).

    Args:
        model: The network.
        train: The training split.
        is_bilevel: Whether the architecture, where the network has one, is trained on held-out samples.
        seed: Seed of what is held out.

    Returns:
        One turn or two; the last is the one whose samples an epoch goes through.

    Raises:
        TrainingError: If all samples are of one group, so that none can be held out.
    """
    groups = model.parameter_groups()
    architecture = [one for name in _ARCHITECTURE for one in groups.get(name, []) if one.requires_grad]
    if not is_bilevel or not architecture:
        return (Turn(list(model.parameters()), torch.arange(len(train.ids))),)
    kept = {id(parameter) for parameter in architecture}
    weights = [one for one in model.parameters() if one.requires_grad and id(one) not in kept]
    held_out = _held_out(train, seed)
    if held_out.all():
        raise TrainingError(
            "bilevel training holds out whole groups of train, which must be two at least but are one; set bilevel to "
            "false"
        )
    rows = [torch.from_numpy(np.flatnonzero(chosen)) for chosen in (held_out, ~held_out)]
    return Turn(architecture, rows[0]), Turn(weights, rows[1])


def _held_out(train: Split, seed: int) -> NDArray[np.bool_]:
    """Whether each sample is held out: about half of them."""
    origins = train.ids if train.groups is None else train.groups
    names, of_sample, sizes = np.unique(origins, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.concatenate([[0], np.cumsum(sizes[order])[:-1]])
    chosen = np.zeros(len(names), dtype=np.bool_)
    chosen[order] = before < _HELD_OUT * len(train.ids)
    return np.asarray(chosen[of_sample])
