"""Networks that cannot be cut into stages: run whole, for tables of what their exits say."""

from __future__ import annotations

from collections.abc import Sequence
import warnings

import numpy as np
import torch
from torch import Tensor, nn

from trainables.errors import CutError, ImportedNetworkWarning
from trainables.models.base import MultiExitModel
from trainables.models.imported.first_look import look_at
from trainables.models.imported.multi_exit import as_multi_exit
from trainables.models.inference import device_of
from trainables.models.outputs import OutputForm


class UncutNetwork(nn.Module):
    """A network that gives the logits of all its exits, and can only be run as a whole.

    What it says can be tabulated, and policies can be searched on the tables; it cannot leave early.

    Args:
        network: Takes standardised inputs.
        form: How it gives the logits of its exits.
        mean: Mean of each input channel, for inputs in 0..1, that it was trained with.
        std: Standard deviation of each input channel, for inputs in 0..1, that it was trained with.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, form: OutputForm, *, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(np.asarray(mean, dtype=np.float32)).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(np.asarray(std, dtype=np.float32)).view(1, -1, 1, 1))
        self._form = form

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return self._form.n_exits

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits at every exit, shape (N, E, C), for inputs in 0..1, shape (N, channels, height, width)."""
        return self._form(self.network, (), self.network((inputs - self.mean) / self.std))


def as_uncut(
    network: nn.Module,
    *,
    input_shape: tuple[int, ...],
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    n_classes: int | None = None,
) -> UncutNetwork:
    """Take a network as it is, whatever its forward does; arguments as of :func:`as_multi_exit`.

    Raises:
        TrainingError: If it does not fit the samples or the classes, gives fewer than two exits, or answers that are
            not the same each time.
    """
    seen = look_at(network, input_shape, mean, std, n_classes)
    return UncutNetwork(network, seen.form, mean=seen.mean, std=seen.std).to(device_of(network)).eval()


def take_in(
    network: nn.Module,
    *,
    input_shape: tuple[int, ...],
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    n_classes: int | None = None,
) -> MultiExitModel | UncutNetwork:
    """Cut a network into stages where that can be done; arguments and errors as of :func:`as_multi_exit`.

    Warns:
        ImportedNetworkWarning: If it cannot be cut, with the reason.
    """
    try:
        return as_multi_exit(network, input_shape=input_shape, mean=mean, std=std, n_classes=n_classes)
    except CutError as error:
        warnings.warn(f"{error}; it is run whole here, and cannot leave early", ImportedNetworkWarning, stacklevel=2)
    return as_uncut(network, input_shape=input_shape, mean=mean, std=std, n_classes=n_classes)
